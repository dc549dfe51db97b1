"""Threads and messages as the inbox keeps them, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics.model_admins import InlineRights, OneRowAdmin, ReadOnlyAdmin
from clinics.sites import clinic_site
from messaging.models import (
    Attempt,
    Conversation,
    Message,
    MessageStatus,
    MessagingSettings,
    WorkState,
)
from scheduling.models import ContactPoint


def who_is(point: ContactPoint) -> str:
    """Return how the other side of a thread is called."""
    return point.display_name or point.phone or str(_("hidden number"))


@admin.register(Conversation, site=clinic_site)
class ConversationAdmin(ReadOnlyAdmin):
    """Threads, as the inbox keeps them."""

    list_display = ["who", "work_label", "last_body", "last_message_at", "unread_count", "put_away_at"]
    list_filter = ["work_state", "last_channel"]
    list_select_related = ["contact_point"]
    search_fields = ["contact_point__search_key", "contact_point__phone"]
    fields = [
        "who",
        "state",
        "work_state",
        "unread_count",
        "waiting_since",
        "last_message_at",
        "last_body",
        "window_closes_at",
        "bot_paused_until",
        "bot_off",
        "put_away_at",
        "created_at",
    ]

    @display(description=_("contact"))
    def who(self, conversation: Conversation) -> str:
        """Return how the other side is called."""
        return who_is(conversation.contact_point)

    @display(
        description=_("where it stands"),
        label={
            WorkState.NEEDS_REPLY: "danger",
            WorkState.BOT: "info",
            WorkState.WAITING: "warning",
            WorkState.DONE: "success",
        },
    )
    def work_label(self, conversation: Conversation) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return conversation.work_state, conversation.get_work_state_display()


class Attempts(InlineRights, TabularInline):  # type: ignore[misc]
    """How a message was tried to be sent."""

    model = Attempt
    fields = readonly_fields = ["n", "kind", "state", "error_code", "provider_id", "created_at", "settled_at"]
    extra = 0
    can_add = can_change = False


@admin.register(Message, site=clinic_site)
class MessageAdmin(ReadOnlyAdmin):
    """Messages with what became of them."""

    list_display = ["created_at", "who", "direction", "channel", "author", "status_label", "short_body"]
    list_filter = ["direction", "channel", "status", "author"]
    list_select_related = ["conversation__contact_point"]
    fields = [
        "who",
        "direction",
        "channel",
        "kind",
        "author",
        "body",
        "language",
        "status",
        "reason",
        "error_code",
        "provider_message_id",
        "occurred_at",
        "created_at",
    ]
    inlines = [Attempts]
    show_full_result_count = False

    @display(description=_("contact"))
    def who(self, message: Message) -> str:
        """Return how the other side is called."""
        return who_is(message.conversation.contact_point)

    @display(description=_("text"))
    def short_body(self, message: Message) -> str:
        """Return the beginning."""
        return message.body if len(message.body) < 80 else message.body[:79] + "…"

    @display(
        description=_("status"),
        label={
            MessageStatus.FAILED: "danger",
            MessageStatus.UNDELIVERED: "danger",
            MessageStatus.BLOCKED: "danger",
            MessageStatus.UNKNOWN: "warning",
            MessageStatus.QUEUED: "warning",
            MessageStatus.DELIVERED: "success",
            MessageStatus.READ: "success",
        },
    )
    def status_label(self, message: Message) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return message.status, message.get_status_display()


@admin.register(MessagingSettings, site=clinic_site)
class MessagingSettingsAdmin(OneRowAdmin):
    """Rules of talking."""
