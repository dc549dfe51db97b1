"""The request card: what, who, when, the time left, and word for word what the patient would get.

The thread and the screen share it. What needs a look at the calendar, and the words of the two other answers, stand
in `words.html`, which the page reads on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinics.models import Channel, User
from messaging import times
from messaging.inbox.parts import Chip
from scheduling.models import Appointment, Cancellation, Patient, Status

AMBER = timedelta(hours=3)
RED = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the answers of one card go: those of a thread answer the thread, the screen's the screen."""

    accept: str
    decline: str
    offer: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits for staff."""

    key: str
    id: UUID
    label: str
    left: Chip | None
    when: str
    what: str
    accept_head: str
    accept_text: str
    offer_head: str
    decline_head: str
    urls: Urls
    words_url: str
    offer_text_url: str
    decline_text_url: str
    may_decide: bool
    can_decide: bool
    template: str = "messaging/item_request.html"


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request that was decided: one line."""

    key: str
    id: UUID
    icon: str
    bold: str
    text: str
    off: bool
    template: str = "messaging/item_request_line.html"


def card(
    appointment: Appointment,
    *,
    people: Sequence[Patient],
    user: User,
    decides: bool,
    preview: Callable[[Appointment], str],
    urls: Urls,
    now: datetime,
) -> Request | RequestLine:
    """Return the card of a request, or the line that is left of it."""
    if appointment.status != Status.PENDING_REVIEW:
        return line(appointment, user=user, now=now)
    when = times.visit_time(appointment.starts_at, appointment.location.tz)
    what = what_of(appointment)
    if len(people) > 1 and appointment.patient.name:
        what = f"{appointment.patient.name} · {what}"
    here = [appointment.id]
    return Request(
        key=f"request-{appointment.id}",
        id=appointment.id,
        label=_("Wants to book, %(when)s") % {"when": when},
        left=left(appointment, now=now),
        when=when,
        what=what,
        accept_head=_head(
            appointment,
            _("If you accept, this goes out on %(channel)s now"),
            _("If you accept, this goes out now"),
        ),
        accept_text=preview(appointment),
        offer_head=_head(
            appointment,
            _("If you offer other times, this goes out on %(channel)s now"),
            _("If you offer other times, this goes out now"),
        ),
        decline_head=_head(
            appointment,
            _("If you decline, this goes out on %(channel)s now"),
            _("If you decline, this goes out now"),
        ),
        urls=urls,
        words_url=reverse("requests:words", args=here),
        offer_text_url=reverse("requests:offer-text", args=here),
        decline_text_url=reverse("requests:decline-text", args=here),
        may_decide=decides,
        can_decide=decides and appointment.starts_at > now,
    )


def what_of(appointment: Appointment) -> str:
    """Return kind, length and doctor: "Check-up, 30 min · Dr. Elena Vidal"."""
    kind = appointment.type.name_in(get_language() or "en")
    length = _("%(kind)s, %(minutes)d min") % {"kind": kind, "minutes": appointment.type.duration}
    return f"{length} · {appointment.practitioner.name}"


def _head(appointment: Appointment, with_channel: str, without: str) -> str:
    if appointment.source not in (Channel.WHATSAPP, Channel.SMS):
        return without
    return with_channel % {"channel": Channel(appointment.source).label}


def left(appointment: Appointment, *, now: datetime, short: bool = False) -> Chip | None:
    """Return how long the request still waits, amber below three hours, red below half an hour."""
    if appointment.offered_until is not None:
        if appointment.offered_until <= now:
            return Chip(_("Nobody chose in time"), "clock", "warn")
        span = times.duration(appointment.offered_until - now)
        return Chip(_("Patient chooses · %(left)s") % {"left": span}, "message")
    until = appointment.respond_by
    if until is None:
        return None
    span_left = until - now
    if span_left <= timedelta(0):
        return Chip(_("Runs out now"), "warning", "bad")
    words = _("%(left)s left") if short else _("Held %(left)s more")
    text = words % {"left": times.duration(span_left)}
    if span_left < RED:
        return Chip(text, "warning", "bad")
    return Chip(text, "clock", "warn" if span_left < AMBER else "")


_ENDED_BY_ITSELF = frozenset({Cancellation.EXPIRED, Cancellation.PATIENT, Cancellation.MOVED})


def decided(appointment: Appointment, *, user: User, now: datetime) -> str:
    """Return what became of a request, by whom and when: "Accepted by Devon 3 s ago"."""
    who = ""
    if appointment.decided_by:
        who = _("you") if appointment.decided_by == user else appointment.decided_by.get_short_name()
    since = times.ago(now - appointment.decided_at) if appointment.decided_at else ""
    off = appointment.status == Status.CANCELLED
    if off and appointment.cancellation in _ENDED_BY_ITSELF:
        ended = {
            Cancellation.EXPIRED: _("The request ran out"),
            Cancellation.PATIENT: _("Cancelled by the patient"),
            Cancellation.MOVED: _("Replaced by another visit"),
        }
        return ended[Cancellation(appointment.cancellation)]
    if off and appointment.cancellation == Cancellation.REJECTED:
        bold = _("Declined by %(who)s %(ago)s") if who else _("Declined")
    elif off:
        bold = _("Cancelled by %(who)s %(ago)s") if who else _("Cancelled")
    else:
        bold = _("Accepted by %(who)s %(ago)s") if who else _("Accepted")
    return bold % {"who": who, "ago": since} if who else bold


def line(appointment: Appointment, *, user: User, now: datetime) -> RequestLine:
    """Return what is left of a decided request: who, when, what."""
    when = times.visit_time(appointment.starts_at, appointment.location.tz)
    off = appointment.status == Status.CANCELLED
    return RequestLine(
        key=f"request-{appointment.id}",
        id=appointment.id,
        icon="close" if off else "check",
        bold=decided(appointment, user=user, now=now),
        text=f"{when} · {appointment.practitioner.name}",
        off=off,
    )
