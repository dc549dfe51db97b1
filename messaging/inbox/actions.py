"""What members do in the inbox: one domain call each, then the thread as it is now."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseForbidden
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinics.permissions import Action, can
from medsync.lib import clock
from medsync.lib.text import clean
from messaging import conversations, gate, notifications, outbox, times
from messaging.inbox import queries, requests
from messaging.inbox.views import ClinicRequest, update
from messaging.models import Conversation
from scheduling import operations
from scheduling.deciding import REASON_LENGTH
from scheduling.errors import AlreadyDecided, SchedulingError
from scheduling.models import Appointment

P = ParamSpec("P")
_View = Callable[Concatenate[ClinicRequest, P], HttpResponse]


def _may(action: Action) -> Callable[[_View[P]], _View[P]]:
    """Refuse members whose role does not allow it; what a page hides the server refuses too."""

    def decorate(view: _View[P]) -> _View[P]:
        @functools.wraps(view)
        def asked(request: ClinicRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not can(request.user, request.clinic, action):
                return HttpResponseForbidden()
            return view(request, *args, **kwargs)

        return cast("_View[P]", asked)

    return decorate


def _conversation(conversation_id: UUID) -> Conversation:
    found = queries.conversation(conversation_id)
    if found is None:
        raise Http404
    return found


def _answer(request: ClinicRequest, conversation_id: UUID, **said: Any) -> HttpResponse:
    """Answer the thread as it is now: its parts to our scripts, the whole page to a browser without them."""
    conversation = _conversation(conversation_id)
    if request.headers.get("HX-Request"):
        return update(request, conversation, **said)
    return redirect("inbox:thread", conversation_id)


@require_POST
@_may(Action.WORK)
def send(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Queue a reply. 409 with a sentence when it may not go, or when a colleague was faster."""
    conversation = _conversation(conversation_id)
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
        return _answer(request, conversation_id, alert={"text": text, "anyway": True}, status=409)
    except outbox.GateRefused as error:
        alert = {"text": f"{error.detail}. {error.remedy}", "code": _provider_code(error.code), "bad": True}
        return _answer(request, conversation_id, alert=alert, status=409)
    except outbox.BodyRefused as error:
        detail, remedy = gate.sentences(error.code, "")
        return _answer(
            request, conversation_id, alert={"text": f"{detail}. {remedy}", "bad": True}, status=409
        )
    except outbox.KeyReused:
        text = _("This text went out already in other words. Look at the thread, then send it again.")
        return _answer(request, conversation_id, alert={"text": text, "bad": True}, status=409)
    return _answer(request, conversation_id)


def _seen(request: ClinicRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("after_message_id", ""))
    except ValueError:
        return None


def _provider_code(code: str) -> str:
    """Return the number under which the provider knows the same refusal."""
    return "63016" if code == gate.WINDOW_CLOSED else ""


@require_POST
@_may(Action.WORK)
def note(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Store a note for staff."""
    conversation = _conversation(conversation_id)
    try:
        outbox.add_note(conversation, body=request.POST.get("body", ""), user=request.user, now=clock.now())
    except outbox.BodyRefused as error:
        detail, remedy = gate.sentences(error.code, "")
        return _answer(
            request, conversation_id, alert={"text": f"{detail}. {remedy}", "bad": True}, status=409
        )
    return _answer(request, conversation_id)


@require_POST
@_may(Action.WORK)
def done(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Close the thread until somebody writes again."""
    conversations.done(_conversation(conversation_id), by=request.user, now=clock.now())
    return _answer(request, conversation_id, toast=_("Done. A new message brings it back."))


@require_POST
@_may(Action.WORK)
def no_reply(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Say that the last message wants no answer."""
    conversations.no_reply_needed(_conversation(conversation_id), by=request.user, now=clock.now())
    return _answer(request, conversation_id, toast=_("No reply needed. A new message brings it back."))


@require_POST
@_may(Action.DECIDE)
def accept(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Accept a request; the patient is told by what follows from it."""
    appointment, conversation_id = _request(appointment_id)
    try:
        operations.accept(appointment, by=request.user, now=clock.now())
    except AlreadyDecided as error:
        return _decided(request, conversation_id, error)
    except SchedulingError:
        return _answer(request, conversation_id, toast=_("It has changed meanwhile; look again."), status=409)
    return _answer(request, conversation_id)


@require_POST
@_may(Action.DECIDE)
def decline(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Decline a request, with a word for the patient if there is one."""
    appointment, conversation_id = _request(appointment_id)
    reason = clean(request.POST.get("reason", "")).strip()[:REASON_LENGTH]
    try:
        operations.reject(appointment, by=request.user, reason=reason, now=clock.now())
    except AlreadyDecided as error:
        return _decided(request, conversation_id, error)
    except SchedulingError:
        return _answer(request, conversation_id, toast=_("It has changed meanwhile; look again."), status=409)
    return _answer(request, conversation_id)


@require_POST
@_may(Action.DECIDE)
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
    return _answer(request, conversation_id, toast=said, status=409)
