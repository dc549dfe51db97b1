"""Whom staff were told of, and what became of it; to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from clinics.model_admins import ReadOnlyAdmin
from clinics.sites import clinic_site
from messaging.models import AlertChannel, AlertDelivery, AlertKind


@admin.register(AlertDelivery, site=clinic_site)
class AlertDeliveryAdmin(ReadOnlyAdmin):
    """One member told in one way."""

    list_display = ["created_at", "kind_word", "member", "channel_word", "outcome"]
    list_filter = ["channel"]
    list_select_related = ["alert", "user"]
    fields = ["created_at", "kind_word", "member", "channel_word", "outcome"]
    ordering = ["-created_at", "-id"]
    paginator = InfinitePaginator
    show_full_result_count = False

    @display(description=_("Why"))
    def kind_word(self, told: AlertDelivery) -> str:
        """Return what it was about."""
        return str(AlertKind(told.alert.kind).label)

    @display(description=_("member"))
    def member(self, told: AlertDelivery) -> str:
        """Return who was told."""
        return told.user.get_full_name()

    @display(description=_("How"))
    def channel_word(self, told: AlertDelivery) -> str:
        """Return the way."""
        return str(AlertChannel(told.channel).label)
