"""What a played phone does with a message: pure description, times in seconds after the send."""

from collections.abc import Sequence
from dataclasses import dataclass

from messaging.providers.base import DeliveryStatus

LATEST = 50.0  # the broker keeps no bell for longer than a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a phone behaves. `error_code` set: the message breaks instead of arriving."""

    deliver_after: float = 0.4
    reads: bool = True
    read_after: float = 1.2
    error_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One status that the phone reports, `after` seconds after the step before."""

    after: float
    status: DeliveryStatus
    error_code: str = ""


def steps(behaviour: Behaviour, channel: str) -> Sequence[Step]:
    """Return what will be reported, in order. An SMS is never "read": carriers do not tell."""
    late = min(max(behaviour.deliver_after, 0.0), LATEST)
    if behaviour.error_code:
        return (Step(after=late, status="undelivered", error_code=behaviour.error_code),)
    delivered = Step(after=late, status="delivered")
    if channel != "whatsapp" or not behaviour.reads:
        return (delivered,)
    return (delivered, Step(after=min(max(behaviour.read_after, 0.0), LATEST), status="read"))
