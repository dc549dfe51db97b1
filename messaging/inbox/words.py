"""What became of a message, in the words of the desk: the ticks. Why it failed is in `messaging.failures`."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from messaging import gate, second_tries
from messaging.models import Message, MessageStatus


@dataclass(frozen=True, slots=True)
class Tick:
    """An icon and always a word."""

    code: str
    word: str
    icon: str
    tone: str = ""


_TICKS = {
    MessageStatus.QUEUED: (gettext_lazy("Queued"), "clock", ""),
    MessageStatus.SENDING: (gettext_lazy("Sending"), "clock", ""),
    MessageStatus.UNKNOWN: (gettext_lazy("Checking whether it arrived"), "refresh", "checking"),
    MessageStatus.SENT: (gettext_lazy("Sent"), "check", ""),
    MessageStatus.DELIVERED: (gettext_lazy("Delivered"), "checks", ""),
    MessageStatus.READ: (gettext_lazy("Read"), "eye", "read"),
    MessageStatus.UNDELIVERED: (gettext_lazy("Not delivered"), "warning", "bad"),
    MessageStatus.FAILED: (gettext_lazy("Not sent"), "warning", "bad"),
    MessageStatus.BLOCKED: (gettext_lazy("Not sent"), "ban", "bad"),
    MessageStatus.CANCELLED: (gettext_lazy("Taken back"), "close", ""),
}

#: What waits in the queue, and for what.
_WAITS = {
    gate.QUIET: gettext_lazy("Waits for the morning"),
    gate.CAPACITY: gettext_lazy("Waits for room"),
    gate.ACCOUNT_REFUSED: gettext_lazy("Waits for the account"),
    second_tries.SECOND_TRY: gettext_lazy("Goes once more later"),
}

NOT_ARRIVED = frozenset({MessageStatus.FAILED, MessageStatus.UNDELIVERED, MessageStatus.BLOCKED})


def tick(message: Message) -> Tick | None:
    """Return the tick of an outbound message."""
    if message.status not in _TICKS:
        return None
    word, icon, tone = _TICKS[MessageStatus(message.status)]
    if message.status == MessageStatus.QUEUED:
        word = _WAITS.get(message.reason, word)
    return Tick(message.status, str(word), icon, tone)
