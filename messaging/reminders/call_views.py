"""The call list: who must be called about a visit, and what the call found out."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock
from messaging.models import Called
from messaging.reminders import call_screens, calling
from scheduling.errors import SchedulingError


@require_GET
@may(Action.WORK)
def page(request: ClinicRequest) -> HttpResponse:
    """Show the list; it prints."""
    now = clock.now()
    rows = calling.to_call(now=now, until=calling.until(request.clinic.zone, now=now))
    shown = call_screens.call_list(rows, clinic=request.clinic, now=now)
    return render(request, "messaging/call_list.html", {"here": "calls", "list": shown})


@require_POST
@may(Action.WORK)
def called(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Note what a call found out."""
    outcome, version = request.POST.get("outcome", ""), request.POST.get("version", "")
    if outcome not in Called.values or not version.isdecimal() or len(version) > 9:
        return HttpResponseBadRequest()
    try:
        calling.called(
            appointment_id,
            version=int(version),
            outcome=Called(outcome),
            by=request.user,
            now=clock.now(),
        )
    except LookupError as error:
        raise Http404 from error
    except SchedulingError:
        messages.error(request, _("This visit has changed meanwhile. Look at its new time before you call."))
    else:
        messages.success(request, _("Noted."))
    return redirect("reminders:calls")
