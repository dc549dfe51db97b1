"""The request card: what, who, when, the time left, and word for word what the patient would get."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic, User
from messaging import times
from messaging.inbox.parts import Chip
from scheduling.models import Appointment, Cancellation, Patient, Status

AMBER = timedelta(hours=3)
RED = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Check:
    """What a look at the calendar says."""

    text: str
    icon: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits for staff."""

    key: str
    id: UUID
    label: str
    left: Chip | None
    check: Check | None
    when: str
    what: str
    accept_head: str
    accept_text: str
    decline_head: str
    decline_text_url: str
    accept_url: str
    decline_url: str
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
    clinic: Clinic,
    user: User,
    decides: bool,
    preview: Callable[[Appointment], str],
    now: datetime,
) -> Request | RequestLine:
    """Return the card of a request, or the line that is left of it."""
    if appointment.status != Status.PENDING_REVIEW:
        return line(appointment, user=user, now=now)
    when = times.visit_time(appointment.starts_at, appointment.location.tz)
    doctor, kind = appointment.practitioner.name, appointment.type.name_in(get_language() or "en")
    what = [_("%(kind)s, %(minutes)d min") % {"kind": kind, "minutes": appointment.type.duration}, doctor]
    if len(people) > 1 and appointment.patient.name:
        what.insert(0, appointment.patient.name)
    return Request(
        key=f"request-{appointment.id}",
        id=appointment.id,
        label=_("Wants to book, %(when)s") % {"when": when},
        left=_left(appointment, now=now),
        check=_check(appointment, now=now),
        when=when,
        what=" · ".join(what),
        accept_head=_head(
            appointment,
            _("If you accept, this goes out on %(channel)s now"),
            _("If you accept, this goes out now"),
        ),
        accept_text=preview(appointment),
        decline_head=_head(
            appointment,
            _("If you decline, this goes out on %(channel)s now"),
            _("If you decline, this goes out now"),
        ),
        decline_text_url=reverse("inbox:decline-text", args=[appointment.id]),
        accept_url=reverse("inbox:accept", args=[appointment.id]),
        decline_url=reverse("inbox:decline", args=[appointment.id]),
        can_decide=decides and appointment.starts_at > now,
    )


def _head(appointment: Appointment, with_channel: str, without: str) -> str:
    if appointment.source not in (Channel.WHATSAPP, Channel.SMS):
        return without
    return with_channel % {"channel": Channel(appointment.source).label}


def _left(appointment: Appointment, *, now: datetime) -> Chip | None:
    until = appointment.respond_by
    if until is None:
        return None
    left = until - now
    if left <= timedelta(0):
        return Chip(_("Runs out now"), "warning", "bad")
    text = _("Held %(left)s more") % {"left": times.duration(left)}
    if left < RED:
        return Chip(text, "warning", "bad")
    return Chip(text, "clock", "warn" if left < AMBER else "")


def _check(appointment: Appointment, *, now: datetime) -> Check | None:
    if appointment.starts_at <= now:
        return Check(_("This time has passed"), "warning", bad=True)
    # A request occupies its time, so nobody else can have it.
    return Check(_("Free, kept for this request"), "check")


def line(appointment: Appointment, *, user: User, now: datetime) -> RequestLine:
    """Return what is left of a decided request: who, when, what."""
    who = ""
    if appointment.decided_by:
        who = _("you") if appointment.decided_by == user else appointment.decided_by.get_short_name()
    since = times.ago(now - appointment.decided_at) if appointment.decided_at else ""
    when = times.visit_time(appointment.starts_at, appointment.location.tz)
    off = appointment.status == Status.CANCELLED
    ended = {
        Cancellation.EXPIRED: _("The request ran out"),
        Cancellation.PATIENT: _("Cancelled by the patient"),
        Cancellation.MOVED: _("Replaced by another visit"),
    }
    if off and appointment.cancellation in ended:
        bold = ended[Cancellation(appointment.cancellation)]
    elif off and appointment.cancellation == Cancellation.REJECTED:
        bold = _("Declined by %(who)s %(ago)s") if who else _("Declined")
    elif off:
        bold = _("Cancelled by %(who)s %(ago)s") if who else _("Cancelled")
    else:
        bold = _("Accepted by %(who)s %(ago)s") if who else _("Accepted")
    return RequestLine(
        key=f"request-{appointment.id}",
        id=appointment.id,
        icon="close" if off else "check",
        bold=bold % {"who": who, "ago": since} if who else bold,
        text=f"{when} · {appointment.practitioner.name}",
        off=off,
    )
