"""What became of a message, in the words of the desk: ticks, and why something did not arrive."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import Message, MessageStatus
from messaging.providers.twilio.errors import Cause, cause


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

NOT_ARRIVED = frozenset({MessageStatus.FAILED, MessageStatus.UNDELIVERED, MessageStatus.BLOCKED})

_CAUSES = {
    Cause.ACCOUNT: gettext_lazy("The provider refuses the clinic’s account: check its token and balance."),
    Cause.CONFIG: gettext_lazy("The clinic’s number is not set up for this at the provider."),
    Cause.CONTENT: gettext_lazy("The carrier or WhatsApp held this text back."),
    Cause.MESSAGE: gettext_lazy("The provider does not take a message of this form."),
    Cause.OPT_OUT: gettext_lazy("This person has stopped messages on this channel."),
    Cause.RATE: gettext_lazy("Too many messages went out at once."),
    Cause.RECIPIENT: gettext_lazy("There is no phone under this number that takes it."),
    Cause.TEMPLATE: gettext_lazy("WhatsApp has paused or refused the approved text."),
    Cause.TRANSIENT: gettext_lazy("The provider had a fault of its own."),
    Cause.WINDOW: gettext_lazy(
        "The 24 hours after the patient’s last message were over. Wait until they write, or use an approved text."
    ),
}
_EXACT = {
    "63024": gettext_lazy("WhatsApp knows no phone with this number."),
    "63112": gettext_lazy("Meta disabled the WhatsApp account: settle the billing, then ask the provider."),
    "30003": gettext_lazy("The phone is switched off or out of reach."),
    "30005": gettext_lazy("This number does not exist."),
    "30006": gettext_lazy("This is a landline, or a phone that takes no messages."),
    "timeout": gettext_lazy("The provider did not answer in time."),
    "unreachable": gettext_lazy("The provider could not be reached."),
}
_REASONS = {
    "no_sender": gettext_lazy("The clinic has no active number for this channel."),
    "no_consent": gettext_lazy("The patient has not agreed to messages on this channel."),
    "opted_out": gettext_lazy(
        "This person has stopped messages on this channel. START from them opens it again."
    ),
    "window_closed": gettext_lazy(
        "The 24 hours after the patient’s last message are over; only an approved text gets through."
    ),
    "no_address": gettext_lazy("No address of this person on this channel is known."),
    "blocked": gettext_lazy("The clinic has blocked this person."),
}


def tick(message: Message) -> Tick | None:
    """Return the tick of an outbound message."""
    if message.status not in _TICKS:
        return None
    word, icon, tone = _TICKS[MessageStatus(message.status)]
    return Tick(message.status, str(word), icon, tone)


def why_not(*, error_code: str, reason: str) -> str:
    """Return one plain sentence on why a message did not arrive."""
    if error_code in _EXACT:
        return str(_EXACT[error_code])
    known = cause(error_code)
    if known is not None:
        return str(_CAUSES[known])
    if reason in _REASONS:
        return str(_REASONS[reason])
    return _("The provider did not say why.")


def reason_words(code: str) -> str:
    """Return the sentence for a code of the gate, "" for one without."""
    return str(_REASONS.get(code, ""))
