"""Threads and their messages by API."""

from uuid import UUID

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.paging import Order, page
from clinics.api.schema import describe, listing
from clinics.api.views import ClinicAPIView
from clinics.permissions import Action
from medsync.lib import clock
from messaging import conversations as threads
from messaging.api.reading import conversation_shapes, conversations, message_shapes, messages
from messaging.api.shapes import ConversationShape, MessageShape
from messaging.models import Conversation

TAG = "conversations"
NEWEST_FIRST = Order("conversations", ("-last_message_at", "-id"), changes=True)
NEWEST_MESSAGE_FIRST = Order("messages", ("-created_at", "-id"), changes=True)


class Conversations(ClinicAPIView):
    """The threads that are not put away; one appears with its first message."""

    @describe("List conversations", answers=listing(ConversationShape), pages=True, tag=TAG)
    def get(self, request: Request) -> Response:
        """Return the newest first."""
        rows = conversations().filter(put_away_at=None, last_message_at__isnull=False)
        return Response(page(rows, request, NEWEST_FIRST, conversation_shapes, scope=self.scope))


class OneConversation(ClinicAPIView):
    """One thread."""

    actions = {"delete": Action.PUT_AWAY}

    @describe("Read a conversation", answers=ConversationShape, tag=TAG)
    def get(self, request: Request, id: UUID) -> Response:
        """Return the thread, also one that was put away."""
        row = conversations().filter(pk=id).first()
        if row is None:
            raise Http404
        return Response(conversation_shapes([row])[0])

    @describe(
        "Put a conversation away",
        status=204,
        roles=True,
        tag=TAG,
        description="It leaves the lists, nothing is deleted; the patient's next message brings it back.",
    )
    def delete(self, request: Request, id: UUID) -> Response:
        """Put the thread away."""
        row = Conversation.objects.filter(pk=id).first()
        if row is None:
            raise Http404
        threads.put_away(row, by=self.member, now=clock.now())
        return Response(status=204)


class Messages(ClinicAPIView):
    """What was said in a thread, with the notes of staff."""

    @describe("List the messages of a conversation", answers=listing(MessageShape), pages=True, tag=TAG)
    def get(self, request: Request, id: UUID) -> Response:
        """Return the newest first."""
        rows = messages().filter(conversation=id)
        answer = page(rows, request, NEWEST_MESSAGE_FIRST, message_shapes, scope=f"{self.scope}:{id}")
        if not answer["results"] and not Conversation.objects.filter(pk=id).exists():
            raise Http404
        return Response(answer)
