"""What members do on the first page of the day: one domain call each, then the day as it is now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from clinics.access import ClinicRequest, may
from clinics.models import Membership
from clinics.permissions import Action
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging import live
from messaging.reminders import reminding, words
from messaging.today import rows, views
from scheduling import operations
from scheduling.errors import AlreadyDecided, NotBookable, NotNow, SchedulingError
from scheduling.models import Appointment, Status, Task, TaskKind
from scheduling.todo import TextMissing


@require_POST
def arrive(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Mark that a patient is here."""
    return _mark(request, appointment_id, operations.arrive)


@require_POST
def complete(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Mark that a visit took place."""
    return _mark(request, appointment_id, operations.complete)


@require_POST
def no_show(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Mark that a patient did not come."""
    return _mark(request, appointment_id, operations.mark_no_show)


@require_POST
def undo(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Take back the last mark."""
    return _mark(request, appointment_id, operations.take_back)


@require_POST
def remind(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Send the reminder of a visit now."""
    try:
        reminded = reminding.send_now(appointment_id, now=clock.now())
    except LookupError as error:
        raise Http404 from error
    except reminding.NotReminded as error:
        return _answer(request, words.refusal(error), status=409)
    names = ", ".join(dict.fromkeys(rows.name_of(visit) for visit in reminded.visits))
    return _answer(request, _("%(name)s: the reminder is on its way.") % {"name": names})


def _mark(request: ClinicRequest, appointment_id: UUID, mark: Callable[..., Appointment]) -> HttpResponse:
    visit = get_object_or_404(Appointment.objects.select_related("patient"), pk=appointment_id)
    try:
        marked = mark(visit, by=request.user, now=clock.now())
    except SchedulingError as error:
        return _answer(request, _refusal(error, request), status=409)
    said = _("%(name)s: %(mark)s") % {"name": rows.name_of(visit), "mark": _mark_word(marked.status)}
    return _answer(request, said)


def _mark_word(status: str) -> str:
    """Return a status as the desk says it of the day."""
    words = {
        Status.CONFIRMED: _("not marked"),
        Status.ARRIVED: _("arrived"),
        Status.FULFILLED: _("came"),
        Status.NO_SHOW: _("did not come"),
        Status.CANCELLED: _("cancelled"),
    }
    return words[Status(status)]


def _refusal(error: SchedulingError, request: ClinicRequest) -> str:
    if isinstance(error, AlreadyDecided):
        word = _mark_word(error.appointment.status)
        if error.decided_by is None:
            return _("This visit is marked already: %(mark)s.") % {"mark": word}
        who = _("you") if error.decided_by == request.user else error.decided_by.get_short_name()
        return _("This visit is marked already, by %(name)s: %(mark)s.") % {"name": who, "mark": word}
    if isinstance(error, NotNow):
        return {
            "too_early": _("It is too early for that: the visit has not begun."),
            "too_late": _("A mark can be taken back for a day. This one stands."),
            "not_accepted": _("Nobody has accepted this request yet. Accept it first."),
            "not_marked": _("There is no mark to take back."),
        }[error.code]
    if isinstance(error, NotBookable):
        return _("This patient has another visit at that time by now.")
    return _("This visit was moved meanwhile. Look at its new time.")


@require_POST
def close(request: ClinicRequest) -> HttpResponse:
    """End a shift: mark what was answered, leave the note for the next one."""
    marks: dict[UUID, Status] = {}
    for name, answer in request.POST.items():
        if name.startswith("visit-") and answer in _ANSWERS:
            try:
                marks[UUID(name.removeprefix("visit-"))] = _ANSWERS[str(answer)]
            except ValueError:
                continue  # a field that we did not make
    closed = operations.close_day(marks, by=request.user, now=clock.now())
    _leave_note(request)
    if closed.marked:
        text = ngettext("%(n)d visit is marked.", "%(n)d visits are marked.", closed.marked)
        messages.success(request, text % {"n": closed.marked})
    if closed.refused:
        text = ngettext(
            "%(n)d was changed by somebody else meanwhile and is left as it is.",
            "%(n)d were changed by somebody else meanwhile and are left as they are.",
            closed.refused,
        )
        messages.warning(request, text % {"n": closed.refused})
    return redirect(reverse("today:page") + views.query_of(request))


_ANSWERS = {"came": Status.FULFILLED, "missed": Status.NO_SHOW}


def _leave_note(request: ClinicRequest) -> None:
    try:
        note = operations.add_task(
            request.POST.get("note", ""), by=request.user, kind=TaskKind.SHIFT_NOTE, now=clock.now()
        )
    except TextMissing:
        return  # most shifts leave none
    live.publish("task", id=note.pk)


@require_POST
def add_task(request: ClinicRequest) -> HttpResponse:
    """Note a task, for a member or for whoever comes first."""
    try:
        task = operations.add_task(
            request.POST.get("text", ""),
            by=request.user,
            assignee=_member(request),
            due_at=_due(request),
            now=clock.now(),
        )
    except TextMissing:
        return _answer(request, _("Say what is to be done."), status=409)
    live.publish("task", id=task.pk)
    return _answer(request, _("The task is noted."))


def _member(request: ClinicRequest) -> UUID | None:
    """Return the member whom the task is for; somebody who is none gets no task."""
    wanted = id_in(request.POST.get("assignee", ""))
    if wanted is None:
        return None
    present = Membership.objects.filter(clinic=request.clinic, user=wanted, ended_at=None)
    return wanted if present.exists() else None


def _due(request: ClinicRequest) -> datetime | None:
    """Return until when, on the clinic's clock, None for none and for nonsense."""
    try:
        wall = parse_datetime(request.POST.get("due", ""))
    except ValueError:
        return None
    if wall is None or wall.year not in range(2000, 2100):
        return None
    return wall.replace(tzinfo=request.clinic.zone)


@require_POST
def task_done(request: ClinicRequest, task_id: UUID) -> HttpResponse:
    """Tick a task."""
    return _tick(request, task_id, operations.finish_task(task_id, now=clock.now()))


@require_POST
def task_undo(request: ClinicRequest, task_id: UUID) -> HttpResponse:
    """Take a tick back."""
    return _tick(request, task_id, operations.reopen_task(task_id))


def _tick(request: ClinicRequest, task_id: UUID, changed: bool) -> HttpResponse:
    if changed:
        live.publish("task", id=task_id)
    elif not Task.objects.filter(pk=task_id).exists():
        raise Http404
    return _answer(request)


@require_POST
@may(Action.MANAGE_SETTINGS)
def put_away_first_day(request: ClinicRequest) -> HttpResponse:
    """Put the first-day list away, for the whole clinic."""
    operations.put_away_first_day(now=clock.now())
    return _answer(request)


def _answer(request: ClinicRequest, toast: str = "", *, status: int = 200) -> HttpResponse:
    """Answer the day as it is now: its parts to our scripts, the page to a browser without them."""
    if request.headers.get("HX-Request"):
        if "view" in request.GET:  # the page of all tasks
            return views.show_tasks(request, toast=toast, status=status)
        return views.update(request, toast=toast, status=status)
    if toast and status == 409:
        messages.error(request, toast)
    return redirect(reverse("today:page") + views.query_of(request))
