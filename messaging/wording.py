"""Pure: a patient's text as plain tokens, and the phrases of `phrases/*.toml` in the same form.

Case, accents, width, skin tones and punctuation are gone; a Chinese character is a token of its own,
so that one way of matching serves every language. The words of all languages count at once, because
patients mix them.
"""

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Generic, TypeAlias, TypeVar

LONGEST_ANSWER = 300
"""Characters; a longer message is a letter, not an answer, and is not looked at."""

Tokens: TypeAlias = tuple[str, ...]
Section: TypeAlias = Mapping[str, Sequence[str]]
T = TypeVar("T")

_ORDINAL = re.compile(r"(?<=[0-9])\s?[ªº°]")
_MERIDIEM = re.compile(r"\b([ap])\s?\.?\s?m\b\.?")
_CLOCK = re.compile(r"(?<![0-9:.,])([0-9]{1,2})[:.,]([0-9]{2})(?![0-9:.,][0-9]|[0-9])")
_APOSTROPHE = re.compile(r"['’ʼ`´]")
_TOKEN = re.compile(
    r"[0-9]{1,2}:[0-9]{2}|[0-9]+|[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\W\d_]+|[^\s\w]",
    re.UNICODE,
)


def tokens(text: str) -> Tokens:
    """Return the words, numbers, Chinese characters and emoji of *text*; clock times become "9:30"."""
    plain = "".join(_plain(_APOSTROPHE.sub("", text)))
    plain = _MERIDIEM.sub(r" \1m ", _ORDINAL.sub(" ", plain))
    plain = _CLOCK.sub(r"\1:\2", plain)
    return tuple(_unrepeated(token for token in _TOKEN.findall(plain) if _counts(token)))


def _plain(text: str) -> Iterator[str]:
    """Yield *text* folded: compatibility forms, case and accents gone, every decimal digit as 0–9."""
    for char in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()):
        category = unicodedata.category(char)
        if category == "Nd":
            yield str(unicodedata.decimal(char))
        elif category in {"Mn", "Me", "Cf", "Sk"}:
            continue  # accents, keycap and variation marks, joiners, skin tones
        elif category in {"Cc", "Cs", "Zs", "Zl", "Zp"}:
            yield " "
        else:
            yield char


def _counts(token: str) -> bool:
    """Say whether *token* is a word, a number or a symbol such as an emoji, not punctuation."""
    return token[0].isalnum() or unicodedata.category(token[0]) == "So"


def _unrepeated(found: Iterable[str]) -> Iterator[str]:
    """Drop an emoji that repeats the one before it (🙏🙏🙏)."""
    last = ""
    for token in found:
        if token == last and unicodedata.category(token[0]) == "So":
            continue
        last = token
        yield token


@dataclass(frozen=True, slots=True)
class Lexicon(Generic[T]):
    """Phrases with what each stands for; `longest` is the greatest number of tokens."""

    entries: Mapping[Tokens, T]
    longest: int

    @classmethod
    def of(cls, entries: Mapping[Tokens, T]) -> "Lexicon[T]":
        """Return a lexicon of *entries*."""
        return cls(entries, max(map(len, entries), default=0))

    def parse(self, words: Sequence[str]) -> list[T | str] | None:
        """Cut *words* into known phrases, longest first; digits stay as they are; None when a word is unknown."""
        out: list[T | str] = []
        at = 0
        while at < len(words):
            for size in range(min(self.longest, len(words) - at), 0, -1):
                entry = self.entries.get(tuple(words[at : at + size]))
                if entry is not None:
                    out.append(entry)
                    at += size
                    break
            else:
                if not words[at][0].isdigit():
                    return None
                out.append(words[at])
                at += 1
        return out


@functools.cache
def languages() -> Mapping[str, Mapping[str, Section]]:
    """Return the phrase files: language → section → group → phrases."""
    folder = resources.files("messaging") / "phrases"
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".toml")
    }


@functools.cache
def section(name: str) -> Mapping[str, frozenset[Tokens]]:
    """Return the groups of section *name*, with the phrases of all languages as tokens."""
    groups: dict[str, set[Tokens]] = {}
    for file in languages().values():
        for group, phrases in file[name].items():
            groups.setdefault(group, set()).update(filter(None, map(tokens, phrases)))
    return {group: frozenset(phrases) for group, phrases in groups.items()}
