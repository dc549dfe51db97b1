"""What members write in the inbox: replies, notes, drafts, what is sent later, what is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinics.access import ClinicRequest, may
from clinics.models import Sender
from clinics.permissions import Action
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging import drafts, gate, outbox, times, variables
from messaging.attachments import sending
from messaging.inbox import later as laters
from messaging.inbox.answering import answer, conversation_of
from messaging.inbox.requesting import client_id, files, revision, sender
from messaging.models import Conversation, DraftTab

#: Nobody takes a reply back for longer; the worker is rung by then.
LONGEST_UNDO = 30

_TIMES: dict[str, Callable[[], str]] = {
    outbox.PAST: lambda: _("That time is past. Choose another one."),
    outbox.TOO_FAR: lambda: _("That is more than a year away. Choose an earlier time."),
    outbox.FULL: lambda: _("Ten messages wait in this thread already. Send or drop one of them first."),
}


@require_POST
@may(Action.WORK)
def send(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Queue a reply. 409 with a sentence when it may not go, or when a colleague was faster."""
    conversation, now, chosen = conversation_of(conversation_id), clock.now(), sender(request)
    return _said(
        request,
        conversation,
        chosen,
        lambda body: outbox.send_reply(
            conversation,
            body=body,
            user=request.user,
            now=now,
            client_message_id=client_id(request),
            after_message_id=None
            if request.POST.get("anyway")
            else id_in(request.POST.get("after_message_id", "")),
            sender=chosen,
            wait=timedelta(seconds=min(request.user.undo_seconds, LONGEST_UNDO)),
            draft=revision(request),
            files=files(request),
        ),
    )


@require_POST
@may(Action.WORK)
def later(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Keep a reply for a time of the clinic's clock."""
    conversation, now = conversation_of(conversation_id), clock.now()
    if request.FILES:
        return _refused(request, conversation, _("A file cannot wait. Send it now, or take it out."))
    send_at = laters.moment_of(request.POST.get("at", ""), request.clinic.zone, now=now)
    if send_at is None:
        return _refused(request, conversation, _("That is no time. Choose a day and an hour."))
    chosen = sender(request)
    return _said(
        request,
        conversation,
        chosen,
        lambda body: outbox.send_later(
            conversation,
            body=body,
            user=request.user,
            send_at=send_at,
            now=now,
            client_message_id=client_id(request),
            sender=chosen,
            draft=revision(request),
        ),
    )


@require_POST
@may(Action.WORK)
def note(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Store a note for staff."""
    conversation = conversation_of(conversation_id)
    try:
        outbox.add_note(
            conversation,
            body=request.POST.get("body", ""),
            user=request.user,
            now=clock.now(),
            client_message_id=client_id(request),
            draft=revision(request),
        )
    except outbox.BodyRefused as error:
        return _refused(request, conversation, ". ".join(gate.sentences(error.code, "")))
    except outbox.KeyReused:
        return _reused(request, conversation)
    return answer(request, conversation_id)


@require_POST
@may(Action.WORK)
def draft(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Keep what was typed so far; an older save than what is kept changes nothing."""
    conversation, tab = conversation_of(conversation_id), request.POST.get("tab", "")
    newest = revision(request)
    if tab not in DraftTab.values or newest is None:
        return HttpResponse(status=400)
    drafts.save(
        conversation.pk,
        request.user,
        tab=tab,
        body=request.POST.get("body", ""),
        client_message_id=request.POST.get("client_message_id", ""),
        revision=newest,
        now=clock.now(),
    )
    return HttpResponse(status=204)


@require_POST
@may(Action.WORK)
def take_back(request: ClinicRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Stop what has not left; its words come back to the composer unless they are dropped."""
    message = outbox.waiting_in(conversation_of(conversation_id).pk, message_id)
    if message is None:
        raise Http404
    try:
        outbox.take_back(message, by=request.user, now=clock.now())
    except outbox.Gone:
        return answer(request, conversation_id, toast=_("Too late: it is on its way."), status=409)
    if request.POST.get("drop"):
        return answer(request, conversation_id, toast=_("Dropped. It will not be sent."))
    return answer(request, conversation_id, taken_back=message)


def _said(
    request: ClinicRequest, conversation: Conversation, chosen: Sender | None, say: Callable[[str], object]
) -> HttpResponse:
    """Fill the variables, say it, and answer what came of it."""
    now, body = clock.now(), request.POST.get("body", "")
    channel = chosen.channel if chosen else ""
    try:
        say(variables.filled(body, conversation, clinic=request.clinic, now=now, channel=channel))
    except variables.MissingVariable as error:
        text = _("%(names)s has no value here. Write it out, or take it out.") % {
            "names": ", ".join(f"{{{name}}}" for name in error.names)
        }
        return _refused(request, conversation, text, code=error.code)
    except outbox.AnsweredMeanwhile as error:
        text = _("%(name)s answered %(ago)s: send anyway?") % {
            "name": error.by.get_short_name(),
            "ago": times.ago(now - error.at),
        }
        return answer(request, conversation.pk, alert={"text": text, "anyway": True}, status=409)
    except outbox.GateRefused as error:
        return _refused(
            request, conversation, f"{error.detail}. {error.remedy}", code=_provider_code(error.code)
        )
    except outbox.BodyRefused as error:
        return _refused(request, conversation, ". ".join(gate.sentences(error.code, "")))
    except sending.NotSendable as error:
        return _refused(request, conversation, str(error.sentence))
    except outbox.TimeRefused as error:
        return _refused(request, conversation, _TIMES[error.code]())
    except outbox.KeyReused:
        return _reused(request, conversation)
    return answer(request, conversation.pk)


def _refused(
    request: ClinicRequest, conversation: Conversation, text: str, *, code: str = ""
) -> HttpResponse:
    alert: dict[str, Any] = {"text": text, "code": code, "bad": True}
    return answer(request, conversation.pk, alert=alert, status=409)


def _reused(request: ClinicRequest, conversation: Conversation) -> HttpResponse:
    text = _("This text went out already in other words. Look at the thread, then send it again.")
    return _refused(request, conversation, text)


def _provider_code(code: str) -> str:
    """Return the number under which the provider knows the same refusal."""
    return "63016" if code == gate.WINDOW_CLOSED else ""
