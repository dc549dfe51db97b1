"""Every patient-facing text: its key, what it is for, its placeholders, and its words in each language.

The words stand in `texts/*.toml`; a clinic's own win over them. Placeholders are filled by pattern, never
evaluated; a value that is missing becomes nothing. Whoever says a text names its channel: where details of a visit may
not be told (`messaging.details`) its `neutral` form goes, and what would tell them is not filled in.
"""

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from clinics.models import Channel
from messaging import details
from messaging.language import SPOKEN, nearest
from messaging.ownwords import own_words
from messaging.reserved import reserved_words

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
# A time ends with a stop in Spanish ("8:30 a.m."), and so does the sentence.
_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
_SPACES = re.compile(r"[ \t]{2,}")
_LOOSE_END = re.compile(r"[ \t]+(?=\n|$)")


class UnknownText(LookupError):
    """There is no text under that key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text; `bodies` has every language of `language.SPOKEN`, `category` only a template.

    `neutral` is the key of the text that says the same without any detail of the visit, where this one tells some.
    """

    key: str
    purpose: str
    placeholders: tuple[str, ...]
    bodies: Mapping[str, str]
    category: str = ""
    neutral: str = ""

    @property
    def details(self) -> frozenset[str]:
        """Return the placeholders that tell details of a visit."""
        return frozenset(self.placeholders) - details.PLAIN


@dataclass(frozen=True, slots=True)
class Said:
    """A text of the catalog as it is said to somebody: by its key the gate finds the approved form of it."""

    key: str
    language: str
    values: Mapping[str, str]

    def as_json(self) -> dict[str, object]:
        """Return what is stored with the message."""
        return {"key": self.key, "language": self.language, "values": dict(self.values)}


@functools.cache
def entries() -> Mapping[str, Entry]:
    """Return every text by its key."""
    return {
        **_file("dialogue"),
        **_file("notices"),
        **_file("reminders"),
        **_file("answers"),
        **{f"template.{key}": entry for key, entry in _file("templates").items()},
    }


@functools.cache
def groups() -> Mapping[str, str]:
    """Return which file each text stands in, by its key."""
    found = {key: file for file in ("dialogue", "notices", "reminders", "answers") for key in _file(file)}
    return found | {f"template.{key}": "templates" for key in _file("templates")}


def templates() -> list[Entry]:
    """Return the built-in saved texts in the order of the menu; `key` is the id that the API shows."""
    return list(_file("templates").values())


def text(key: str, language: str, *, channel: str, **values: object) -> str:
    """Return what is said on a channel: the text *key* in *language* (its nearest that we speak), filled. Raises UnknownText."""
    return fill(body(form(key, channel), language), details.told(values, channel))


def form(key: str, channel: str) -> str:
    """Return the key of the form in which a text goes on a channel: itself, or the neutral one. Raises UnknownText."""
    entry = _entry(key)
    return entry.neutral if entry.details and details.hidden_on(channel) else key


def said(key: str, language: str, values: Mapping[str, str]) -> Said:
    """Return which text is said, for its approved form, with what WhatsApp may tell: approved texts go there only.

    A key that is not of the catalog is that of an approved text itself.
    """
    chosen = form(key, Channel.WHATSAPP) if key in entries() else key
    told = details.told(values, Channel.WHATSAPP)
    return Said(chosen, language, {name: str(value) for name, value in told.items()})


def body(key: str, language: str) -> str:
    """Return the words of a text with its placeholders: the clinic's own, else those built in. Raises UnknownText."""
    spoken = nearest(language)
    return own_words().get((key, spoken)) or _entry(key).bodies[spoken]


def fill(body: str, values: Mapping[str, object]) -> str:
    """Return *body* with `{placeholders}` replaced once; what values bring in is not looked at again."""
    filled = _PLACEHOLDER.sub(lambda match: _shown(values.get(match[1])), body)
    filled = _TWO_STOPS.sub(".", filled)
    return _LOOSE_END.sub("", _SPACES.sub(" ", filled)).strip()


def placeholders(body: str) -> frozenset[str]:
    """Return the names of the placeholders in *body*."""
    return frozenset(_PLACEHOLDER.findall(body))


def problems() -> list[str]:
    """Return what is wrong with the built-in texts, one line each: languages, placeholders, reserved words."""
    found = []
    for key, entry in entries().items():
        for language in SPOKEN:
            body = entry.bodies.get(language, "")
            if not body:
                found.append(f"{key}: no text in {language}")
            if placeholders(body) != set(entry.placeholders):
                found.append(f"{key}: the placeholders in {language} are not those declared")
            found.extend(f"{key}: asks for {word} in {language}" for word in reserved_words(body))
        if entry.details:
            found.extend(_unneutral(key, entry))
    return found


def _unneutral(key: str, entry: Entry) -> list[str]:
    """Return what is wrong with the neutral form of a text that tells details."""
    plain = entries().get(entry.neutral)
    if plain is None:
        return [f"{key}: tells {', '.join(sorted(entry.details))} and has no neutral form"]
    if plain.details or not set(plain.placeholders) <= {*entry.placeholders, "clinic_name"}:
        return [f"{key}: its neutral form tells details, or what this one does not know"]
    return []


def _entry(key: str) -> Entry:
    entry = entries().get(key)
    if entry is None:
        raise UnknownText(key)
    return entry


@functools.cache
def _file(name: str) -> Mapping[str, Entry]:
    """Return the texts of one file by key, in their order."""
    raw = tomllib.loads((resources.files("messaging") / "texts" / f"{name}.toml").read_text(encoding="utf-8"))
    return {
        key: Entry(
            key=key,
            purpose=entry["purpose"],
            placeholders=tuple(entry["placeholders"]),
            bodies={language: entry[language] for language in SPOKEN if language in entry},
            category=entry.get("category", ""),
            neutral=entry.get("neutral", ""),
        )
        for key, entry in raw.items()
    }


def _shown(value: object) -> str:
    """Return how a value stands in a text; None is nothing."""
    return "" if value is None else str(value)
