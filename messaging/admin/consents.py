"""Who may be written to: the present state and its ledger, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from clinics import readable
from clinics.model_admins import ReadOnlyAdmin
from clinics.sites import clinic_site
from messaging.admin.threads import ChannelFilter, who_is
from messaging.models import ChannelConsent, ConsentAction, ConsentEvent, Purpose

SAID = readable.Tones({"yes": "success", "no": "danger", "out": "danger"})


def said(agreed: bool | None, *, out: bool) -> tuple[str, str]:
    """Return the key and the words of what was said about being written to."""
    if out:
        return "out", gettext("Opted out")
    if agreed is None:
        return "unasked", gettext("Not asked")
    return ("yes", gettext("Agreed")) if agreed else ("no", gettext("Refused"))


class OfChannelFilter(ChannelFilter):
    """Consents by channel."""

    field = "channel"


@admin.register(ChannelConsent, site=clinic_site)
class ChannelConsentAdmin(ReadOnlyAdmin):
    """Who may be written to, as it stands."""

    list_display = ["who", "channel_word", "care_label", "news_label", "opted_out_at", "updated_at"]
    list_filter = [OfChannelFilter, "care", "news"]
    list_select_related = ["contact_point"]
    fields = ["who", "channel_word", "care_label", "news_label", "opted_out_at", "updated_at"]
    search_fields = ["contact_point__search_key"]

    @display(description=_("channel"), ordering="channel")
    def channel_word(self, consent: ChannelConsent) -> str:
        """Return the channel's word."""
        return readable.channel(consent.channel)

    @display(description=Purpose.CARE.label, label=SAID)
    def care_label(self, consent: ChannelConsent) -> tuple[str, str]:
        """Return what was said about answers and reminders."""
        return said(consent.care, out=consent.opted_out_at is not None)

    @display(description=Purpose.NEWS.label, label=SAID)
    def news_label(self, consent: ChannelConsent) -> tuple[str, str]:
        """Return what was said about news."""
        return said(consent.news, out=consent.opted_out_at is not None)

    def row_title(self, row: ChannelConsent) -> str:
        """Return whose it is, and for what."""
        return f"{who_is(row.contact_point)}, {readable.channel(row.channel)}"

    @display(description=_("contact"))
    def who(self, consent: ChannelConsent) -> str:
        """Return how the other side is called."""
        return who_is(consent.contact_point)


@admin.register(ConsentEvent, site=clinic_site)
class ConsentEventAdmin(ReadOnlyAdmin):
    """The ledger: who said what about being written to, when, and how we know."""

    list_display = ["at", "who", "channel_word", "action_label", "purpose_word", "source_word"]
    list_filter = [OfChannelFilter, "action", "purpose", "source"]
    list_select_related = ["contact_point"]
    fields = ["at", "who", "channel_word", "action_label", "purpose_word", "source_word", "wording"]
    sortable_by: list[str] = []
    show_full_result_count = False
    paginator = InfinitePaginator

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """Read the newest from the primary key; a demo's past is made in one go, so there the time decides."""
        return ["-at", "-id"] if request.clinic.is_demo else ["-id"]  # type: ignore[attr-defined]

    @display(description=_("channel"))
    def channel_word(self, event: ConsentEvent) -> str:
        """Return the channel's word."""
        return readable.channel(event.channel)

    @display(
        description=_("said"),
        label=readable.Tones(
            {
                ConsentAction.GRANTED: "success",
                ConsentAction.OPTED_IN: "success",
                ConsentAction.REFUSED: "danger",
                ConsentAction.OPTED_OUT: "danger",
            }
        ),
    )
    def action_label(self, event: ConsentEvent) -> tuple[str, str]:
        """Return what was said: a key, for its colour, and its word."""
        return event.action, readable.word(event.get_action_display())

    @display(description=_("for"))
    def purpose_word(self, event: ConsentEvent) -> str:
        """Return what it is about."""
        return readable.word(event.get_purpose_display())

    @display(description=_("how we know"))
    def source_word(self, event: ConsentEvent) -> str:
        """Return how we know."""
        return readable.word(event.get_source_display())

    def row_title(self, row: ConsentEvent) -> str:
        """Return whose word it was, and when."""
        return f"{who_is(row.contact_point)}, {readable.moment(row.at)}"

    @display(description=_("contact"))
    def who(self, event: ConsentEvent) -> str:
        """Return how the other side is called."""
        return who_is(event.contact_point)
