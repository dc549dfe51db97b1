"""Pure: the grammar of short answers — a key, a time of day, other times, a wish for a visit.

Every word of an answer must be known (`phrases/*.toml`); one unknown word, and the whole says nothing.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from messaging.wording import Lexicon, Tokens, section


class Part(StrEnum):
    """A part of the day that somebody would rather have."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which other times somebody asks for; all empty: just others. *weekday*: Monday is 0."""

    weekday: int | None = None
    days_ahead: int | None = None
    next_week: bool = False
    part: Part | None = None

    def __bool__(self) -> bool:
        return (
            self.weekday is not None or self.days_ahead is not None or self.next_week or self.part is not None
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as it was written; *exact* when the hour cannot mean another twelve hours later."""

    hour: int
    minute: int
    exact: bool

    def fits(self, at: datetime) -> bool:
        """Say whether the wall time of *at* is this one, taken literally."""
        return (at.hour, at.minute) == (self.hour, self.minute)

    def fits_later(self, at: datetime) -> bool:
        """Say whether *at* is this time in the afternoon ("a las 4" = 16:00)."""
        return not self.exact and (at.hour, at.minute) == (self.hour % 12 + 12, self.minute)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a list of times: a key or a time, or a wish for others."""

    number: int | None
    clock: Clock | None
    wish: Wish | None
    other: bool


@dataclass(frozen=True, slots=True)
class _Sign:
    """One known phrase in an answer: its kind and, where it has one, its value."""

    kind: Literal[
        "filler",
        "other",
        "number",
        "at",
        "hour",
        "am",
        "pm",
        "half",
        "quarter",
        "day",
        "week",
        "part",
        "weekday",
        "core",
    ]
    value: int = 0
    part: Part | None = None


_FILLER = _Sign("filler")


def _times() -> dict[Tokens, _Sign]:
    """Return the words for days and parts of the day."""
    entries: dict[Tokens, _Sign] = {}
    for group, phrases in section("days").items():
        sign = _Sign("week") if group == "next_week" else _Sign("day", int(group))
        entries.update(dict.fromkeys(phrases, sign))
    for group, phrases in section("weekdays").items():
        entries.update(dict.fromkeys(phrases, _Sign("weekday", int(group))))
    for group, phrases in section("parts").items():
        entries.update(dict.fromkeys(phrases, _Sign("part", part=Part(group))))
    return entries


@functools.cache
def _answer_lexicon() -> Lexicon[_Sign]:
    """Return all words that an answer to a list of times may have; later groups win over earlier ones."""
    entries: dict[Tokens, _Sign] = dict.fromkeys(section("polite")["words"], _FILLER)
    entries.update(dict.fromkeys(section("pick")["filler"], _FILLER))
    for group, phrases in section("numbers").items():
        entries.update(dict.fromkeys(phrases, _Sign("number", int(group))))
    entries.update(_times())
    clock_words: Mapping[str, Iterable[Tokens]] = section("time")
    for kind in ("at", "hour", "am", "pm", "half", "quarter"):
        entries.update(dict.fromkeys(clock_words[kind], _Sign(kind)))
    entries.update(dict.fromkeys(section("pick")["other"], _Sign("other")))
    return Lexicon.of(entries)


@functools.cache
def _booking_lexicon() -> Lexicon[_Sign]:
    """Return all words that a wish for a visit may have."""
    entries: dict[Tokens, _Sign] = dict.fromkeys(section("polite")["words"], _FILLER)
    entries.update(dict.fromkeys(section("meanings")["greeting"], _FILLER))
    entries.update(dict.fromkeys(section("book")["filler"], _FILLER))
    entries.update(_times())
    entries.update(dict.fromkeys(section("book")["core"], _Sign("core")))
    return Lexicon.of(entries)


def parse_answer(said: Tokens) -> Answer | None:
    """Read *said* as a pick by number or time, or as a wish for other times."""
    parsed = _answer_lexicon().parse(said)
    if parsed is None:
        return None
    numbers: list[int] = []
    clocks: list[tuple[int, int]] = []
    kinds: set[str] = set()
    minutes = 0
    weekdays: list[int] = []
    days: list[int] = []
    parts: list[Part] = []
    for sign in parsed:
        if isinstance(sign, str):
            if ":" in sign:
                hour, _, minute = sign.partition(":")
                clocks.append((int(hour), int(minute)))
            elif len(sign) > 4:
                return None
            else:
                numbers.append(int(sign))
            continue
        kinds.add(sign.kind)
        if sign.kind == "number":
            numbers.append(sign.value)
        elif sign.kind == "weekday":
            weekdays.append(sign.value)
        elif sign.kind == "day":
            days.append(sign.value)
        elif sign.kind == "half":
            minutes = 30
        elif sign.kind == "quarter":
            minutes = 15
        if sign.part is not None:
            parts.append(sign.part)
    if len(weekdays) > 1 or len(days) > 1 or len(parts) > 1 or len(clocks) + len(numbers) > 2:
        return None
    part = parts[0] if parts else None
    wish = Wish(
        weekday=weekdays[0] if weekdays else None,
        days_ahead=days[0] if days else None,
        next_week="week" in kinds,
        part=part,
    )
    timed = kinds & {"at", "hour", "am", "pm", "half", "quarter"}
    if not clocks and not numbers:
        if timed & {"am", "pm"}:
            return None
        asked = "other" in kinds or bool(wish)
        return Answer(None, None, wish or None, other=asked) if asked else None
    if "other" in kinds:
        return None
    clock = _clock(clocks, numbers, minutes, kinds, part)
    if len(numbers) == 1 and not clocks and not timed and not wish:
        if numbers[0] == 0:
            return Answer(0, None, None, other=True)
        return Answer(numbers[0], clock, None, other=False)
    if clock is None:
        return None
    return Answer(None, clock, wish or None, other=False)


def _clock(
    clocks: Sequence[tuple[int, int]],
    numbers: Sequence[int],
    minutes: int,
    kinds: set[str],
    part: Part | None,
) -> Clock | None:
    """Return the one time of day that the numbers of an answer make, or None."""
    if len(clocks) == 1 and not numbers:
        hour, minute = clocks[0]
    elif clocks or not numbers:
        return None
    elif len(numbers) == 2:
        if "hour" not in kinds:
            return None  # "1 2" is no time; "9 h 30" is
        hour, minute = numbers
    elif numbers[0] >= 100:
        hour, minute = divmod(numbers[0], 100)
    else:
        hour, minute = numbers[0], minutes
    if hour > 23 or minute > 59:
        return None
    before_noon = "am" in kinds or part is Part.MORNING
    after_noon = "pm" in kinds or part in {Part.AFTERNOON, Part.EVENING}
    if before_noon and after_noon:
        return None
    if before_noon and hour <= 12:
        return Clock(hour % 12, minute, exact=True)
    if after_noon and hour <= 12:
        return Clock(hour % 12 + 12, minute, exact=True)
    return Clock(hour, minute, exact=hour > 12 or hour == 0)


def parse_booking(said: Tokens) -> Wish | None:
    """Return the wished time when *said* asks for a visit and says nothing that we do not know."""
    parsed = _booking_lexicon().parse(said)
    if parsed is None:
        return None
    signs = [sign for sign in parsed if isinstance(sign, _Sign)]
    if len(signs) != len(parsed) or not any(sign.kind == "core" for sign in signs):
        return None
    weekdays = [sign.value for sign in signs if sign.kind == "weekday"]
    days = [sign.value for sign in signs if sign.kind == "day"]
    parts = [sign.part for sign in signs if sign.part is not None]
    return Wish(
        weekday=weekdays[0] if len(weekdays) == 1 else None,
        days_ahead=days[0] if len(days) == 1 else None,
        next_week=any(sign.kind == "week" for sign in signs),
        part=parts[0] if len(parts) == 1 else None,
    )
