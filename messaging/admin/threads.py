"""Threads and messages as the inbox keeps them, to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from clinics import readable
from clinics.model_admins import InlineRights, OneRowAdmin, ReadOnlyAdmin
from clinics.models import Channel
from clinics.sites import clinic_site
from clinics.tenancy import current_clinic
from medsync.lib import phone
from messaging.models import (
    Attempt,
    Author,
    Conversation,
    Message,
    MessageStatus,
    MessagingSettings,
    WorkState,
)
from scheduling.models import ContactPoint


def who_is(point: ContactPoint) -> str:
    """Return how the other side of a thread is called."""
    if point.display_name or not point.phone:
        return point.display_name or str(_("hidden number"))
    return phone.display(point.phone, current_clinic().country)


def shortened(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) < 80 else text[:79] + "…"


class ChannelFilter(admin.SimpleListFilter):
    """By channel, in its words."""

    title = _("channel")
    parameter_name = "channel"
    field = "last_channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the channels that texts travel on."""
        return [(code, readable.channel(code)) for code in (Channel.WHATSAPP, Channel.SMS, "note")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return what went over the chosen one."""
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class ChannelOfMessageFilter(ChannelFilter):
    """The same for messages."""

    field = "channel"


class ResultFilter(admin.SimpleListFilter):
    """Messages by what became of them, in the words of the overview."""

    title = _("result")
    parameter_name = "result"
    statuses = {
        "arrived": (MessageStatus.DELIVERED, MessageStatus.READ),
        "sent": (MessageStatus.SENT,),
        "way": (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN),
        "failed": (MessageStatus.FAILED, MessageStatus.UNDELIVERED),
        "held": (MessageStatus.BLOCKED, MessageStatus.CANCELLED),
        "received": (MessageStatus.RECEIVED,),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the results."""
        return [
            ("arrived", gettext("Arrived")),
            ("sent", gettext("Sent, not yet delivered")),
            ("way", gettext("On the way")),
            ("failed", gettext("Not delivered")),
            ("held", gettext("Held back or cancelled")),
            ("received", gettext("From patients, and notes")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the messages with that result."""
        found = self.statuses.get(self.value() or "")
        return queryset.filter(status__in=found) if found else queryset


@admin.register(Conversation, site=clinic_site)
class ConversationAdmin(ReadOnlyAdmin):
    """Threads, as the inbox keeps them."""

    list_display = ["who", "work_label", "last_line", "last_message_at", "unread_count", "channel_word"]
    list_filter = ["work_state", ChannelFilter, "bot_off"]
    list_select_related = ["contact_point"]
    search_fields = ["contact_point__search_key", "contact_point__phone"]
    fields = [
        "who",
        "work_label",
        "state",
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

    @display(description=_("last line"))
    def last_line(self, conversation: Conversation) -> str:
        """Return the last message's beginning."""
        return shortened(conversation.last_body)

    @display(description=_("channel"), ordering="last_channel")
    def channel_word(self, conversation: Conversation) -> str:
        """Return the channel of the last message."""
        return readable.channel(conversation.last_channel)

    def row_title(self, row: Conversation) -> str:
        """Return how the other side is called."""
        return who_is(row.contact_point)

    @display(
        description=_("where it stands"),
        label=readable.Tones(
            {
                WorkState.NEEDS_REPLY: "danger",
                WorkState.BOT: "info",
                WorkState.WAITING: "warning",
                WorkState.DONE: "success",
            }
        ),
    )
    def work_label(self, conversation: Conversation) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return conversation.work_state, conversation.get_work_state_display()


class Attempts(InlineRights, TabularInline):  # type: ignore[misc]
    """How a message was tried to be sent."""

    model = Attempt
    fields = readonly_fields = [
        "n",
        "kind",
        "state_label",
        "error_code",
        "provider_id",
        "created_at",
        "settled_at",
    ]
    extra = 0
    can_add = can_change = False

    @display(description=_("status"))
    def state_label(self, attempt: Attempt) -> str:
        """Return what became of it, in a word."""
        known = attempt.state in MessageStatus.values
        return readable.word(MessageStatus(attempt.state).label) if known else attempt.state


@admin.register(Message, site=clinic_site)
class MessageAdmin(ReadOnlyAdmin):
    """Messages with what became of them."""

    list_display = ["when", "who", "author_label", "channel_word", "status_label", "short_body"]
    list_filter = [ResultFilter, ChannelOfMessageFilter, "author", "kind"]
    list_select_related = ["conversation__contact_point"]
    fields = [
        "who",
        "author_label",
        "channel_word",
        "kind",
        "body",
        "language_words",
        "status_label",
        "reason",
        "error_code",
        "provider_message_id",
        "occurred_at",
        "when",
    ]
    inlines = [Attempts]
    sortable_by: list[str] = []
    show_full_result_count = False
    paginator = InfinitePaginator

    @display(description=_("contact"))
    def who(self, message: Message) -> str:
        """Return how the other side is called."""
        return who_is(message.conversation.contact_point)

    @display(description=_("when"))
    def when(self, message: Message) -> str:
        """Return when it was written."""
        return readable.moment(message.created_at)

    @display(description=_("text"))
    def short_body(self, message: Message) -> str:
        """Return the beginning."""
        return shortened(message.body)

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """Read the newest from the primary key, however many there are: ids are made in time's order.

        A demo's past is made in one go, so there, with its few messages, the time itself decides.
        """
        return ["-created_at", "-id"] if request.clinic.is_demo else ["-id"]  # type: ignore[attr-defined]

    @display(description=_("author"), label=readable.Tones({Author.PATIENT: "info", Author.BOT: "primary"}))
    def author_label(self, message: Message) -> tuple[str, str]:
        """Return who wrote it: a key, for its colour, and its word."""
        return message.author, readable.word(message.get_author_display())

    @display(description=_("channel"))
    def channel_word(self, message: Message) -> str:
        """Return the channel's word."""
        return readable.channel(message.channel)

    @display(description=_("language"))
    def language_words(self, message: Message) -> str:
        """Return the language's name."""
        return readable.language(message.language)

    def row_title(self, row: Message) -> str:
        """Return whom it was with, and when."""
        return f"{who_is(row.conversation.contact_point)}, {readable.moment(row.created_at)}"

    @display(
        description=_("status"),
        label=readable.Tones(
            {
                MessageStatus.FAILED: "danger",
                MessageStatus.UNDELIVERED: "danger",
                MessageStatus.BLOCKED: "danger",
                MessageStatus.UNKNOWN: "warning",
                MessageStatus.QUEUED: "warning",
                MessageStatus.DELIVERED: "success",
                MessageStatus.READ: "success",
            }
        ),
    )
    def status_label(self, message: Message) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return message.status, readable.word(message.get_status_display())


@admin.register(MessagingSettings, site=clinic_site)
class MessagingSettingsAdmin(OneRowAdmin):
    """Rules of talking."""
