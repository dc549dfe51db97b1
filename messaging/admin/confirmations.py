"""What came of telling patients about booked, moved and cancelled visits, to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from clinics import readable
from clinics.model_admins import ReadOnlyAdmin
from clinics.models import Channel
from clinics.sites import clinic_site
from messaging import confirmations, gate
from messaging.admin.threads import ChannelFilter
from messaging.models import Confirmation, ConfirmationAction

#: Why the guards let nothing go, in their order.
SKIPS: Mapping[str, str | Promise] = {
    confirmations.NO_API_KEY: _("no account at a provider"),
    confirmations.CONSENT_DECLINED: _("the patient does not want it"),
    confirmations.NO_PHONE: _("no number known"),
    confirmations.SMS_DISABLED: _("switched off"),
    confirmations.NO_SENDER_NUMBER: _("no SMS number"),
}
TOLD, SKIPPED, ENDED = "told", "skipped", "ended"
_OF: Mapping[str, Q] = {
    TOLD: Q(outcome=confirmations.QUEUED),
    SKIPPED: Q(outcome__in=tuple(SKIPS)),
    ENDED: ~Q(outcome__in=(confirmations.QUEUED, *SKIPS)),
}


def result_of(confirmation: Confirmation) -> str:
    """Return whether it went, was skipped by the guards, or ended elsewhere: at the gate or at the provider."""
    if confirmation.outcome == confirmations.QUEUED:
        return TOLD
    return SKIPPED if confirmation.outcome in SKIPS else ENDED


def result_words() -> dict[str, str]:
    """Return the results in words."""
    return {TOLD: gettext("Went out"), SKIPPED: gettext("Skipped"), ENDED: gettext("Refused or failed")}


class ConfirmationChannelFilter(ChannelFilter):
    """Confirmations by channel: a note tells no patient."""

    field = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the channels that texts travel on."""
        return [(code, readable.channel(code)) for code in (Channel.WHATSAPP, Channel.SMS)]


class OutcomeFilter(admin.SimpleListFilter):
    """By what came of it."""

    title = _("result")
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the results."""
        return list(result_words().items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Confirmation]) -> QuerySet[Confirmation]:
        """Return those with that result."""
        wanted = _OF.get(self.value() or "")
        return queryset.filter(wanted) if wanted is not None else queryset


class SkipFilter(admin.SimpleListFilter):
    """By why nothing went."""

    title = _("why not")
    parameter_name = "why"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the reasons of the guards."""
        return [(code, readable.word(words)) for code, words in SKIPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Confirmation]) -> QuerySet[Confirmation]:
        """Return those that were skipped for that reason."""
        return queryset.filter(outcome=self.value()) if self.value() in SKIPS else queryset


@admin.register(Confirmation, site=clinic_site)
class ConfirmationAdmin(ReadOnlyAdmin):
    """Who was told of what, on which channel, or why not: by visit, without names."""

    list_display = ["at", "visit", "action_label", "channel_word", "result_label", "why_not"]
    list_filter = [OutcomeFilter, SkipFilter, "action", ConfirmationChannelFilter]
    list_select_related = ["event"]
    fields = [
        *("at", "visit", "action_label", "channel_word", "language_word"),
        *("result_label", "why_not", "helps", "outcome"),
    ]
    sortable_by: list[str] = []
    show_full_result_count = False
    paginator = InfinitePaginator

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """Read the newest from the primary key; a demo's past is made in one go, so there the time decides."""
        return ["-at", "-id"] if request.clinic.is_demo else ["-id"]  # type: ignore[attr-defined]

    @display(description=_("visit"))
    def visit(self, confirmation: Confirmation) -> SafeString:
        """Return the visit's id, which leads to it."""
        pk = confirmation.event.appointment_id
        url = reverse(f"{self.admin_site.name}:scheduling_appointment_change", args=[pk])
        return format_html('<a class="text-link" href="{}">{}</a>', url, pk)

    @display(
        description=_("told of"),
        label=readable.Tones({ConfirmationAction.BOOK: "success", ConfirmationAction.CANCEL: "danger"}),
    )
    def action_label(self, confirmation: Confirmation) -> tuple[str, str]:
        """Return what it tells: a key, for its colour, and its word."""
        return confirmation.action, readable.word(confirmation.get_action_display())

    @display(description=_("channel"))
    def channel_word(self, confirmation: Confirmation) -> str:
        """Return the channel's word, "" where none was chosen."""
        return readable.channel(confirmation.channel)

    @display(description=_("language"))
    def language_word(self, confirmation: Confirmation) -> str:
        """Return the language's word."""
        return readable.language(confirmation.language)

    @display(
        description=_("result"), label=readable.Tones({TOLD: "success", SKIPPED: "info", ENDED: "danger"})
    )
    def result_label(self, confirmation: Confirmation) -> tuple[str, str]:
        """Return what came of it."""
        result = result_of(confirmation)
        return result, result_words()[result]

    @display(description=_("why not"))
    def why_not(self, confirmation: Confirmation) -> str:
        """Return why nothing went: the guard's reason, the gate's sentence, or the provider's error as it is kept."""
        code = confirmation.outcome
        if result_of(confirmation) == TOLD:
            return ""
        if code in SKIPS:
            return readable.word(SKIPS[code])
        return gate.sentences(code, confirmation.channel)[0] or code

    @display(description=_("what helps"))
    def helps(self, confirmation: Confirmation) -> str:
        """Return the sentence that members read, "" where nothing is to be done."""
        return confirmations.sentence(confirmation.outcome)

    def row_title(self, row: Confirmation) -> str:
        """Return of what it told, and when."""
        return f"{readable.word(row.get_action_display())}, {readable.moment(row.at)}"
