"""Why a message was, or was not, sent: the stored verdict in plain words, then what happened and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Clinic
from messaging import failures, gate, times
from messaging.inbox import words
from messaging.inbox.why_steps import Step, steps_of
from messaging.language import LANGUAGES
from messaging.models import Author, ConsentEvent, Message, MessageStatus


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened, and when."""

    text: str
    time: str
    icon: str


@dataclass(frozen=True, slots=True)
class Why:
    """The popover."""

    title: str
    sub_title: str
    steps: list[Step]
    times: list[Line]
    remedy: str


_HAPPENED = {
    "sent": gettext_lazy("Taken by the provider"),
    "delivered": gettext_lazy("Delivered"),
    "read": gettext_lazy("Read"),
    "undelivered": gettext_lazy("Not delivered"),
    "failed": gettext_lazy("Refused by the provider"),
    "sending": gettext_lazy("Handed to the provider"),
    "queued": gettext_lazy("Waits at the provider"),
    "unknown": gettext_lazy("No answer; checking whether it arrived"),
}
_BAD = frozenset({"undelivered", "failed"})


def explain(
    message: Message, *, clinic: Clinic, now: datetime, proof: ConsentEvent | None = None, proof_url: str = ""
) -> Why:
    """Return the popover for an outbound message; its attempts and their status events are prefetched.

    `proof` is the line of the ledger by which it was agreed to, `proof_url` where the patient's page shows it.
    """
    tick = words.tick(message)
    arrived = message.status not in words.NOT_ARRIVED
    code = str(message.verdict.get("code", ""))
    why_not, remedy = "", gate.sentences(code, message.channel)[1]
    if not arrived:
        failure = failures.explain(
            error_code=message.error_code, reason=message.reason, channel=message.channel
        )
        why_not, remedy = failure.what, failure.helps
    elif message.status == MessageStatus.QUEUED and message.reason:
        why_not = gate.sentences(message.reason, message.channel)[0]
        if not why_not and message.error_code:  # broken on its way, and waiting for its next try
            why_not = failures.explain(error_code=message.error_code).what
    elif not remedy:
        remedy = _about_language(message)
    title = f"{tick.word}: {why_not}" if tick and why_not else _cause(message)
    return Why(
        title=title,
        sub_title=f"{tick.word if tick else ''} · {times.moment(message.created_at, clinic.zone, now=now)}",
        steps=list(steps_of(message, clinic=clinic, now=now, proof=proof, proof_url=proof_url)),
        times=list(_times(message, clinic)),
        remedy=remedy,
    )


def _about_language(message: Message) -> str:
    """Return in which language the bot or the product itself wrote, and where that is set; "" for people's words."""
    written = LANGUAGES.get(message.language.split("-")[0]) if message.language else None
    if written is None or message.author not in (Author.BOT, Author.SYSTEM):
        return ""
    return _(
        "Written in %(language)s. If that is the wrong language, set the patient’s language on the patient page."
    ) % {"language": written}


def _cause(message: Message) -> str:
    if message.author == Author.STAFF:
        name = message.user.get_short_name() if message.user else _("a colleague")
        return _("%(name)s wrote it") % {"name": name}
    if message.author == Author.BOT:
        return _("The bot answered what the patient wrote")
    if message.appointment_id:
        return _("It tells the patient what was decided about the visit")
    return _("It follows from what happened in this thread")


def _times(message: Message, clinic: Clinic) -> Iterator[Line]:
    yield Line(_("Stored to be sent"), _seconds(message.created_at, clinic), "clock")
    for attempt in message.attempts.all():
        if attempt.settled_at and attempt.provider_id:
            yield Line(str(_HAPPENED["sent"]), _seconds(attempt.settled_at, clinic), "check")
        elif attempt.settled_at:
            text = str(_HAPPENED.get(attempt.state, attempt.state))
            yield Line(_with_code(text, attempt.error_code), _seconds(attempt.settled_at, clinic), "warning")
        for event in attempt.status_events.all():
            if event.status == "sent" and attempt.settled_at:
                continue
            text = _with_code(str(_HAPPENED.get(event.status, event.status)), event.error_code)
            icon = "warning" if event.status in _BAD else "eye" if event.status == "read" else "checks"
            yield Line(text, _seconds(event.at, clinic), icon)


def _with_code(text: str, code: str) -> str:
    return f"{text} ({code})" if code else text


def _seconds(at: datetime, clinic: Clinic) -> str:
    return at.astimezone(clinic.zone).strftime("%H:%M:%S")
