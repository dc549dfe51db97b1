"""Pure: what a short answer means, in every language at once.

A message counts only as a whole: "2", "la 2 por favor" and "第二个" are answers, "I have 2 children" is
none; "no" says no, "noon" and "November" say nothing. The words are data, in `phrases/*.toml`.
Nothing here knows what was asked; `pick` and `choose` compare a reading with what was offered.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from messaging.wording import LONGEST_ANSWER, Lexicon, Tokens, section, tokens


class Meaning(StrEnum):
    """What a whole message can say by itself; the members are the groups of `[meanings]`."""

    PERSON = "person"
    YES = "yes"
    OK = "ok"
    NO = "no"
    THANKS = "thanks"
    FAREWELL = "farewell"
    GREETING = "greeting"
    CHANGE = "change"
    CANCEL_VISIT = "cancel_visit"
    MY_VISITS = "my_visits"
    BOOK = "book"


class OptOut(StrEnum):
    """What a reserved word asks of a channel."""

    STOP = "stop"
    START = "start"
    HELP = "help"


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
class Reading:
    """What a message can mean; more than one thing may be set ("4" is a number and a time)."""

    meanings: frozenset[Meaning] = frozenset()
    number: int | None = None
    clock: Clock | None = None
    wish: Wish | None = None
    other: bool = False

    @property
    def courteous(self) -> bool:
        """Say whether this is thanks, a farewell or a nod, which needs no answer when nothing was asked."""
        return bool(self.meanings) and self.meanings <= _COURTESY

    @property
    def thankful(self) -> bool:
        """Say whether this is thanks or a farewell and nothing else."""
        return bool(self.meanings) and self.meanings <= {Meaning.THANKS, Meaning.FAREWELL}

    @property
    def wants_times(self) -> bool:
        """Say whether this asks for other times, or names a time outright (which may not be on the list)."""
        return self.other or (self.clock is not None and self.number is None)

    @property
    def affirmative(self) -> bool:
        """Say whether this says yes to a question."""
        return Meaning.YES in self.meanings


_COURTESY = frozenset({Meaning.THANKS, Meaning.FAREWELL, Meaning.OK, Meaning.YES})
NOTHING = Reading()


@dataclass(frozen=True, slots=True)
class Option:
    """One offered time: its key in the list and its wall time at the place."""

    number: int
    local: datetime


def opt_out(text: str, channel: str) -> OptOut | None:
    """Return what a reserved word asks of *channel* ("sms" has the carriers' words besides ours)."""
    said = _unpolite(tokens(text[:LONGEST_ANSWER])) if len(text) <= LONGEST_ANSWER else ()
    words = section("opt_out")
    if said in words["stop"] or (channel == "sms" and said in words["stop_sms"]):
        return OptOut.STOP
    if said in words["start"]:
        return OptOut.START
    return OptOut.HELP if said in words["help"] else None


def carrier_answers(text: str) -> bool:
    """Say whether the SMS carrier itself takes *text* as STOP, START or HELP, and answers it."""
    said = tokens(text) if len(text) <= LONGEST_ANSWER else ()
    words = section("opt_out")
    return said in words["carrier_stop"] or said in words["carrier_start"] or said in {("help",), ("info",)}


def may_mean_the_visit(text: str) -> bool:
    """Say whether a carrier's opt-out word may have meant "cancel my visit"."""
    return tokens(text[:LONGEST_ANSWER]) in {("cancel",), ("end",), ("quit",)}


def read(text: str) -> Reading:
    """Return what *text* means as a whole; `NOTHING` for a sentence that is no known answer."""
    if len(text) > LONGEST_ANSWER:
        return NOTHING
    said = tokens(text)
    if not said:
        return NOTHING
    answer = _answer(said)
    meanings = _meanings(said)
    booking = _booking(said) if not meanings else None
    if booking is not None:
        return Reading(meanings=frozenset({Meaning.BOOK}), wish=booking)
    return Reading(
        meanings=meanings,
        number=answer.number if answer else None,
        clock=answer.clock if answer else None,
        wish=answer.wish if answer else None,
        other=bool(answer and answer.other),
    )


def pick(reading: Reading, options: Sequence[Option], *, today: date | None = None) -> tuple[int, ...]:
    """Return the positions in *options* that *reading* means: none, one, or several (ask which).

    *today* is the date at the place, for "tomorrow at 9".
    """
    if reading.number is not None:
        by_key = tuple(at for at, option in enumerate(options) if option.number == reading.number)
        if by_key:
            return by_key
    if reading.clock is None:
        return ()
    literal = [at for at, option in enumerate(options) if reading.clock.fits(option.local)]
    later = [at for at, option in enumerate(options) if reading.clock.fits_later(option.local)]
    found = literal or later
    wish = reading.wish or Wish()
    if wish.weekday is not None:
        found = [at for at in found if options[at].local.weekday() == wish.weekday]
    if wish.days_ahead is not None and today is not None:
        found = [at for at in found if options[at].local.date() == today + timedelta(days=wish.days_ahead)]
    return tuple(found)


def choose(text: str, labels: Sequence[str]) -> tuple[int, ...]:
    """Return which of the named *labels*, listed from 1, *text* means: by number or by a part of the name."""
    reading = read(text)
    if reading.number is not None:
        return (reading.number - 1,) if 1 <= reading.number <= len(labels) else ()
    if len(text) > LONGEST_ANSWER:
        return ()
    said = set(_unpolite(tokens(text))) - _articles()
    if not said:
        return ()
    return tuple(at for at, label in enumerate(labels) if said <= set(tokens(label)))


@dataclass(frozen=True, slots=True)
class _Answer:
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


def _answer(said: Tokens) -> _Answer | None:
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
        return _Answer(None, None, wish or None, other=asked) if asked else None
    if "other" in kinds:
        return None
    clock = _clock(clocks, numbers, minutes, kinds, part)
    if len(numbers) == 1 and not clocks and not timed and not wish:
        if numbers[0] == 0:
            return _Answer(0, None, None, other=True)
        return _Answer(numbers[0], clock, None, other=False)
    if clock is None:
        return None
    return _Answer(None, clock, wish or None, other=False)


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


def _booking(said: Tokens) -> Wish | None:
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


@functools.cache
def _meaning_index() -> Mapping[Tokens, frozenset[Meaning]]:
    """Return every phrase of `[meanings]` with what it says."""
    index: dict[Tokens, set[Meaning]] = {}
    for group, phrases in section("meanings").items():
        for phrase in phrases:
            index.setdefault(phrase, set()).add(Meaning(group))
    return {phrase: frozenset(meanings) for phrase, meanings in index.items()}


@functools.cache
def _courtesy_lexicon() -> Lexicon[Meaning]:
    """Return the words of thanks, farewell and nodding, which may follow one another."""
    order = (Meaning.OK, Meaning.YES, Meaning.FAREWELL, Meaning.THANKS)
    return Lexicon.of({phrase: meaning for meaning in order for phrase in section("meanings")[meaning.value]})


def _meanings(said: Tokens) -> frozenset[Meaning]:
    """Return what *said* says by itself, with or without polite words around it."""
    index = _meaning_index()
    whole = index.get(said) or index.get(_unpolite(said))
    if whole is not None:
        return whole
    polite = _courtesy_lexicon().parse(said)
    if polite is None or any(not isinstance(part, Meaning) for part in polite):
        return frozenset()
    return frozenset(part for part in polite if isinstance(part, Meaning))


def _unpolite(said: Tokens) -> Tokens:
    """Return *said* without polite words at either end; unchanged when there is nothing else."""
    polite = section("polite")["words"]
    longest = max(map(len, polite))
    left = said
    while left:
        for size in range(min(longest, len(left)), 0, -1):
            if left[:size] in polite:
                left = left[size:]
                break
            if left[-size:] in polite:
                left = left[:-size]
                break
        else:
            return left
    return said


@functools.cache
def _articles() -> frozenset[str]:
    """Return the little words before a name that say nothing about which one is meant."""
    small = {word for phrase in section("pick")["filler"] for word in phrase}
    return frozenset(
        small
        | {word for phrase in section("polite")["words"] for word in phrase}
        | {"con", "with", "dr", "dra"}
    )
