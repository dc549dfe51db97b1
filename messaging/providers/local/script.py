"""What a played phone does with a message: pure description, times in seconds after the send."""

from collections.abc import Sequence
from dataclasses import dataclass

from messaging.providers.base import DeliveryStatus

LATEST = 50.0  # the broker keeps no bell for longer than a minute
#: When the news of a message comes whose own answer was lost: long enough to see "checking whether it arrived".
LOST_FOR = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a phone and the way to it behave.

    `error_code`: the message is taken and breaks on its way. `refused_with`: the provider does not take it.
    `silent`: it is taken, and nothing is ever heard of it. `lost`: it is taken, but the answer that says so is lost.
    """

    deliver_after: float = 0.4
    reads: bool = True
    read_after: float = 1.2
    error_code: str = ""
    refused_with: str = ""
    silent: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One status that the phone reports, `after` seconds after the step before."""

    after: float
    status: DeliveryStatus
    error_code: str = ""


def steps(behaviour: Behaviour, channel: str) -> Sequence[Step]:
    """Return what will be reported, in order. An SMS is never "read": carriers do not tell."""
    if behaviour.silent:
        return ()
    late = min(max(behaviour.deliver_after, LOST_FOR if behaviour.lost else 0.0), LATEST)
    if behaviour.error_code:
        return (Step(after=late, status="undelivered", error_code=behaviour.error_code),)
    delivered = Step(after=late, status="delivered")
    if channel != "whatsapp" or not behaviour.reads:
        return (delivered,)
    return (delivered, Step(after=min(max(behaviour.read_after, 0.0), LATEST), status="read"))
