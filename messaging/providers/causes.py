"""What a provider's error numbers mean, in words of ours: a class, what may be done about it, and what happened.

Each provider folder keeps its numbers as data (`errors.toml`): number = [class, retry, what]. The words of `what`
are shared by all providers; `messaging.failures` has a sentence and a way out for each, and
`messaging.consequences` what follows beyond the one message.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Cause(StrEnum):
    """Why a message did not arrive, coarse enough for one plain sentence on a screen."""

    ACCOUNT = "account"
    CONFIG = "config"
    CONTENT = "content"
    MESSAGE = "message"
    OPT_OUT = "opt_out"
    OUR_SIDE = "our_side"
    RATE = "rate"
    RECIPIENT = "recipient"
    RECIPIENT_SOFT = "recipient_soft"
    TEMPLATE = "template"
    TRANSIENT = "transient"
    UNKNOWN_OUTCOME = "unknown_outcome"
    WINDOW = "window"


class Retry(StrEnum):
    """Whether the same message may be sent once more, and when."""

    NEVER = "never"
    AFTER_FIX = "after_fix"  # when a person has changed something
    BACKOFF = "backoff"
    BACKOFF_LONG = "backoff_long"  # hours
    ONCE_LATER = "once_later"
    NEXT_DAY = "next_day"  # after the daily reset
    RECONCILE = "reconcile"  # when it is known that it was not sent
    IF_STILL_USEFUL = "if_still_useful"
    NO_OUTCOME = "no_outcome"  # says nothing about a message


@dataclass(frozen=True, slots=True)
class KnownError:
    """An error number that we know; `what` is a word of ours, see `messaging.failures`."""

    code: str
    cause: Cause
    retry: Retry
    what: str


def load(path: Path) -> Mapping[str, KnownError]:
    """Return a provider's numbers from its file."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        code: KnownError(code, Cause(cause), Retry(retry), what)
        for code, (cause, retry, what) in rows.items()
    }
