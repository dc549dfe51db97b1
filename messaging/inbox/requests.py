"""What members answer to a request from its card in a thread: the decision, then the thread as it is now."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock
from messaging.inbox.answering import answer
from messaging.models import Conversation
from messaging.requests import decisions
from messaging.requests.decisions import Outcome
from scheduling.models import Appointment


@require_POST
@may(Action.DECIDE)
def accept(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Accept a request; the patient is told by what follows from it."""
    appointment, conversation_id = _request(appointment_id)
    outcome = decisions.accept(appointment, user=request.user, now=clock.now())
    return _answer(request, conversation_id, outcome)


@require_POST
@may(Action.DECIDE)
def decline(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Decline a request, with a word for the patient if there is one."""
    appointment, conversation_id = _request(appointment_id)
    reason = decisions.reason_from(request.POST, appointment)
    outcome = decisions.decline(appointment, reason=reason, user=request.user, now=clock.now())
    return _answer(request, conversation_id, outcome)


@require_POST
@may(Action.DECIDE)
def offer(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Offer other times instead; the request stays until the patient answers."""
    appointment, conversation_id = _request(appointment_id)
    slots = decisions.slots_from(request.POST, appointment)
    outcome = decisions.offer(appointment, slots=slots, user=request.user, now=clock.now())
    return _answer(request, conversation_id, outcome)


def _request(appointment_id: UUID) -> tuple[Appointment, UUID]:
    related = ("patient", "practitioner", "type", "location", "contact_point")
    appointment = get_object_or_404(
        Appointment.objects.select_related(*related), pk=appointment_id, contact_point__isnull=False
    )
    conversation = get_object_or_404(
        Conversation, contact_point=appointment.contact_point_id, put_away_at=None
    )
    return appointment, conversation.pk


def _answer(request: ClinicRequest, conversation_id: UUID, outcome: Outcome) -> HttpResponse:
    return answer(request, conversation_id, toast=outcome.said, status=outcome.status)
