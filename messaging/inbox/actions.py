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
from messaging import conversations, gate, notifications, outbox, times
from messaging.inbox import requests
from messaging.inbox.answering import answer, conversation_of, may
from messaging.inbox.views import ClinicRequest
from messaging.models import Conversation
from scheduling import operations
from scheduling.deciding import REASON_LENGTH
from scheduling.errors import AlreadyDecided, SchedulingError
from scheduling.models import Appointment


@require_POST
@may(Action.WORK)
def send(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Queue a reply. 409 with a sentence when it may not go, or when a colleague was faster."""
    conversation = conversation_of(conversation_id)
    now = clock.now()
    try:
        outbox.send_reply(
            conversation,
            body=request.POST.get("body", ""),
            user=request.user,
            now=now,
            client_message_id=clean(request.POST.get("client_message_id", ""))[:80] or None,
            after_message_id=None if request.POST.get("anyway") else _seen(request),
        )
    except outbox.AnsweredMeanwhile as error:
        text = _("%(name)s answered %(ago)s: send anyway?") % {
            "name": error.by.get_short_name(),
            "ago": times.ago(now - error.at),
        }
        return answer(request, conversation_id, alert={"text": text, "anyway": True}, status=409)
    except outbox.GateRefused as error:
        alert = {"text": f"{error.detail}. {error.remedy}", "code": _provider_code(error.code), "bad": True}
        return answer(request, conversation_id, alert=alert, status=409)
    except outbox.BodyRefused as error:
        detail, remedy = gate.sentences(error.code, "")
        return answer(
            request, conversation_id, alert={"text": f"{detail}. {remedy}", "bad": True}, status=409
        )
    except outbox.KeyReused:
        text = _("This text went out already in other words. Look at the thread, then send it again.")
        return answer(request, conversation_id, alert={"text": text, "bad": True}, status=409)
    return answer(request, conversation_id)


def _seen(request: ClinicRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("after_message_id", ""))
    except ValueError:
        return None


def _provider_code(code: str) -> str:
    """Return the number under which the provider knows the same refusal."""
    return "63016" if code == gate.WINDOW_CLOSED else ""


@require_POST
@may(Action.WORK)
def note(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Store a note for staff."""
    conversation = conversation_of(conversation_id)
    try:
        outbox.add_note(conversation, body=request.POST.get("body", ""), user=request.user, now=clock.now())
    except outbox.BodyRefused as error:
        detail, remedy = gate.sentences(error.code, "")
        return answer(
            request, conversation_id, alert={"text": f"{detail}. {remedy}", "bad": True}, status=409
        )
    return answer(request, conversation_id)


@require_POST
@may(Action.WORK)
def done(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Close the thread until somebody writes again."""
    conversations.done(conversation_of(conversation_id), by=request.user, now=clock.now())
    return answer(request, conversation_id, toast=_("Done. A new message brings it back."))


@require_POST
@may(Action.WORK)
def no_reply(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Say that the last message wants no answer."""
    conversations.no_reply_needed(conversation_of(conversation_id), by=request.user, now=clock.now())
    return answer(request, conversation_id, toast=_("No reply needed. A new message brings it back."))


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
