"""The page of reminders: the rules, and what will go out by them before they are saved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest, may
from clinics.models import User
from clinics.permissions import Action, can
from medsync.lib import clock
from messaging.facts import facts
from messaging.models import ReminderSettings
from messaging.reminders import foretelling, queries, reminding, rules, screens, words
from messaging.reminders.forms import RulesForm
from scheduling.models import Appointment

SENT = 50


@require_GET
@may(Action.WORK)
def page(request: ClinicRequest) -> HttpResponse:
    """Show the rules and what will go out."""
    present = ReminderSettings.load()
    return _page(request, present, RulesForm(None, present=present), outlook=_outlook(request, present))


@require_POST
@may(Action.MANAGE_SETTINGS)
def save(request: ClinicRequest) -> HttpResponse:
    """Save the rules."""
    present = ReminderSettings.load()
    form = RulesForm(request.POST, present=present)
    if not form.is_valid():
        return _page(request, present, form, outlook=_outlook(request, present), status=400)
    rules.save(form.rules(), by=request.user, now=clock.now())
    messages.success(request, _("Saved."))
    return redirect("reminders:page")


@require_GET
@may(Action.WORK)
def sent(request: ClinicRequest) -> HttpResponse:
    """Show what went last, with the answers."""
    present = ReminderSettings.load()
    claims = queries.sent_lately(limit=SENT)
    visits = queries.visits_by_id([claim.subject_id for claim in claims])
    rows = screens.sent(claims, visits, clinic=request.clinic, now=clock.now())
    return _page(request, present, RulesForm(None, present=present), sent=rows, is_sent=True)


@require_POST
@may(Action.MANAGE_SETTINGS)
def preview(request: ClinicRequest) -> HttpResponse:
    """Answer what would go out if the rules in the form stood; changes nothing."""
    form = RulesForm(request.POST, present=ReminderSettings.load())
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        context["outlook"] = _outlook(request, form.unsaved())
        context["samples"] = _samples(request, form.unsaved())
    return render(request, "messaging/reminders_update.html", context)


@require_POST
@may(Action.WORK)
def send(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Send the reminder of one visit now; back to the patient's page."""
    try:
        reminded = reminding.send_now(appointment_id, now=clock.now())
    except LookupError as error:
        raise Http404 from error
    except reminding.NotReminded as error:
        messages.error(request, words.refusal(error))
        patient = Appointment.objects.values_list("patient_id", flat=True).get(pk=appointment_id)
    else:
        messages.success(request, _("The reminder is on its way. It is in the thread."))
        patient = next(v.patient_id for v in reminded.visits if v.pk == appointment_id)
    return redirect(reverse("people:page", args=[patient]) + "#visits")


def _outlook(request: ClinicRequest, wanted: ReminderSettings) -> screens.Outlook:
    now = clock.now()
    plan = foretelling.plan(wanted, now=now)
    return screens.outlook(plan, enabled=wanted.enabled, clinic=request.clinic, now=now)


def _samples(request: ClinicRequest, wanted: ReminderSettings) -> list[screens.Sample]:
    visit = queries.sample_visit(now=clock.now(), hours=min(wanted.steps))
    return screens.samples(wanted, visit=visit, clinic=request.clinic) if visit else []


def _page(
    request: ClinicRequest,
    present: ReminderSettings,
    form: RulesForm,
    *,
    outlook: screens.Outlook | None = None,
    sent: list[screens.Row] | None = None,
    is_sent: bool = False,
    status: int = 200,
) -> HttpResponse:
    known = facts().settings
    quiet = (known.quiet_from.strftime("%H:%M"), known.quiet_until.strftime("%H:%M"))
    by = User.objects.filter(pk=present.updated_by_id).first() if present.updated_by_id else None
    context = {
        "here": "reminders",
        "standing": screens.standing(present, by=by, quiet=quiet, clinic=request.clinic),
        "form": form,
        "may_change": can(request.user, request.clinic, Action.MANAGE_SETTINGS),
        "outlook": outlook,
        "sent": sent,
        "is_sent": is_sent,
        "samples": _samples(request, present),
        "variables": rules.VARIABLES,
    }
    return render(request, "messaging/reminders.html", context, status=status)
