"""Who may be written to: the present state and its ledger, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinics.model_admins import ReadOnlyAdmin
from clinics.sites import clinic_site
from messaging.admin.threads import who_is
from messaging.models import (
    ChannelConsent,
    ConsentEvent,
)


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
        return who_is(consent.contact_point)


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
        return who_is(event.contact_point)
