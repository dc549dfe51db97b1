"""May this go out? One gate for every outbound message, whoever asks.

It looks at facts and says yes or no with every step it took; the verdict is stored with the message, so that
"why was this not sent" has an answer. It is asked when a message is queued and again when a worker takes it.

`codes` are the purposes, the reasons and their sentences; `judging` is the verdict, pure; `reading` what it looks
at; `quiet`, `windows` and `capacity` are what its steps count with; `again` is what a worker asks.
"""

from messaging.gate.again import judge_again
from messaging.gate.codes import (
    ACCOUNT_REFUSED,
    ANSWER,
    BEGUN,
    BLOCKED_ADDRESS,
    CAPACITY,
    CONSENT,
    DUPLICATE,
    EMPTY,
    KNOCK,
    NO_ADDRESS,
    NO_CONSENT,
    NO_SENDER,
    NOTICE,
    OPTED_OUT,
    PRIORITY,
    QUIET,
    REMINDER,
    SENTENCES,
    STAFF,
    TOO_LATE,
    TOO_LONG,
    UNUSABLE,
    WINDOW_CLOSED,
    WRONG_NUMBER,
    sentences,
)
from messaging.gate.judging import LONGEST_BODY, WINDOW, Choice, Facts, Step, Verdict, judge, window_open
from messaging.gate.reading import (
    Standing,
    answering_facts,
    facts_for,
    known_facts,
    standing_of,
)

__all__ = [
    "ACCOUNT_REFUSED",
    "ANSWER",
    "BEGUN",
    "BLOCKED_ADDRESS",
    "CAPACITY",
    "CONSENT",
    "DUPLICATE",
    "EMPTY",
    "KNOCK",
    "LONGEST_BODY",
    "NOTICE",
    "NO_ADDRESS",
    "NO_CONSENT",
    "NO_SENDER",
    "OPTED_OUT",
    "PRIORITY",
    "QUIET",
    "REMINDER",
    "SENTENCES",
    "STAFF",
    "TOO_LATE",
    "TOO_LONG",
    "UNUSABLE",
    "WINDOW",
    "WINDOW_CLOSED",
    "WRONG_NUMBER",
    "Choice",
    "Facts",
    "Standing",
    "Step",
    "Verdict",
    "answering_facts",
    "facts_for",
    "judge",
    "judge_again",
    "known_facts",
    "sentences",
    "standing_of",
    "window_open",
]
