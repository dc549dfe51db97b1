"""The first page of the day and its fragments: translate, read, render."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinics.access import ClinicRequest
from clinics.queries import members_of
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging.inbox import rail as inbox_rail
from messaging.inbox.queries import View
from messaging.reminders import calling
from messaging.today import first_day, queries, screens, side
from messaging.today.closing import shift

_YEARS = range(2000, 2100)  # outside of them a date is a slip, and arithmetic on it may end


@require_GET
def page(request: ClinicRequest) -> HttpResponse:
    """Show a day: the whole page, or its parts for one that reads itself again."""
    if request.headers.get("HX-Request"):
        return update(request)
    return render(request, "messaging/today.html", _context(request))


@require_GET
def end(request: ClinicRequest) -> HttpResponse:
    """Show what is open at the end of a shift."""
    return render_end(request)


@require_GET
def task_form(request: ClinicRequest) -> HttpResponse:
    """Answer the form for a new task."""
    now = clock.now().astimezone(request.clinic.zone)
    context = {
        "members": [member.user for member in members_of(request.clinic)],
        "query": f"?view={view_of(request)}" if "view" in request.GET else query_of(request),
        "earliest": now.strftime("%Y-%m-%dT%H:%M"),
    }
    return render(request, "messaging/today_task_form.html", context)


@require_GET
def tasks(request: ClinicRequest) -> HttpResponse:
    """Show the open tasks of everybody or one's own, or those that were done last."""
    return show_tasks(request)


def show_tasks(request: ClinicRequest, *, toast: str = "", status: int = 200) -> HttpResponse:
    """Answer the page of tasks, or its parts with a sentence on what was done or refused."""
    view = view_of(request)
    now, clinic = clock.now(), request.clinic
    after = request.GET.get("after", "")
    found, more = queries.tasks(view, user=request.user, after=after)
    context = {
        "here": "tasks",
        "view": view,
        "views": [("all", _("Everybody’s")), ("mine", _("Mine")), ("done", _("Done"))],
        "url": f"{reverse('today:tasks')}?view={view}",
        "tasks": [side.todo(task, query=f"?view={view}", clinic=clinic, now=now) for task in found],
        "more": more,
        "after": after,
        "toast": toast,
    }
    name = "tasks_update" if request.headers.get("HX-Request") else "tasks"
    return render(request, f"messaging/today_{name}.html", context, status=status)


def update(request: ClinicRequest, *, toast: str = "", status: int = 200) -> HttpResponse:
    """Answer the parts of the page that it merges, with a sentence on what was done or refused."""
    context = _context(request) | {"toast": toast}
    return render(request, "messaging/today_update.html", context, status=status)


def render_end(request: ClinicRequest) -> HttpResponse:
    """Answer the page that ends a shift."""
    now, clinic = clock.now(), request.clinic
    day = queries.day_of(date_of(request), clinic.zone)
    column = _column(request, now=now)
    counts = inbox_rail.counts(request)
    shown = shift(
        queries.unmarked(day, now=now),
        column=column,
        needs_reply=counts.get(View.NEEDS_REPLY, 0),
        query=query_of(request),
        clinic=clinic,
    )
    return render(request, "messaging/today_end.html", {"shift": shown, "here": "today"})


def view_of(request: HttpRequest) -> str:
    """Return which tasks are asked for."""
    wanted = request.GET.get("view", "")
    return wanted if wanted in ("mine", "done") else "all"


def date_of(request: HttpRequest) -> date:
    """Return the day that is asked for, today for none and for nonsense."""
    zone = request.clinic.zone  # type: ignore[attr-defined]
    today = clock.now().astimezone(zone).date()
    try:
        wanted = date.fromisoformat(request.GET.get("date", ""))
    except ValueError:
        return today
    return wanted if wanted.year in _YEARS else today


def doctor_of(request: HttpRequest) -> UUID | None:
    """Return the doctor whose visits are asked for, None for all."""
    return id_in(request.GET.get("doctor", ""))


def query_of(request: HttpRequest) -> str:
    """Return the page's own query again, "" for today and all doctors: nothing else of it is taken over."""
    doctor = doctor_of(request)
    parts = []
    if request.GET.get("date"):
        parts.append(f"date={date_of(request).isoformat()}")
    if doctor:
        parts.append(f"doctor={doctor}")
    return "?" + "&".join(parts) if parts else ""


def _context(request: ClinicRequest) -> dict[str, Any]:
    now, clinic = clock.now(), request.clinic
    day, doctors = queries.day_of(date_of(request), clinic.zone), queries.doctors()
    doctor = doctor_of(request)
    if doctor not in {one.pk for one in doctors}:
        doctor = None
    phones = inbox_rail.has_phones(request, clinic)
    shown = screens.page(
        day,
        queries.visits(day, doctor=doctor),
        doctors=doctors,
        doctor=doctor,
        column=_column(request, now=now),
        first_day=first_day.first_day(
            queries.first_day(clinic), clinic=clinic, user=request.user, has_phones=phones
        ),
        clinic=clinic,
        now=now,
    )
    return {"today": shown, "here": "today"}


def _column(request: ClinicRequest, *, now: datetime) -> side.Side:
    calls, tasks = queries.todo(now=now)
    return side.side(
        queries.requests(),
        calls,
        tasks,
        queries.not_delivered(),
        unreached=calling.count(request.clinic.zone, now=now),
        requests_count=inbox_rail.counts(request).get(View.REQUESTS, 0),
        query=query_of(request),
        clinic=request.clinic,
        now=now,
    )
