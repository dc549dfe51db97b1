"""The clinic's own words and its approved texts, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinics import readable
from clinics.model_admins import ReadOnlyAdmin
from clinics.sites import clinic_site
from messaging import catalog
from messaging.approved import words
from messaging.models import Approval, ContentTemplate, OwnText
from messaging.saved_texts.purposes import purpose_of

STANDS = readable.Tones(
    {
        Approval.APPROVED: "success",
        Approval.REJECTED: "danger",
        Approval.DISABLED: "danger",
        Approval.PAUSED: "warning",
    }
)


@admin.register(ContentTemplate, site=clinic_site)
class ContentTemplateAdmin(ReadOnlyAdmin):
    """Texts that WhatsApp has, or is to, approve."""

    list_display = ["name_label", "language_label", "stands", "category_label", "synced_at"]
    list_filter = ["approval"]
    fields = [
        "name_label",
        "name",
        "language_label",
        "stands",
        "rejection_reason",
        "category_label",
        "body",
        "content_sid",
        "submitted_at",
        "synced_at",
        "archived_at",
        "created_at",
    ]
    search_fields = ["name", "content_sid"]

    @display(description=_("goes out for"), ordering="key")
    def name_label(self, text: ContentTemplate) -> str:
        """Return what it is called on the screens."""
        return words.name_of(text)

    @display(description=_("language"), ordering="language")
    def language_label(self, text: ContentTemplate) -> str:
        """Return the language's word."""
        return words.language_of(text)

    @display(description=_("status"), label=STANDS, ordering="approval")
    def stands(self, text: ContentTemplate) -> tuple[str, str]:
        """Return how it stands."""
        return text.approval, words.standing(text).word

    @display(description=_("category"), ordering="category")
    def category_label(self, text: ContentTemplate) -> str:
        """Return what WhatsApp counts it as."""
        return words.category_of(text)


@admin.register(OwnText, site=clinic_site)
class OwnTextAdmin(ReadOnlyAdmin):
    """What the clinic says in its own words."""

    list_display = ["what_for", "language", "body", "updated_at"]
    list_filter = ["language"]
    fields = ["what_for", "language", "body", "updated_at"]
    search_fields = ["key", "body"]

    @display(description=_("used for"), ordering="key")
    def what_for(self, text: OwnText) -> str:
        """Return what the text is for."""
        entry = catalog.entries().get(text.key)
        return purpose_of(entry, text.key) if entry else text.key
