"""What the inbox's actions share: which thread, and the thread as it is now for an answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from clinics.access import ClinicRequest
from messaging.inbox import queries
from messaging.inbox.views import update
from messaging.models import Conversation


def conversation_of(conversation_id: UUID) -> Conversation:
    """Return the thread. Raises Http404."""
    found = queries.conversation(conversation_id)
    if found is None:
        raise Http404
    return found


def answer(request: ClinicRequest, conversation_id: UUID, **said: Any) -> HttpResponse:
    """Answer the thread as it is now: its parts to our scripts, the whole page to a browser without them."""
    conversation = conversation_of(conversation_id)
    if request.headers.get("HX-Request"):
        return update(request, conversation, **said)
    return redirect("inbox:thread", conversation_id)
