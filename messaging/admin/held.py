"""Webhooks that wait for somebody, on the platform's site. What they say is encrypted, and not shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinics import readable
from clinics.model_admins import PlatformReadOnlyAdmin
from clinics.models import HeldEvent
from clinics.sites import platform_site
from medsync.lib import clock
from messaging import held


class WaitsFilter(admin.SimpleListFilter):
    """Held events by whether somebody must still look at them."""

    title = _("state")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", gettext("Waits")), ("no", gettext("Processed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[HeldEvent]) -> QuerySet[HeldEvent]:
        """Return one side."""
        if self.value() == "yes":
            return queryset.filter(replayed_at=None)
        return queryset.exclude(replayed_at=None) if self.value() == "no" else queryset


@admin.register(HeldEvent, site=platform_site)
class HeldEventAdmin(PlatformReadOnlyAdmin):
    """Webhooks that wait for somebody. What they say is encrypted, and not shown."""

    list_display = [
        "received_at",
        "state_label",
        "reason_word",
        "kind_word",
        "channel_word",
        "provider",
        "tries",
    ]
    list_filter = [WaitsFilter, "reason", "received_at"]
    list_select_related = ["account"]
    fields = [
        "received_at",
        "state_label",
        "provider",
        "account",
        "reason_word",
        "kind_word",
        "channel_word",
        "to_number",
        "error",
        "tries",
        "replayed_at",
    ]
    actions = ["process_again"]

    @display(
        description=_("state"),
        ordering="replayed_at",
        label=readable.Tones({"waits": "warning", "done": "success"}),
    )
    def state_label(self, event: HeldEvent) -> tuple[str, str]:
        """Return whether it waits."""
        return ("done", gettext("Processed")) if event.replayed_at else ("waits", gettext("Waits"))

    @display(description=_("reason"), ordering="reason")
    def reason_word(self, event: HeldEvent) -> str:
        """Return why it is held."""
        return readable.word(event.get_reason_display())

    @display(description=_("what"), ordering="kind")
    def kind_word(self, event: HeldEvent) -> str:
        """Return what came."""
        words = {"message": gettext("Message"), "status": gettext("Status callback")}
        return words.get(event.kind, readable.word(event.kind))

    @display(description=_("channel"), ordering="channel")
    def channel_word(self, event: HeldEvent) -> str:
        """Return the channel's word."""
        return readable.channel(event.channel)

    @display(description=_("provider"), ordering="account__provider")
    def provider(self, event: HeldEvent) -> str:
        """Return who sent it."""
        return event.account.provider.capitalize()

    def row_title(self, row: HeldEvent) -> str:
        """Return when it came."""
        return readable.moment(row.received_at)

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
