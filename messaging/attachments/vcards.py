"""Pure: names and numbers from a contact card (vCard 2.1, 3.0, 4.0); whatever else stands in it is left."""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from medsync.lib.text import clean

MOST = 20
_NUMBERS = 5
_LONGEST = 200
_FOLDED = re.compile(r"\r?\n[ \t]")
_SOFT_BREAK = re.compile(r"=\r?\n")
_ESCAPED = re.compile(r"\\([\\,;nN])")


@dataclass(slots=True)
class Card:
    """One person or place of a contact card."""

    name: str = ""
    numbers: list[str] = field(default_factory=list)


def cards(data: bytes) -> list[Card]:
    """Return the people of a contact card, those first that stand first; [] for what cannot be read."""
    text = data[:200_000].decode("utf-8-sig", "replace")
    found: list[Card] = []
    card: Card | None = None
    for name, parameters, value in _lines(text):
        if name == "BEGIN":
            card = Card()
        elif card is None:
            continue
        elif name == "END":
            if card.name or card.numbers:
                found.append(card)
            card = None
        elif name == "FN" or (name in ("N", "ORG") and not card.name):
            card.name = _words(value, parameters, structured=name != "FN") or card.name
        elif name == "TEL" and len(card.numbers) < _NUMBERS:
            number = _words(value, parameters).removeprefix("tel:")
            if number and number not in card.numbers:
                card.numbers.append(number[:40])
        if len(found) == MOST:
            break
    return found


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield property, parameters and value of each line, folded ones made whole."""
    text = _FOLDED.sub("", text)
    if "QUOTED-PRINTABLE" in text.upper():
        text = _SOFT_BREAK.sub("", text)
    for line in text.splitlines():
        head, colon, value = line.partition(":")
        if colon:
            name, _semicolon, parameters = head.partition(";")
            yield name.rpartition(".")[2].strip().upper(), parameters.upper(), value.strip()


def _words(value: str, parameters: str, *, structured: bool = False) -> str:
    if "QUOTED-PRINTABLE" in parameters:
        value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
    if structured:  # family; given; middle; before; after
        parts = [part.strip() for part in re.split(r"(?<!\\);", value)]
        value = " ".join(part for part in (*parts[1:3], parts[0], *parts[3:]) if part)
    value = _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)
    return " ".join(clean(value).split())[:_LONGEST]
