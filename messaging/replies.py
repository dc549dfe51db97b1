"""Pure: what a short answer means, in every language at once.

A message counts only as a whole: "2", "la 2 por favor" and "第二个" are answers, "I have 2 children" is
none; "no" says no, "noon" and "November" say nothing. The words are data, in `phrases/*.toml`.
Nothing here knows what was asked; `pick` and `choose` compare a reading with what was offered.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from messaging.reply_grammar import Clock, Part, Wish, parse_answer, parse_booking
from messaging.reply_late import parse_late
from messaging.wording import LONGEST_ANSWER, Lexicon, Tokens, section, tokens

__all__ = [
    "NOTHING",
    "Clock",
    "Meaning",
    "OptOut",
    "Option",
    "Part",
    "Reading",
    "Wish",
    "carrier_answers",
    "choose",
    "may_mean_the_visit",
    "opt_out",
    "pick",
    "read",
]


class Meaning(StrEnum):
    """What a whole message can say by itself; the members are the groups of `[meanings]`."""

    PERSON = "person"
    YES = "yes"
    NOD = "nod"  # of the words of YES those that may only mean "I have read it"
    OK = "ok"
    NO = "no"
    UNSURE = "unsure"  # sounds like one of the two, and is neither
    THANKS = "thanks"
    FAREWELL = "farewell"
    GREETING = "greeting"
    CALL = "call"
    CHANGE = "change"
    CANCEL_VISIT = "cancel_visit"
    MY_VISITS = "my_visits"
    BOOK = "book"


class OptOut(StrEnum):
    """What a reserved word asks of a channel."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message can mean; more than one thing may be set ("4" is a number and a time)."""

    meanings: frozenset[Meaning] = frozenset()
    number: int | None = None
    clock: Clock | None = None
    wish: Wish | None = None
    other: bool = False
    late: int | None = None  # minutes; 0 when late by nobody knows how much
    here: bool = False

    @property
    def nodding(self) -> bool:
        """Say whether this agrees in a word that may only mean to have read something."""
        return Meaning.NOD in self.meanings

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


_COURTESY = frozenset({Meaning.THANKS, Meaning.FAREWELL, Meaning.OK, Meaning.YES, Meaning.NOD})
NOTHING = Reading()


@dataclass(frozen=True, slots=True)
class Option:
    """One offered time: its key in the list and its wall time at the place."""

    number: int
    local: datetime


def opt_out(text: str, channel: str) -> OptOut | None:
    """Return what a reserved word asks of *channel* ("sms" has the carriers' words besides ours)."""
    all_said = tokens(text) if len(text) <= LONGEST_ANSWER else ()
    said, in_words = unpolite(all_said), unpolite(tuple(one for one in all_said if one[0].isalnum()))
    words = section("opt_out")
    # An emoji makes no STOP less clear; what carriers alone take as one they take as it stands.
    if in_words in words["stop"] or (channel == "sms" and said in words["stop_sms"]):
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
    return tokens(text[:LONGEST_ANSWER]) in section("opt_out")["may_mean_the_visit"]


def read(text: str) -> Reading:
    """Return what *text* means as a whole; `NOTHING` for a sentence that is no known answer."""
    if len(text) > LONGEST_ANSWER:
        return NOTHING
    said = tokens(text)
    if not said:
        return NOTHING
    answer = parse_answer(said)
    meanings = _meanings(said)
    booking = parse_booking(said) if not meanings else None
    if booking is not None:
        return Reading(meanings=frozenset({Meaning.BOOK}), wish=booking)
    return Reading(
        meanings=meanings,
        number=answer.number if answer else None,
        clock=answer.clock if answer else None,
        wish=answer.wish if answer else None,
        other=bool(answer and answer.other),
        late=parse_late(said),
        here=bool({said, unpolite(said)} & section("here")["here"]),
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
    said = set(unpolite(tokens(text))) - _articles()
    if not said:
        return ()
    return tuple(at for at, label in enumerate(labels) if said <= set(tokens(label)))


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
    order = (Meaning.OK, Meaning.YES, Meaning.NOD, Meaning.FAREWELL, Meaning.THANKS)
    return Lexicon.of({phrase: meaning for meaning in order for phrase in section("meanings")[meaning.value]})


def _meanings(said: Tokens) -> frozenset[Meaning]:
    """Return what *said* says by itself, with or without polite words around it."""
    index = _meaning_index()
    for bare in _barer(said):  # step by step: the 了 of 去不了 is no politeness
        if bare in index:
            return index[bare]
    polite = _courtesy_lexicon().parse(said)
    if polite is None or any(not isinstance(part, Meaning) for part in polite):
        return frozenset()
    found = frozenset(part for part in polite if isinstance(part, Meaning))
    return found | {Meaning.YES} if Meaning.NOD in found else found


def unpolite(said: Tokens) -> Tokens:
    """Return *said* without polite words at either end; unchanged when there is nothing else."""
    return _barer(said)[-1]


def _barer(said: Tokens) -> list[Tokens]:
    """Return *said*, and what is left of it after each polite word; only *said* when there is nothing else."""
    polite = section("polite")["words"]
    longest = max(map(len, polite))
    steps = [said]
    while left := steps[-1]:
        for size in range(min(longest, len(left)), 0, -1):
            if left[:size] in polite:
                steps.append(left[size:])
                break
            if left[-size:] in polite:
                steps.append(left[:-size])
                break
        else:
            return steps
    return [said]


@functools.cache
def _articles() -> frozenset[str]:
    """Return the little words before a name that say nothing about which one is meant."""
    small = {word for phrase in section("pick")["filler"] for word in phrase}
    return frozenset(
        small
        | {word for phrase in section("polite")["words"] for word in phrase}
        | {"con", "with", "dr", "dra"}
    )
