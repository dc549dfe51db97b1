"""What members do in the inbox: one domain call each, then the thread as it is now."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinics.permissions import Action
from medsync.lib import clock
from medsync.lib.text import clean
from messaging import notifications
from messaging.inbox import requests
from messaging.inbox.answering import answer, may
from messaging.inbox.views import ClinicRequest
from messaging.models import Conversation
from scheduling import operations
from scheduling.deciding import REASON_LENGTH
from scheduling.errors import AlreadyDecided, SchedulingError
from scheduling.models import Appointment


@require_POST
@may(Action.DECIDE)
def accept(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Accept a request; the patient is told by what follows from it."""
    appointment, conversation_id = _request(appointment_id)
    try:
        operations.accept(appointment, by=request.user, now=clock.now())
    except AlreadyDecided as error:
        return _decided(request, conversation_id, error)
    except SchedulingError:
        return answer(request, conversation_id, toast=_("It has changed meanwhile; look again."), status=409)
    return answer(request, conversation_id)


@require_POST
@may(Action.DECIDE)
def decline(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Decline a request, with a word for the patient if there is one."""
    appointment, conversation_id = _request(appointment_id)
    reason = clean(request.POST.get("reason", "")).strip()[:REASON_LENGTH]
    try:
        operations.reject(appointment, by=request.user, reason=reason, now=clock.now())
    except AlreadyDecided as error:
        return _decided(request, conversation_id, error)
    except SchedulingError:
        return answer(request, conversation_id, toast=_("It has changed meanwhile; look again."), status=409)
    return answer(request, conversation_id)


@require_POST
@may(Action.DECIDE)
def decline_text(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Answer word for word what the patient would get with this reason; changes nothing. POST, for it carries words."""
    appointment, _conversation_id = _request(appointment_id)
    reason = clean(request.POST.get("reason", "")).strip()[:REASON_LENGTH]
    text = notifications.preview(appointment, "reject", clock.now(), reason=reason)
    context = {"item": {"id": appointment.pk}, "text": text}
    return render(request, "messaging/decline_text.html", context)


def _request(appointment_id: UUID) -> tuple[Appointment, UUID]:
    appointment = get_object_or_404(Appointment, pk=appointment_id, contact_point__isnull=False)
    conversation = get_object_or_404(
        Conversation, contact_point=appointment.contact_point_id, put_away_at=None
    )
    return appointment, conversation.pk


def _decided(request: ClinicRequest, conversation_id: UUID, error: AlreadyDecided) -> HttpResponse:
    said = requests.line(error.appointment, user=request.user, now=clock.now()).bold
    return answer(request, conversation_id, toast=said, status=409)
