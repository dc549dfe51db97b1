"""The clinic's admin of threads, messages and consent, to look at; and the platform's of held events."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics.models import HeldEvent
from clinics.sites import (
    InlineRights,
    OneRowAdmin,
    PlatformReadOnlyAdmin,
    ReadOnlyAdmin,
    clinic_site,
    platform_site,
)
from medsync.lib import clock
from messaging import held
from messaging.models import (
    Attempt,
    ChannelConsent,
    ConsentEvent,
    Conversation,
    Message,
    MessageStatus,
    MessagingSettings,
    WorkState,
)
from scheduling.models import ContactPoint


def _who(point: ContactPoint) -> str:
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
        return _who(conversation.contact_point)

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
        return _who(message.conversation.contact_point)

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


@admin.register(ChannelConsent, site=clinic_site)
class ChannelConsentAdmin(ReadOnlyAdmin):
    """Who may be written to, as it stands."""

    list_display = ["who", "channel", "care", "news", "opted_out_at", "updated_at"]
    list_filter = ["channel", "care"]
    list_select_related = ["contact_point"]
    fields = ["who", "channel", "care", "news", "opted_out_at", "updated_at"]

    @display(description=_("contact"))
    def who(self, consent: ChannelConsent) -> str:
        """Return how the other side is called."""
        return _who(consent.contact_point)


@admin.register(ConsentEvent, site=clinic_site)
class ConsentEventAdmin(ReadOnlyAdmin):
    """The ledger: who said what about being written to, when, and how we know."""

    list_display = ["at", "who", "channel", "purpose", "action", "source"]
    list_filter = ["channel", "action", "source"]
    list_select_related = ["contact_point"]
    fields = ["at", "who", "channel", "purpose", "action", "source", "wording"]

    @display(description=_("contact"))
    def who(self, event: ConsentEvent) -> str:
        """Return how the other side is called."""
        return _who(event.contact_point)


@admin.register(MessagingSettings, site=clinic_site)
class MessagingSettingsAdmin(OneRowAdmin):
    """Rules of talking."""


@admin.register(HeldEvent, site=platform_site)
class HeldEventAdmin(PlatformReadOnlyAdmin):
    """Webhooks that wait for somebody. What they say is encrypted, and not shown."""

    list_display = ["received_at", "reason", "kind", "channel", "account", "error", "tries", "replayed_at"]
    list_filter = ["reason", "kind", "channel"]
    list_select_related = ["account"]
    fields = [
        "received_at",
        "account",
        "reason",
        "kind",
        "channel",
        "to_number",
        "error",
        "tries",
        "replayed_at",
    ]
    actions = ["process_again"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave the content where it is."""
        return super().get_queryset(request).defer("body")

    @admin.action(description=_("Process again"))
    def process_again(self, request: HttpRequest, events: QuerySet[HeldEvent]) -> None:
        """Replay, oldest first; what is done with stays listed with its time."""
        now = clock.now()
        waiting = held.waiting().filter(pk__in=events.values("pk"))
        outcomes = [held.replay(event, now=now) for event in waiting]
        messages.info(
            request,
            _("Done: %(done)d. Still held: %(left)d.")
            % {"done": sum(outcomes), "left": len(outcomes) - sum(outcomes)},
        )
