"""The rows of a day: when, who, what for, with whom, how it stands, and the one thing to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from messaging import times
from messaging.inbox.parts import Chip, Link
from scheduling.attending import CORRECTION_TIME, EARLIEST_ARRIVAL
from scheduling.models import Appointment, Attendance, Status

SOON = timedelta(hours=1)  # who is due within it is likely to stand at the desk next


@dataclass(frozen=True, slots=True)
class Mark:
    """A button that marks a visit; `spoken` says whose, for who does not see the row."""

    name: str
    label: str
    spoken: str
    url: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One visit, or a request for one."""

    id: UUID
    key: str
    look: str  # "", "past", "request": what the row looks like beside what its chip says
    time: str
    iso: str
    name: str
    url: str
    kind: str
    doctor: str
    chip: Chip
    marks: list[Mark]
    link: Link | None
    is_now: bool = False


@dataclass(frozen=True, slots=True)
class NowLine:
    """Where in the day we are."""

    text: str
    iso: str
    key: str = "now"
    is_now: bool = True


def rows(
    visits: Sequence[Appointment], *, zone: ZoneInfo, query: str, with_now: bool, now: datetime
) -> list[Row | NowLine]:
    """Return the rows in order; `query` is the page's own, so that an action leads back to it."""
    shown: list[Row | NowLine] = []
    line = NowLine(_("now %(time)s") % {"time": times.clock_time(now, zone)}, now.isoformat())
    waits = with_now and bool(visits)
    for visit in visits:
        if waits and visit.starts_at > now:
            shown.append(line)
            waits = False
        shown.append(_row(visit, zone=zone, query=query, now=now))
    if waits:
        shown.append(line)
    return shown


def news(visits: Sequence[Appointment], *, zone: ZoneInfo, query: str, now: datetime) -> list[Row]:
    """Return the visits of which the patient says to be here, or late, and which are not marked yet: the top of the day."""
    said = [visit for visit in visits if has_news(visit, now=now)]
    said.sort(key=lambda visit: (visit.says_here_at is None, visit.starts_at, visit.pk))
    return [_row(visit, zone=zone, query=query, now=now) for visit in said]


def has_news(visit: Appointment, *, now: datetime) -> bool:
    """Tell whether the patient says to be late or here, while that still tells the desk something."""
    said = visit.late_minutes is not None or visit.says_here_at is not None
    return said and visit.status == Status.CONFIRMED and visit.ends_at > now


def is_unreached(visit: Appointment) -> bool:
    """Tell whether a message about the visit did not arrive and nobody has found another way."""
    unreached: bool = visit.unreached  # type: ignore[attr-defined]
    return unreached and visit.attendance != Attendance.ATTENDING


def is_asked(visit: Appointment) -> bool:
    """Tell whether the patient was asked whether they come: the text has left."""
    waits: bool = visit.unheard  # type: ignore[attr-defined]
    return visit.attendance == Attendance.ASKED and not waits


def name_of(visit: Appointment) -> str:
    """Return whose visit it is."""
    return visit.patient.name or _("No name yet")


def _row(visit: Appointment, *, zone: ZoneInfo, query: str, now: datetime) -> Row:
    thread: UUID | None = visit.thread_id  # type: ignore[attr-defined]
    url = reverse("inbox:thread", args=[thread]) if thread else ""
    over = visit.status in (Status.FULFILLED, Status.NO_SHOW)
    return Row(
        id=visit.pk,
        key=str(visit.pk),
        look="request" if visit.status == Status.PENDING_REVIEW else "past" if over else "",
        time=times.clock_time(visit.starts_at, zone),
        iso=visit.starts_at.isoformat(),
        name=name_of(visit),
        url=url or reverse("people:page", args=[visit.patient_id]),
        kind=visit.type.name_in(get_language() or "en"),
        doctor=visit.practitioner.name,
        chip=_chip(visit, zone, now=now),
        marks=_marks(visit, query, now=now),
        link=_link(visit, url, now=now),
    )


def _chip(visit: Appointment, zone: ZoneInfo, *, now: datetime) -> Chip:
    marked_at: datetime | None = visit.marked_at  # type: ignore[attr-defined]
    match Status(visit.status):
        case Status.PENDING_REVIEW:
            return Chip(_left(visit, now=now), "request", "accent")
        case Status.FULFILLED:
            return Chip(_("Came"), "checks")
        case Status.NO_SHOW:
            return Chip(_("Did not come"), "close", "bad")
        case Status.ARRIVED:
            if marked_at is None:
                return Chip(_("Here"), "door", "ok")
            return Chip(_("Arrived %(time)s") % {"time": times.clock_time(marked_at, zone)}, "door", "ok")
    if visit.ends_at <= now:
        return Chip(_("Not marked"), "flag", "warn")
    if visit.says_here_at is not None:
        return Chip(_("Says: here"), "door", "accent")
    if visit.late_minutes is not None:
        return Chip(late_word(visit.late_minutes), "clock", "warn")
    if visit.starts_at <= now:
        return Chip(_("Not here yet"), "clock", "warn")
    if is_unreached(visit):
        return Chip(_("Not reached"), "call", "bad")
    if visit.attendance == Attendance.ASKED and not is_asked(visit):
        return Chip(_("Reminder waits"), "clock")
    return {
        Attendance.ATTENDING: Chip(_("Coming"), "coming", "ok"),
        Attendance.DECLINED: Chip(_("Not coming"), "close", "bad"),
        Attendance.ASKED: Chip(_("Asked, no answer yet"), "clock"),
        Attendance.UNASKED: Chip(_("Accepted"), "check"),
    }[Attendance(visit.attendance)]


def late_word(minutes: int) -> str:
    """Return by how much somebody says to be late; 0 when they did not say."""
    return _("Late ~%(n)d min") % {"n": minutes} if minutes else _("Late")


def _left(visit: Appointment, *, now: datetime) -> str:
    if visit.respond_by is None:
        return _("Request")
    if visit.respond_by <= now:
        return _("Request, time is up")
    return _("Request, %(left)s left") % {"left": times.short_duration(visit.respond_by - now)}


def _marks(visit: Appointment, query: str, *, now: datetime) -> list[Mark]:
    """Return what can be marked now, the likeliest last, where the hand expects it."""

    def mark(name: str, label: str, *, quiet: bool = False) -> Mark:
        spoken = _("%(name)s: %(mark)s") % {"name": name_of(visit), "mark": label}
        return Mark(name, label, spoken, reverse(f"today:{name}", args=[visit.pk]) + query, quiet)

    undo = mark("undo", _("Undo"), quiet=True)
    marked_at: datetime | None = visit.marked_at  # type: ignore[attr-defined]
    undoable = [undo] if marked_at and now - marked_at <= CORRECTION_TIME else []
    unasked = visit.attendance == Attendance.UNASKED and visit.starts_at - now > SOON
    reminds = [mark("remind", _("Remind"), quiet=True)] if unasked else []
    match Status(visit.status):
        case Status.ARRIVED:
            return [*undoable, mark("complete", _("Came"))]
        case Status.FULFILLED | Status.NO_SHOW:
            return undoable
        case Status.CONFIRMED if now < visit.starts_at - EARLIEST_ARRIVAL:
            return reminds
        case Status.CONFIRMED if now < visit.starts_at:
            return [*reminds, mark("arrive", _("Arrived"), quiet=visit.starts_at - now > SOON)]
        case Status.CONFIRMED if now < visit.ends_at:
            return [mark("no-show", _("Did not come"), quiet=True), mark("arrive", _("Arrived"))]
        case Status.CONFIRMED:
            return [mark("no-show", _("Did not come")), mark("complete", _("Came"))]
    return []


def _link(visit: Appointment, url: str, *, now: datetime) -> Link | None:
    if visit.status == Status.PENDING_REVIEW:
        return Link(_("Look"), reverse("requests:one", args=[visit.pk]))
    missed = visit.status == Status.NO_SHOW
    worry = visit.status == Status.CONFIRMED and visit.starts_at > now and is_unreached(visit)
    if not url or not (missed or worry):
        return None
    return Link(_("Write") if missed else _("Look"), url)
