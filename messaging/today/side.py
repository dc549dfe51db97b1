"""The column beside the day: requests, calls to make, tasks, what was not delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.models import Channel, Clinic
from medsync.lib import phone
from messaging import failures, times
from messaging.inbox import parts
from messaging.inbox import screens as inbox
from messaging.inbox.parts import Chip
from messaging.inbox.queries import View
from messaging.requests.cards import AMBER, RED
from messaging.today import rows
from messaging.today.queries import SIDE, FailedThread
from scheduling.models import Appointment, Task, TaskKind


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the column: who, what about, how urgent, where to go."""

    key: str
    name: str
    about: str
    url: str
    chip: Chip | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Todo:
    """A call or a task; `tel` is the number to call, as a link has it."""

    id: UUID
    key: str
    text: str
    about: str
    late: bool
    done: bool
    is_note: bool
    url: str
    tel: str
    done_url: str
    undo_url: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the column; `more` says that there are more than it shows."""

    count: str
    more: bool
    all_url: str


@dataclass(frozen=True, slots=True)
class Side:
    """The column."""

    requests: list[Entry]
    calls: list[Todo]
    tasks: list[Todo]
    failed: list[Entry]
    requests_part: Part
    calls_part: Part
    tasks_part: Part
    failed_part: Part
    add_url: str
    unreached: str  # "3 visits whom no text has reached", "" for none
    call_list_url: str


def side(
    requests: Sequence[Appointment],
    calls: Sequence[Task],
    tasks: Sequence[Task],
    failed: Sequence[FailedThread],
    *,
    requests_count: int,
    unreached: int,
    query: str,
    clinic: Clinic,
    now: datetime,
) -> Side:
    """Return the column; each part shows its first entries and says when there are more."""
    tasks_url = reverse("today:tasks")
    return Side(
        requests=[_request(one, clinic, now=now) for one in requests[:SIDE]],
        calls=[todo(one, query=query, clinic=clinic, now=now) for one in calls[:SIDE]],
        tasks=[todo(one, query=query, clinic=clinic, now=now) for one in tasks[:SIDE]],
        failed=[_failed(one, clinic) for one in failed[:SIDE]],
        requests_part=Part(inbox.figure(requests_count), len(requests) > SIDE, inbox.view_url(View.REQUESTS)),
        calls_part=_part([task for task in calls if task.done_at is None], tasks_url),
        tasks_part=_part([task for task in tasks if task.done_at is None], tasks_url),
        failed_part=_part(failed, inbox.view_url(View.FAILED)),
        add_url=reverse("today:task-form") + query,
        unreached=_unreached(unreached),
        call_list_url=reverse("reminders:calls"),
    )


def _unreached(n: int) -> str:
    if not n:
        return ""
    words = ngettext("%(n)d visit that no reminder reached", "%(n)d visits that no reminder reached", n)
    return words % {"n": n}


def todo(task: Task, *, query: str, clinic: Clinic, now: datetime) -> Todo:
    """Return a task in words."""
    point, thread = task.contact_point, task.thread_id  # type: ignore[attr-defined]
    who = task.patient.name if task.patient else ""
    if not who and point is not None:
        who = parts.name_of(point, [], clinic.country)
    is_call = task.kind == TaskKind.CALL_BACK
    text = task.text or (who if is_call and who else str(TaskKind(task.kind).label).capitalize())
    about = [] if text == who else [who]
    if is_call:
        about.append(parts.number_of(point, clinic.country) if point else "")
    if task.kind == TaskKind.SHIFT_NOTE:
        about.append(_("Note to the next shift"))
    if task.assignee is not None:
        about.append(task.assignee.get_short_name())
    if task.created_by is not None and task.created_by != task.assignee:
        about.append(_("from %(name)s") % {"name": task.created_by.get_short_name()})
    late = task.due_at is not None and task.due_at <= now and task.done_at is None
    if task.due_at is not None:
        about.append(_("by %(time)s") % {"time": _due(task.due_at, clinic, now=now)})
    return Todo(
        id=task.pk,
        key=str(task.pk),
        text=text,
        about=" · ".join(filter(None, about)),
        late=late,
        done=task.done_at is not None,
        is_note=task.kind == TaskKind.SHIFT_NOTE,
        url=reverse("inbox:thread", args=[thread]) if thread else "",
        tel=point.phone if is_call and point is not None and point.phone else "",
        done_url=reverse("today:task-done", args=[task.pk]) + query,
        undo_url=reverse("today:task-undo", args=[task.pk]) + query,
    )


def _due(at: datetime, clinic: Clinic, *, now: datetime) -> str:
    clock, zone = times.clock_time(at, clinic.zone), clinic.zone
    apart = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if apart == 0:
        return clock
    return f"{times.short_day(at, zone)}, {clock}"


def _part(entries: Sequence[object], all_url: str) -> Part:
    more = len(entries) > SIDE
    return Part(f"{SIDE}+" if more else str(len(entries)) if entries else "", more, all_url)


def _request(request: Appointment, clinic: Clinic, *, now: datetime) -> Entry:
    when = f"{times.short_day(request.starts_at, clinic.zone)}, {times.clock_time(request.starts_at, clinic.zone)}"
    return Entry(
        key=str(request.pk),
        name=rows.name_of(request),
        about=f"{when} · {request.practitioner.name}",
        url=reverse("requests:one", args=[request.pk]),
        chip=_left(request, now=now),
    )


def _left(request: Appointment, *, now: datetime) -> Chip | None:
    if request.respond_by is None:
        return None
    left = request.respond_by - now
    if left <= timedelta(0):
        return Chip(_("Time is up"), "warning", "bad")
    if left < RED:
        return Chip(_("%(left)s left") % {"left": times.short_duration(left)}, "warning", "bad")
    return Chip(times.short_duration(left), "clock", "warn" if left < AMBER else "")


def _failed(found: FailedThread, clinic: Clinic) -> Entry:
    point = found.conversation.contact_point
    explained = failures.explain(error_code=found.error_code, reason=found.reason, channel=found.channel)
    name = ", ".join(found.names[:3]) or point.display_name
    if not name:
        name = phone.display(point.phone, clinic.country) if point.phone else _("Hidden number")
    if found.channel in Channel.values:
        about = f"{Channel(found.channel).label} · {explained.what}"
    else:
        about = explained.what
    return Entry(
        key=str(found.conversation.pk),
        name=name,
        about=about,
        url=reverse("inbox:thread", args=[found.conversation.pk]),
        code=found.error_code,
    )
