"""What the inbox's actions share: who may, which thread, and the thread as it is now for an answer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect

from clinics.permissions import Action, can
from messaging.inbox import queries
from messaging.inbox.views import ClinicRequest, update
from messaging.models import Conversation

P = ParamSpec("P")
View = Callable[Concatenate[ClinicRequest, P], HttpResponse]


def may(action: Action) -> Callable[[View[P]], View[P]]:
    """Refuse members whose role does not allow it; what a page hides the server refuses too."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def asked(request: ClinicRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not can(request.user, request.clinic, action):
                return HttpResponseForbidden()
            return view(request, *args, **kwargs)

        return cast("View[P]", asked)

    return decorate


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
