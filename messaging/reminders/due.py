"""Pure: when the steps of a visit are due, and until when a late one still makes sense.

Steps are whole hours before the visit, counted as they pass: on the day of a clock change "24 hours before" lies an
hour beside the visit's time of day. Nothing of this is stored; a moved visit moves its steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FEWEST, MOST = 1, 72
MAX_STEPS = 5
PRESET = (72, 24)

#: Nobody can use a reminder that comes closer to the visit than this.
CLOSEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The visits whose newest due step this is: those that begin in (after, until].

    It still makes sense, or it is `missed`, and none comes after it.
    """

    step: int
    after: datetime
    until: datetime
    missed: bool = False


def due_at(starts_at: datetime, step: int) -> datetime:
    """Return when a step of a visit is due."""
    return starts_at - timedelta(hours=step)


def latest(starts_at: datetime, step: int) -> datetime:
    """Return until when a late step is taken up: for half of its time."""
    return starts_at - timedelta(hours=step) / 2


def expires_at(starts_at: datetime, step: int) -> datetime:
    """Return until when a text that was taken up may still go: CLOSEST before the visit, nearer for short steps."""
    return starts_at - min(CLOSEST, timedelta(hours=step) / 4)


def in_order(steps: Sequence[int]) -> list[int]:
    """Return the steps once each, the longest first."""
    return sorted(set(steps), reverse=True)


def spans(steps: Sequence[int], *, now: datetime) -> list[Span]:
    """Return for each step which visits it is due for now.

    Of several steps that are due only the newest counts: who was not reminded of 72 hours before in time is
    reminded 24 hours before, and nobody calls until then. The last span is of those whose last step was missed.
    """
    ordered = in_order(steps)
    shorter = [*ordered[1:], None]
    found = [
        Span(
            step,
            # A visit that begins exactly in half of the step is still in time.
            max(
                now + timedelta(hours=step) / 2 - timedelta(microseconds=1),
                now + timedelta(hours=below) if below else now,
            ),
            now + timedelta(hours=step),
        )
        for step, below in zip(ordered, shorter, strict=True)
    ]
    return [*found, Span(ordered[-1], now, found[-1].after, missed=True)]


def newest(steps: Sequence[int], starts_at: datetime, *, now: datetime) -> int | None:
    """Return the newest step that is due, in time or not; None while none is."""
    passed = [step for step in steps if due_at(starts_at, step) <= now]
    return min(passed, default=None)


def next_step(steps: Sequence[int], starts_at: datetime, *, now: datetime) -> int | None:
    """Return the step that is due next, None after the last."""
    coming = [step for step in steps if due_at(starts_at, step) > now]
    return max(coming, default=None)


def by_hand(
    steps: Sequence[int], starts_at: datetime, *, sent: frozenset[int], since: datetime, now: datetime
) -> int | None:
    """Return which step a member's "send now" uses up; None when the last one went already.

    The one that is due now and waits for the clock, else the next one, else the last one that was missed.
    """
    last = newest(steps, starts_at, now=now)
    waits = last is not None and last not in sent and due_at(starts_at, last) > since
    if last is not None and waits and now <= latest(starts_at, last):
        return last
    following = next_step(steps, starts_at, now=now)
    if following is not None:
        return following if following not in sent else None
    return last if last is not None and last not in sent else None
