"""Provider accounts and clinic numbers. Linking, renewing and taking off are operations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinics import readable
from clinics.admin.forms import AccountForm, LinkForm, PaceForm
from clinics.model_admins import PlatformModelAdmin
from clinics.models import PersonReached, ProviderAccount, Sender, SenderStatus
from clinics.senders import renew_token, retire_sender
from clinics.sites import platform_site
from medsync.lib import clock, phone

#: An account that is left alone for a while, for the provider does not answer.
SILENT = "silent"


@admin.register(ProviderAccount, site=platform_site)
class ProviderAccountAdmin(PlatformModelAdmin):
    """Accounts at providers. Tokens go in, and never come out."""

    form = AccountForm
    list_display = [
        *("provider_word", "external_id", "whose", "state_label", "people_reached", "has_token"),
        "previous_until",
    ]
    list_filter = ["provider", "state", "is_master"]
    search_fields = ["external_id", "clinic__slug"]
    list_select_related = ["clinic"]
    fields = [
        *("provider", "external_id", "clinic", "state", "new_token", "public_key", "is_master"),
        *("previous_until", "people_a_day", "reminder_share"),
    ]
    readonly_fields = ["is_master", "previous_until"]

    @display(description=_("provider"), ordering="provider")
    def provider_word(self, account: ProviderAccount) -> str:
        """Return who it is."""
        return account.provider.capitalize()

    @display(description=_("clinic"), ordering="clinic__name")
    def whose(self, account: ProviderAccount) -> str:
        """Return whose it is: a clinic's, or the platform's own."""
        if account.is_master:
            return gettext("The platform's own")
        return account.clinic.name if account.clinic else ""

    @display(
        description=_("state"),
        ordering="state",
        label=readable.Tones(
            {
                ProviderAccount.State.ACTIVE: "success",
                ProviderAccount.State.REFUSED: "danger",
                ProviderAccount.State.RETIRED: "warning",
                SILENT: "danger",
            }
        ),
    )
    def state_label(self, account: ProviderAccount) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word with since when."""
        state, word = str(account.state), readable.word(account.get_state_display())
        if account.stopped_at is None:
            return state, word
        if account.state == ProviderAccount.State.ACTIVE:
            state, word = SILENT, gettext("Does not answer")
        return state, f"{word} · {readable.moment(account.stopped_at)}"

    def row_title(self, row: ProviderAccount) -> str:
        """Return who it is, and the account's name there."""
        return f"{row.provider.capitalize()} {row.external_id}"

    @display(description=_("people reached in 24 hours"))
    def people_reached(self, account: ProviderAccount) -> str:
        """Return how many it has reached outside of windows, and how many it may."""
        since = clock.real_now() - timedelta(hours=24)
        reached = PersonReached.objects.filter(account=account, at__gt=since).count()
        return gettext("%(reached)s of %(limit)s") % {"reached": reached, "limit": account.people_a_day}

    @display(description=_("token stored"), boolean=True)
    def has_token(self, account: ProviderAccount) -> bool:
        """Tell whether there is one; the master account's is in the environment."""
        return account.is_master or bool(account.auth_token)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep what routes: an account never moves to another clinic."""
        return [*self.readonly_fields, *(["provider", "external_id", "clinic"] if obj is not None else [])]

    def save_model(
        self, request: HttpRequest, obj: ProviderAccount, form: ModelForm[ProviderAccount], change: bool
    ) -> None:
        """Store the account, then its token the way tokens are renewed."""
        super().save_model(request, obj, form, change)
        token = form.cleaned_data.get("new_token")
        if token:
            renew_token(obj, auth_token=token, now=clock.now())


@admin.register(Sender, site=platform_site)
class SenderAdmin(PlatformModelAdmin):
    """Numbers of clinics. Linking, taking off and the rate are operations; nothing else of a row is edited."""

    form = LinkForm
    list_display = [
        "shown_number",
        "channel",
        "clinic_name",
        "provider",
        "status_label",
        "rank_words",
        "rate_words",
        "display_name",
    ]
    list_filter = ["status", "channel", "clinic"]
    search_fields = ["phone_number", "display_name", "clinic__slug"]
    list_select_related = ["clinic", "account"]
    actions = ["take_off"]

    @display(description=_("number"), ordering="phone_number")
    def shown_number(self, sender: Sender) -> str:
        """Return the number as people of the clinic's country write it."""
        return phone.display(sender.phone_number, sender.clinic.country)

    @display(description=_("clinic"), ordering="clinic__name")
    def clinic_name(self, sender: Sender) -> str:
        """Return the clinic's name."""
        return sender.clinic.name

    @display(description=_("provider"), ordering="account__provider")
    def provider(self, sender: Sender) -> str:
        """Return who carries it."""
        return sender.account.provider.capitalize()

    @display(description=_("rank"), ordering="rank")
    def rank_words(self, sender: Sender) -> str:
        """Return whether the clinic begins with it."""
        if sender.rank is None:
            return ""
        return gettext("First") if sender.is_primary else str(sender.rank)

    @display(description=_("messages a second"), ordering="per_second")
    def rate_words(self, sender: Sender) -> str:
        """Return its own rate, where it has one."""
        return gettext("the provider's") if sender.per_second is None else f"{sender.per_second:g}"

    def row_title(self, row: Sender) -> str:
        """Return the number."""
        return phone.display(row.phone_number, row.clinic.country)

    @display(description=_("state"), label=readable.Tones({"active": "success", "disabled": "danger"}))
    def status_label(self, sender: Sender) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return sender.status, readable.word(SenderStatus(sender.status).label)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what is known, or ask what linking needs."""
        known = ["clinic", "phone_number", "channel", "display_name", "provider_sender_id"]
        known.append("messaging_profile_id")
        if obj is not None:
            return [*known, "account", "status", "rank", "per_second", "created_at", "retired_at"]
        return [*known, "provider", "account_sid", "auth_token", "public_key"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of a linked number its rate alone is changed: relinking makes a new row."""
        if obj is None:
            return []
        return [name for name in self.get_fields(request, obj) if name != "per_second"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Link a number, or change its rate."""
        return super().get_form(request, obj, change, **({"form": PaceForm} if change else {}), **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was taken off stays as it was."""
        active = obj is None or obj.status == SenderStatus.ACTIVE
        return active and super().has_change_permission(request)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Sender:
        """Return the row that the operation made or changed."""
        if not change:
            assert form.linked is not None
            form.instance = form.linked
        stored: Sender = form.instance
        return stored

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Do nothing: the operation has stored it."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: the operation has stored it."""

    @admin.action(description=_("Take the number off (it stays at the provider)"))
    def take_off(self, request: HttpRequest, senders: QuerySet[Sender]) -> None:
        """Retire senders; the next one of the channel becomes primary."""
        now = clock.now()
        done = sum(retire_sender(sender, now=now) for sender in senders.order_by("id"))
        messages.success(request, _("Taken off: %(count)d.") % {"count": done})
