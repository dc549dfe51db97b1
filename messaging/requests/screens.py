"""The Requests screen, as templates read it. Built from rows; the texts are foretold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Channel, Clinic, User
from clinics.permissions import Action, can
from messaging import times
from messaging.inbox import parts
from messaging.inbox.parts import Chip, WindowChip
from messaging.language import LANGUAGES, nearest
from messaging.requests import cards, decisions, words
from messaging.requests.cards import Request, RequestLine, Urls
from messaging.requests.queries import Around, Queue
from messaging.requests.words import Check
from scheduling.models import Appointment, Cancellation, Source, Status

_ASKED = {
    Source.WHATSAPP: gettext_lazy("asked on WhatsApp"),
    Source.SMS: gettext_lazy("asked by SMS"),
    Source.VOICE: gettext_lazy("asked by phone"),
    Source.API: gettext_lazy("asked through the API"),
    Source.STAFF: gettext_lazy("asked at the desk"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A request in the list, waiting or decided."""

    id: UUID
    url: str
    name: str
    left: Chip | None
    when: str
    what: str
    flags: list[Chip]
    selected: bool
    said: str = ""  # of a decided one
    icon: str = ""
    off: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """The list pane."""

    count: str
    rows: list[Row]
    more: bool
    decided: list[Row]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that helps to decide; a warning says so in its icon too."""

    text: str
    icon: str
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The middle: one request and what it takes to decide it."""

    id: UUID
    name: str
    language: str
    window: WindowChip | None
    thread_url: str
    asked: str
    when: str
    what: str
    quotes: list[str]
    facts: list[Fact]
    check: Check
    blocked: str
    card: Request | RequestLine
    waits: bool
    back_url: str
    fragment_url: str


def row_url(appointment_id: UUID) -> str:
    """Return the page of a request."""
    return reverse("requests:one", args=[appointment_id])


def urls_of(appointment_id: UUID) -> Urls:
    """Return where this screen's answers go."""
    here = [appointment_id]
    return Urls(
        accept=reverse("requests:accept", args=here),
        decline=reverse("requests:decline", args=here),
        offer=reverse("requests:offer", args=here),
    )


def listed(queue: Queue, *, clinic: Clinic, user: User, selected: UUID | None, now: datetime) -> Listed:
    """Return the list pane."""
    n = len(queue.waiting)
    return Listed(
        count=f"{n - 1}+" if queue.more else str(n) if n else "",
        rows=[
            _row(appointment, clinic=clinic, selected=selected, away=appointment.pk in queue.away, now=now)
            for appointment in queue.waiting
        ],
        more=queue.more,
        decided=[
            _decided_row(appointment, clinic=clinic, user=user, selected=selected, now=now)
            for appointment in queue.decided
        ],
    )


def name_of(appointment: Appointment, clinic: Clinic) -> str:
    """Return whom the request is for."""
    patient, point = appointment.patient, appointment.contact_point
    if patient.name or patient.called:
        return patient.name or patient.called
    return parts.name_of(point, [], clinic.country) if point else _("Not yet named")


def _when(appointment: Appointment, *, now: datetime) -> str:
    zone = ZoneInfo(appointment.zone)
    short = f"{times.short_day(appointment.starts_at, zone)}, {times.clock_time(appointment.starts_at, zone)}"
    today = appointment.starts_at.astimezone(zone).date() == now.astimezone(zone).date()
    return _("Today, %(day)s") % {"day": short} if today else short


def _asked(appointment: Appointment) -> str:
    return str(_ASKED.get(Source(appointment.source), ""))


def _row(
    appointment: Appointment, *, clinic: Clinic, selected: UUID | None, away: bool, now: datetime
) -> Row:
    flags = []
    if away:
        doctor = appointment.practitioner.name
        flags.append(Chip(_("%(doctor)s is away then") % {"doctor": doctor}, "warning", "bad"))
    if appointment.offered_until is not None:
        flags.append(Chip(_("Other times offered"), "calendar"))
    what = [cards.what_of(appointment), _asked(appointment)]
    return Row(
        id=appointment.pk,
        url=row_url(appointment.pk),
        name=name_of(appointment, clinic),
        left=cards.left(appointment, now=now, short=True),
        when=_when(appointment, now=now),
        what=" · ".join(part for part in what if part),
        flags=flags,
        selected=appointment.pk == selected,
    )


def _decided_row(
    appointment: Appointment, *, clinic: Clinic, user: User, selected: UUID | None, now: datetime
) -> Row:
    off = appointment.status == Status.CANCELLED
    expired = off and appointment.cancellation == Cancellation.EXPIRED
    return Row(
        id=appointment.pk,
        url=row_url(appointment.pk),
        name=name_of(appointment, clinic),
        left=None,
        when=f"{_when(appointment, now=now)} · {appointment.practitioner.name}",
        what="",
        flags=[],
        selected=appointment.pk == selected,
        said=cards.decided(appointment, user=user, now=now),
        icon="clock" if expired else "close" if off else "check",
        off=off,
    )


def decision(
    seen: Around,
    *,
    clinic: Clinic,
    user: User,
    preview: Callable[[Appointment], str],
    now: datetime,
) -> Decision:
    """Return the middle of the screen."""
    appointment, thread = seen.appointment, seen.conversation
    point = appointment.contact_point
    language = appointment.patient.preferred_language or (point.language if point else "")
    asked = [_asked(appointment), times.moment(appointment.created_at, clinic.zone, now=now)]
    waits = appointment.status == Status.PENDING_REVIEW
    card = cards.card(
        appointment,
        people=[],
        user=user,
        decides=can(user, clinic, Action.DECIDE),
        preview=preview,
        urls=urls_of(appointment.pk),
        now=now,
    )
    return Decision(
        id=appointment.pk,
        name=name_of(appointment, clinic),
        language=str(LANGUAGES.get(nearest(language), "")) if language else "",
        window=(
            parts.window_chip(thread.last_channel, thread.window_closes_at, clinic.zone, now=now)
            if thread
            else None
        ),
        thread_url=reverse("inbox:thread", args=[thread.pk]) if thread else "",
        asked=", ".join(part for part in asked if part),
        when=times.visit_time(appointment.starts_at, ZoneInfo(appointment.zone)),
        what=cards.what_of(appointment),
        quotes=seen.quotes,
        facts=list(_facts(seen, told=isinstance(card, Request) and bool(card.accept_text))),
        check=words.check(appointment, seen.look, now=now),
        blocked=decisions.gone(appointment) if words.is_gone(seen.look) else "",
        card=card,
        waits=waits,
        back_url=reverse("requests:page"),
        fragment_url=row_url(appointment.pk),
    )


def _facts(seen: Around, *, told: bool) -> Iterator[Fact]:
    appointment = seen.appointment
    zone = ZoneInfo(appointment.zone)
    missed = [visit for visit in seen.of_patient if visit.status == Status.NO_SHOW]
    others = [visit for visit in seen.of_patient if visit.status != Status.NO_SHOW]
    if others:
        at = ", ".join(times.clock_time(visit.starts_at, zone) for visit in others)
        yield Fact(_("Another visit that day: %(time)s") % {"time": at}, "warning", warns=True)
    else:
        yield Fact(_("No other visit that day"), "check")
    if not told:
        yield Fact(_("No number to write to: tell the patient by phone"), "warning", warns=True)
    elif appointment.source in (Channel.WHATSAPP, Channel.SMS):
        channel = Channel(appointment.source).label
        yield Fact(_("Is answered on %(channel)s") % {"channel": channel}, "check")
    for visit in missed[-1:]:
        day = times.short_day(visit.starts_at, ZoneInfo(visit.zone))
        yield Fact(_("Did not come on %(day)s") % {"day": day}, "warning", warns=True)
