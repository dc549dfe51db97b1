"""Every patient-facing text: its key, what it is for, its placeholders, and its words in each language.

The words stand in `texts/*.toml`; a clinic's own win over them. Placeholders are filled by pattern, never
evaluated; a value that is missing becomes nothing. `reserved_words` finds words that no text may ask a patient to write.
"""

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from messaging.language import SPOKEN, nearest
from messaging.ownwords import own_words

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
# A time ends with a stop in Spanish ("8:30 a.m."), and so does the sentence.
_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
_SPACES = re.compile(r"[ \t]{2,}")
_LOOSE_END = re.compile(r"[ \t]+(?=\n|$)")

# Carriers take these as an order to stop, or answer them by themselves (see `phrases/en.toml`).
_RESERVED = r"CANCEL(?:AR|LED)?|END|QUIT|HELP|INFO|UNSUBSCRIBE|REVOKE|OPT-?OUT|STOPALL|取消"
_ASKING = (
    r"(?:reply|replying|answer|write|text|send|type|respond|say|responda|responde|conteste|escriba|env[ií]e|mande|"
    r"回复|回覆|发送|輸入|输入)"
)
_ASKED = re.compile(
    rf"{_ASKING}\s*:?\s*(?:(?:the word|with|la palabra|con)\s+)?[\"“'‘«]?({_RESERVED})(?!\w)", re.IGNORECASE
)
_KEYED = re.compile(rf"(?:^|\W)({_RESERVED})\s*=", re.MULTILINE)  # "CANCEL = no visit"
_SHOUTED = re.compile(rf"(?<!\w)[\"“'«]?({_RESERVED})[\"”'»]?(?!\w)")


class UnknownText(LookupError):
    """There is no text under that key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text; `bodies` has every language of `language.SPOKEN`, `category` only a template."""

    key: str
    purpose: str
    placeholders: tuple[str, ...]
    bodies: Mapping[str, str]
    category: str = ""


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


def text(key: str, language: str, **values: object) -> str:
    """Return the text *key* in *language* (its nearest that we speak), filled with *values*. Raises UnknownText."""
    return fill(body(key, language), values)


def body(key: str, language: str) -> str:
    """Return the words of a text with its placeholders: the clinic's own, else those built in. Raises UnknownText."""
    entry = entries().get(key)
    if entry is None:
        raise UnknownText(key)
    spoken = nearest(language)
    return own_words().get((key, spoken)) or entry.bodies[spoken]


def fill(body: str, values: Mapping[str, object]) -> str:
    """Return *body* with `{placeholders}` replaced once; what values bring in is not looked at again."""
    filled = _PLACEHOLDER.sub(lambda match: _shown(values.get(match[1])), body)
    filled = _TWO_STOPS.sub(".", filled)
    return _LOOSE_END.sub("", _SPACES.sub(" ", filled)).strip()


def placeholders(body: str) -> frozenset[str]:
    """Return the names of the placeholders in *body*."""
    return frozenset(_PLACEHOLDER.findall(body))


def reserved_words(body: str) -> list[str]:
    """Return the reserved words that *body* asks the patient to write, in the order they come; [] is good."""
    bare = _PLACEHOLDER.sub("", body)
    found = {
        match.start(1): match[1].upper()
        for rule in (_ASKED, _KEYED, _SHOUTED)
        for match in rule.finditer(bare)
    }
    return [found[at] for at in sorted(found)]


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
    return found


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
        )
        for key, entry in raw.items()
    }


def _shown(value: object) -> str:
    """Return how a value stands in a text; None is nothing."""
    return "" if value is None else str(value)
