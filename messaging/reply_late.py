"""Pure: "llego 15 min tarde": how late somebody says to be. Every word must be known, as in `reply_grammar`."""

import functools
from dataclasses import dataclass
from typing import Literal

from messaging.wording import Lexicon, Tokens, section

MOST = 240  # minutes; who is later than that does not come to this visit


@dataclass(frozen=True, slots=True)
class _Sign:
    """One known phrase: its kind, and the number or the minutes that it stands for."""

    kind: Literal["filler", "late", "maybe", "coming", "minute", "hour", "span", "number"]
    value: int = 0


@functools.cache
def _lexicon() -> Lexicon[_Sign]:
    words = section("late")
    entries: dict[Tokens, _Sign] = dict.fromkeys(section("polite")["words"], _Sign("filler"))
    entries.update(dict.fromkeys(words["filler"], _Sign("filler")))
    for group, phrases in section("numbers").items():
        entries.update(dict.fromkeys(phrases, _Sign("number", int(group))))
    for group, phrases in section("late_numbers").items():
        entries.update(dict.fromkeys(phrases, _Sign("number", int(group))))
    entries.update(dict.fromkeys(words["coming"], _Sign("coming")))
    entries.update(dict.fromkeys(words["minute"], _Sign("minute")))
    entries.update(dict.fromkeys(words["hour"], _Sign("hour")))
    entries.update(dict.fromkeys(words["maybe"], _Sign("maybe")))
    entries.update(dict.fromkeys(words["late"], _Sign("late")))
    entries.update(dict.fromkeys(words["half_hour"], _Sign("span", 30)))
    entries.update(dict.fromkeys(words["quarter_hour"], _Sign("span", 15)))
    return Lexicon.of(entries)


def parse_late(said: Tokens) -> int | None:
    """Return by how many minutes *said* is late, 0 when it does not say; None when it says anything else."""
    parsed = _lexicon().parse(said)
    if parsed is None:
        return None
    kinds: set[str] = set()
    minutes = number = 0
    for part in parsed:
        sign = _Sign("number", int(part)) if isinstance(part, str) and part.isdigit() else part
        if isinstance(sign, str):  # a time of day
            return None
        kinds.add(sign.kind)
        if sign.kind == "number":
            number = sign.value
        elif sign.kind == "span":
            minutes += sign.value
        elif sign.kind in {"minute", "hour"}:
            minutes += (
                (number or 1) * (60 if sign.kind == "hour" else 1) if number or sign.kind == "hour" else 0
            )
            number = 0
    timed = bool(kinds & {"minute", "hour", "span"})
    meant = "maybe" in kinds and (timed or {"number", "coming"} <= kinds)
    if "late" not in kinds and not meant:
        return None
    if number:  # "15 late": minutes are meant; a number beside a span ("half an hour 2") means nothing
        if timed:
            return None
        minutes = number
    return minutes if minutes <= MOST else None
