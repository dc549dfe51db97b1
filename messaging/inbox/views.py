"""The inbox's pages and fragments: translate, read, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from clinics.access import ClinicRequest
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging import foretelling
from messaging.facts import facts
from messaging.inbox import listing, person, queries, rail, screens, why
from messaging.inbox import thread as threads
from messaging.inbox.queries import View
from messaging.models import Conversation, Message


@require_GET
def page(request: ClinicRequest) -> HttpResponse:
    """Show the list of a view, no thread open."""
    return _page(request, None)


@require_GET
def thread(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Show a thread: the whole page, its pane, or (for a re-read) its parts."""
    conversation = queries.conversation(conversation_id)
    if request.headers.get("X-Pane") == "thread":
        if conversation is None:
            raise Http404
        return render(request, "messaging/thread.html", thread_context(request, conversation))
    if request.headers.get("HX-Request"):
        if conversation is None:
            raise Http404
        return update(request, conversation)
    return _page(request, conversation, missing=conversation is None)


@require_GET
def older(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Answer the page of a thread before the one that is shown."""
    conversation = queries.conversation(conversation_id)
    if conversation is None:
        raise Http404
    context = thread_context(request, conversation, older=request.GET.get("before", ""))
    return render(request, "messaging/thread_older.html", context)


@require_GET
def person_fragment(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Answer the pane beside a thread: who is at the other end."""
    conversation = queries.conversation(conversation_id)
    if conversation is None:
        raise Http404
    now = clock.now()
    shown = person.person(person.rows(conversation, now=now), clinic=request.clinic, now=now)
    return render(request, "messaging/person.html", {"person": shown})


@require_GET
def list_fragment(request: ClinicRequest) -> HttpResponse:
    """Answer the list pane anew, or its next page."""
    after = request.GET.get("after", "")
    context = _list_context(request, cursor=after)
    return render(request, "messaging/list_more.html" if after else "messaging/list_update.html", context)


@require_GET
def why_fragment(request: ClinicRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Answer why a message was, or was not, sent."""
    message = queries.message_with_history(conversation_id, message_id)
    if message is None:
        raise Http404
    proof, patient_id = queries.consent_behind(message)
    page = reverse("people:page", args=[patient_id]) + "#consent" if patient_id else ""
    explained = why.explain(message, clinic=request.clinic, now=clock.now(), proof=proof, proof_url=page)
    return render(request, "messaging/why.html", {"why": explained})


def update(
    request: ClinicRequest,
    conversation: Conversation,
    *,
    alert: dict[str, Any] | None = None,
    toast: str = "",
    undo: str = "",
    taken_back: Message | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer the parts of a thread that a page merges, with a sentence on what was refused, if anything was."""
    context = thread_context(request, conversation) | {
        "alert": alert,
        "toast": toast,
        "undo": undo,
        "taken_back": taken_back,
    }
    return render(request, "messaging/thread_update.html", context, status=status)


def thread_context(request: ClinicRequest, conversation: Conversation, *, older: str = "") -> dict[str, Any]:
    """Return what thread.html needs."""
    seen_at = clock.moment_in(request.GET.get("seen", ""))
    sought = id_in(request.GET.get("message", ""))
    place = queries.place_of(conversation, sought) if sought and not older else None
    if place is None:
        rows = queries.thread(conversation, user=request.user, older=older, seen_at=seen_at)
    else:
        rows = queries.thread(
            conversation, user=request.user, older=place.older, seen_at=seen_at, limit=place.limit
        )
    now = clock.now()
    return {
        "thread": threads.thread(
            rows,
            clinic=request.clinic,
            user=request.user,
            view=_view(request),
            preview=lambda appointment: foretelling.preview(appointment, "accept", now),
            now=now,
            sought=sought if place else None,
            past=bool(place and place.older),
            neutral=facts().neutral_on(conversation.last_channel),
        )
    }


def _page(
    request: ClinicRequest, conversation: Conversation | None, *, missing: bool = False
) -> HttpResponse:
    context = _list_context(request, selected=conversation.id if conversation else None)
    if conversation:
        context |= thread_context(request, conversation)
    context |= {"missing": missing}
    return render(request, "messaging/inbox.html", context, status=404 if missing else 200)


def _list_context(
    request: ClinicRequest, *, selected: UUID | None = None, cursor: str = ""
) -> dict[str, Any]:
    view, now, clinic = _view(request), clock.now(), request.clinic
    counts = {} if cursor else rail.counts(request)
    phone = rail.has_phones(request, clinic)
    found = listing.conversations(view, clinic=clinic, user=request.user, now=now, cursor=cursor)
    nobody = view is View.NEEDS_REPLY and not found.conversations and not cursor
    shown = screens.list_page(
        found,
        view,
        clinic=clinic,
        user=request.user,
        counts=counts,
        selected=selected,
        phone=phone,
        closing=listing.next_closing(now=now) if nobody else None,
        now=now,
    )
    return {"page": shown, "here": view.value}


def _view(request: ClinicRequest) -> View:
    try:
        view = View(request.GET.get("view", View.NEEDS_REPLY))
    except ValueError:
        return View.NEEDS_REPLY
    return View.NEEDS_REPLY if view is View.REQUESTS else view
