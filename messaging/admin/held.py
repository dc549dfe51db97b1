"""Webhooks that wait for somebody, on the platform's site. What they say is encrypted, and not shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinics.model_admins import PlatformReadOnlyAdmin
from clinics.models import HeldEvent
from clinics.sites import platform_site
from medsync.lib import clock
from messaging import held


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
