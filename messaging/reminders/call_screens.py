"""The call list as its template reads it; no statement is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic
from medsync.lib import phone
from messaging import failures, times
from messaging.inbox.parts import Chip
from messaging.models import Called, VisitCall
from messaging.reminders.calling import MOST, ToCall
from messaging.reminders.words import sentences


@dataclass(frozen=True, slots=True)
class Number:
    """A number to call: as a link has it, and as people read it."""

    tel: str
    shown: str


@dataclass(frozen=True, slots=True)
class Call:
    """A visit whose person is to be called."""

    key: str
    time: str
    iso: str
    name: str
    url: str
    about: str
    numbers: list[Number]
    why: str
    code: str
    chips: list[Chip]
    version: int
    done: bool
    post_url: str


@dataclass(frozen=True, slots=True)
class CallDay:
    """The calls about the visits of a day."""

    title: str
    calls: list[Call]


@dataclass(frozen=True, slots=True)
class CallList:
    """The page."""

    days: list[CallDay]
    open: int
    cut: bool
    printed: str


def call_list(rows: Sequence[ToCall], *, clinic: Clinic, now: datetime) -> CallList:
    """Return the list, by the day of the visits."""
    days: dict[str, list[Call]] = {}
    for row in rows:
        title = times.day_line(row.visit.starts_at, clinic.zone, now=now)
        days.setdefault(title, []).append(_call(row, clinic, now=now))
    return CallList(
        days=[CallDay(title, calls) for title, calls in days.items()],
        open=sum(not call.done for calls in days.values() for call in calls),
        cut=len(rows) >= MOST,
        printed=f"{times.short_day(now, clinic.zone)}, {times.clock_time(now, clinic.zone)}",
    )


def _call(row: ToCall, clinic: Clinic, *, now: datetime) -> Call:
    visit = row.visit
    detail = sentences(row.why, row.channel)[0]
    if not detail:
        detail = failures.explain(
            error_code=row.error_code, reason=row.why, channel=row.channel or "sms"
        ).what
    return Call(
        key=str(visit.pk),
        time=times.clock_time(visit.starts_at, clinic.zone),
        iso=visit.starts_at.isoformat(),
        name=visit.patient.name or _("No name yet"),
        url=reverse("people:page", args=[visit.patient_id]),
        about=visit.practitioner.name,
        numbers=[Number(number, phone.display(number, clinic.country)) for number in row.phones],
        why=detail,
        code=row.error_code,
        chips=[_said(call, clinic, now=now) for call in row.calls],
        version=visit.version,
        done=any(call.outcome != Called.NO_ANSWER for call in row.calls),
        post_url=reverse("reminders:called", args=[visit.pk]),
    )


def _said(call: VisitCall, clinic: Clinic, *, now: datetime) -> Chip:
    words = {
        Called.COMING: (_("Coming"), "coming", "ok"),
        Called.NOT_COMING: (_("Not coming"), "close", "bad"),
        Called.NO_ANSWER: (_("No answer"), "call", "warn"),
    }
    word, icon, tone = words[Called(call.outcome)]
    when = times.moment(call.at, clinic.zone, now=now)
    said = _("%(what)s, %(name)s %(time)s") % {"what": word, "name": call.by.get_short_name(), "time": when}
    return Chip(said, icon, tone)
