"""The first page of the day, as its templates read it. Built from rows; no statement is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.models import Clinic
from messaging import times
from messaging.inbox.parts import Chip
from messaging.today import rows, side
from messaging.today.first_day import FirstDayList
from messaging.today.queries import VISITS, Day
from messaging.today.rows import NowLine, Row
from messaging.today.side import Side
from scheduling.models import Appointment, Attendance, Practitioner, Status

SHORT_NAMES = 28  # letters of all doctors' short names that fit beside the day; more become a menu


@dataclass(frozen=True, slots=True)
class Counter:
    """A figure of the day and its word."""

    n: int
    label: str
    icon: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Doctor:
    """A choice of whose visits are shown; `id` is "" for all of them."""

    id: str
    label: str
    name: str
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class TodayPage:
    """The page."""

    title: str
    iso: str
    is_today: bool
    url: str
    today_url: str
    before_url: str
    after_url: str
    end_url: str
    counters: list[Counter]
    doctors: list[Doctor]
    as_menu: bool  # the doctors are too many for one line
    doctor: str
    news: list[Row]
    rows: list[Row | NowLine]
    is_empty: bool
    cut: bool
    side: Side
    printed: str
    first_day: FirstDayList | None = None
    chips: list[Chip] = field(default_factory=list)


def page(
    day: Day,
    visits: Sequence[Appointment],
    *,
    doctors: Sequence[Practitioner],
    doctor: UUID | None,
    column: Side,
    first_day: FirstDayList | None,
    clinic: Clinic,
    now: datetime,
) -> TodayPage:
    """Return the page of a day."""
    today = now.astimezone(clinic.zone).date()
    chosen = str(doctor) if doctor else ""
    shown = _doctors(doctors, chosen, day.date, today)
    return TodayPage(
        title=_title(day.date, clinic, now=now),
        iso=day.date.isoformat(),
        is_today=day.date == today,
        url=_url(day.date, chosen, today),
        today_url=_url(today, chosen, today),
        before_url=_url(day.date - timedelta(days=1), chosen, today),
        after_url=_url(day.date + timedelta(days=1), chosen, today),
        end_url=reverse("today:end") + _query(day.date, "", today),
        counters=_counters(visits),
        doctors=shown,
        as_menu=sum(len(one.label) for one in shown[1:]) > SHORT_NAMES,
        doctor=next((one.name for one in shown if one.chosen and one.id), ""),
        news=rows.news(visits, zone=clinic.zone, query=_query(day.date, chosen, today), now=now)
        if day.date == today
        else [],
        rows=rows.rows(
            visits,
            zone=clinic.zone,
            query=_query(day.date, chosen, today),
            with_now=day.date == today,
            now=now,
        ),
        is_empty=not visits,
        cut=len(visits) >= VISITS,
        side=column,
        printed=f"{times.short_day(now, clinic.zone)}, {times.clock_time(now, clinic.zone)}",
        first_day=first_day,
    )


def _title(on: date, clinic: Clinic, *, now: datetime) -> str:
    noon = datetime.combine(on, time(12), clinic.zone)
    if on == now.astimezone(clinic.zone).date() + timedelta(days=1):
        return _("Tomorrow, %(day)s") % {"day": times.day(noon, clinic.zone)}
    return times.day_line(noon, clinic.zone, now=now)


def _query(on: date, doctor: str, today: date) -> str:
    wanted = {} if on == today else {"date": on.isoformat()}
    if doctor:
        wanted["doctor"] = doctor
    return "?" + urlencode(wanted) if wanted else ""


def _url(on: date, doctor: str, today: date) -> str:
    return reverse("today:page") + _query(on, doctor, today)


def _doctors(doctors: Sequence[Practitioner], chosen: str, on: date, today: date) -> list[Doctor]:
    """Return the choices; nobody chooses among one."""
    if len(doctors) < 2:
        return []
    lasts = [doctor.name.split()[-1] for doctor in doctors]
    clear = len(set(lasts)) == len(lasts)
    known = chosen in {str(doctor.pk) for doctor in doctors}
    everybody = Doctor("", _("All doctors"), _("All doctors"), _url(on, "", today), not known)
    return [
        everybody,
        *(
            Doctor(
                str(doctor.pk),
                last if clear else doctor.name,
                doctor.name,
                _url(on, str(doctor.pk), today),
                str(doctor.pk) == chosen,
            )
            for doctor, last in zip(doctors, lasts, strict=True)
        ),
    ]


def _counters(visits: Sequence[Appointment]) -> list[Counter]:
    states = [_state(visit) for visit in visits]
    requests = states.count("request")
    all_visits = len(states) - requests
    return [
        Counter(all_visits, ngettext("visit", "visits", all_visits)),
        Counter(states.count("came"), _("came"), "checks"),
        Counter(states.count("here"), _("here now"), "door", "ok"),
        Counter(states.count("coming"), _("coming"), "coming", "ok"),
        Counter(states.count("asked"), _("asked"), "clock"),
        Counter(states.count("unreached"), _("not reached"), "call", "bad"),
        Counter(states.count("missed"), _("did not come"), "close", "bad"),
        Counter(requests, ngettext("request", "requests", requests), "request", "accent"),
    ]


_COUNTED = {
    Status.PENDING_REVIEW: "request",
    Status.FULFILLED: "came",
    Status.ARRIVED: "here",
    Status.NO_SHOW: "missed",
}


def _state(visit: Appointment) -> str:
    known = _COUNTED.get(Status(visit.status))
    if known:
        return known
    if visit.attendance == Attendance.ATTENDING:
        return "coming"
    if rows.is_unreached(visit):
        return "unreached"
    return "asked" if rows.is_asked(visit) else "other"


__all__ = ["Counter", "Doctor", "TodayPage", "page", "side"]
