"""What members do about single messages: the ways out of a failure, and "I have seen this"."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock
from messaging import conversations, outbox, suggesting
from messaging.inbox.answering import answer, conversation_of
from messaging.models import Direction, Kind, Message


@require_POST
@may(Action.WORK)
def seen(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Remember up to when this member has seen the thread; changes nothing for anybody else."""
    conversations.seen(conversation_of(conversation_id), by=request.user, now=clock.now())
    return HttpResponse(status=204)


@require_POST
@may(Action.WORK)
def again(request: ClinicRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Send a message that did not arrive once more."""
    return _solve(
        request,
        conversation_id,
        message_id,
        lambda message: outbox.send_again(message, now=clock.now()),
        _("It is on its way once more."),
    )


@require_POST
@may(Action.WORK)
def by_sms(request: ClinicRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Send the same words by SMS instead."""
    return _solve(
        request,
        conversation_id,
        message_id,
        lambda message: outbox.send_by_sms(message, by=request.user, now=clock.now()),
        _("It goes by SMS."),
    )


@require_POST
@may(Action.WORK)
def settled(request: ClinicRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Note that the patient knows by another way."""
    return _solve(
        request,
        conversation_id,
        message_id,
        lambda message: outbox.settle_otherwise(message, now=clock.now()),
        _("Settled. It is no longer counted as not delivered."),
    )


@require_POST
@may(Action.WORK)
def coming(request: ClinicRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Take a patient's thumb on a reminder for a yes."""
    note = Message.objects.filter(
        pk=message_id, conversation_id=conversation_id, kind=Kind.NOTE, payload__has_key="suggests"
    ).first()
    if note is None:
        raise Http404
    if not suggesting.accept(note, by=request.user, now=clock.now()):
        toast = _("It has changed meanwhile; look again.")
        return answer(request, conversation_id, toast=toast, status=409)
    return answer(request, conversation_id, toast=_("Marked as coming."))


def _solve(
    request: ClinicRequest,
    conversation_id: UUID,
    message_id: UUID,
    way: Callable[[Message], object],
    done: str,
) -> HttpResponse:
    message = (
        Message.objects.filter(pk=message_id, conversation_id=conversation_id, direction=Direction.OUTBOUND)
        .select_related("conversation", "sender__account")
        .first()
    )
    if message is None:
        raise Http404
    try:
        way(message)
    except outbox.GateRefused as refused:
        alert = {"text": f"{refused.detail}. {refused.remedy}", "bad": True}
        return answer(request, conversation_id, alert=alert, status=409)
    except outbox.NothingToSolve:
        toast = _("It has changed meanwhile; look again.")
        return answer(request, conversation_id, toast=toast, status=409)
    return answer(request, conversation_id, toast=done)
