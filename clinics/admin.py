"""The platform's admin: clinics, users, accounts, numbers, and what to watch. No patient data, no deleting."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import PeriodicTaskAdmin, PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from clinics.accounts import password_link
from clinics.admin_forms import AccountForm, LinkForm, NewClinicForm, NewUserForm
from clinics.models import (
    Clinic,
    Counter,
    DeadTask,
    Membership,
    ProviderAccount,
    Sender,
    SenderStatus,
    User,
)
from clinics.operations import create_clinic
from clinics.senders import renew_token, retire_sender
from clinics.sites import PlatformModelAdmin, PlatformReadOnlyAdmin, platform_site
from medsync.lib import clock


@admin.register(Clinic, site=platform_site)
class ClinicAdmin(PlatformModelAdmin):
    """Clinics. Adding one makes its schema, defaults and owner, as `create_clinic` does."""

    list_display = ["name", "slug", "country", "timezone", "language", "state_label", "is_demo", "created_at"]
    list_filter = ["state", "country", "is_demo"]
    search_fields = ["name", "slug"]
    fields = ["name", "slug", "country", "timezone", "language", "phone", "state", "is_demo", "schema_name"]
    readonly_fields = ["slug", "country", "state", "is_demo", "schema_name"]

    @display(description=_("state"), label={"ready": "success", "preparing": "warning", "closing": "danger"})
    def state_label(self, clinic: Clinic) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return clinic.state, clinic.get_state_display()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Ask for the owner when adding."""
        return super().get_form(
            request, obj, change, **(kwargs if change else {**kwargs, "form": NewClinicForm})
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for the owner when adding."""
        if obj is not None:
            return self.fields
        return ["name", "slug", "country", "timezone", "language", "phone", "owner_email", "owner_name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let a slug and a country be chosen once."""
        return self.readonly_fields if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Clinic, form: ModelForm[Clinic], change: bool) -> None:
        """Store the row; the rest of a new clinic is made once that is committed, and can be made again."""
        super().save_model(request, obj, form, change)
        if change:
            return
        data = form.cleaned_data

        def finish() -> None:
            # Migrations do not belong into the form's transaction. A crash leaves the clinic `preparing`,
            # and `create_clinic` with the same slug finishes it.
            _clinic, owner = create_clinic(
                slug=obj.slug,
                name=obj.name,
                country=obj.country,
                timezone=obj.timezone,
                language=obj.language,
                phone=obj.phone,
                owner_email=data["owner_email"],
                owner_name=data["owner_name"],
            )
            if not owner.has_usable_password():
                _show_link(request, owner)

        transaction.on_commit(finish)


@admin.register(User, site=platform_site)
class UserAdmin(PlatformModelAdmin):
    """Users: names and addresses of staff. Passwords are set by their owners, at a link."""

    list_display = ["email", "name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "language", "is_active", "is_staff", "last_login"]
    readonly_fields = ["email", "last_login"]
    actions = ["new_password_link"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Ask for the address once."""
        return super().get_form(
            request, obj, change, **(kwargs if change else {**kwargs, "form": NewUserForm})
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for the address once."""
        return self.fields if obj is not None else ["email", "name", "is_staff"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep operators from shutting themselves out."""
        if obj is None:
            return []
        myself = obj.pk == request.user.pk
        return [*self.readonly_fields, *(["is_active", "is_staff"] if myself else [])]

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool) -> None:
        """Store a new user without a password, and show the link that sets one."""
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            _show_link(request, obj)

    @admin.action(description=_("Make a new-password link (for one user)"))
    def new_password_link(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Show a link at which the chosen user sets a password."""
        chosen = list(users[:2])
        if len(chosen) != 1:
            messages.warning(request, _("Choose one user: a link is shown once."))
            return
        self.log_change(request, chosen[0], "new-password link")
        _show_link(request, chosen[0])


def _show_link(request: HttpRequest, user: User) -> None:
    messages.success(
        request,
        _("A link for %(email)s, shown once: %(link)s") % {"email": user.email, "link": password_link(user)},
    )


@admin.register(Membership, site=platform_site)
class MembershipAdmin(PlatformReadOnlyAdmin):
    """Who works where. Clinics change it themselves."""

    list_display = ["member", "clinic", "role", "created_at", "ended_at"]
    list_filter = ["role", "clinic"]
    search_fields = ["user__email", "user__name", "clinic__slug"]
    list_select_related = ["user", "clinic"]

    @display(description=_("user"), ordering="user__email")
    def member(self, membership: Membership) -> str:
        """Return the address."""
        return membership.user.email


@admin.register(ProviderAccount, site=platform_site)
class ProviderAccountAdmin(PlatformModelAdmin):
    """Accounts at providers. Tokens go in, and never come out."""

    form = AccountForm
    list_display = ["provider", "external_id", "clinic", "is_master", "state", "has_token", "previous_until"]
    list_filter = ["provider", "state"]
    search_fields = ["external_id", "clinic__slug"]
    list_select_related = ["clinic"]
    fields = ["provider", "external_id", "clinic", "state", "new_token", "is_master", "previous_until"]
    readonly_fields = ["is_master", "previous_until"]

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
    """Numbers of clinics. Linking and taking off are operations; a row is never edited."""

    form = LinkForm
    list_display = ["phone_number", "channel", "clinic", "provider", "status_label", "rank", "display_name"]
    list_filter = ["status", "channel", "clinic"]
    search_fields = ["phone_number", "display_name", "clinic__slug"]
    list_select_related = ["clinic", "account"]
    actions = ["take_off"]

    @display(description=_("provider"), ordering="account__provider")
    def provider(self, sender: Sender) -> str:
        """Return who carries it."""
        return sender.account.provider

    @display(description=_("state"), label={"active": "success", "disabled": "danger"})
    def status_label(self, sender: Sender) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return sender.status, str(SenderStatus(sender.status).label)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what is known, or ask what linking needs."""
        known = ["clinic", "phone_number", "channel", "display_name", "provider_sender_id"]
        if obj is not None:
            return [*known, "account", "status", "rank", "created_at", "retired_at"]
        return [*known, "provider", "account_sid", "auth_token"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Relinking makes a new row."""
        return obj is None and super().has_change_permission(request)

    def save_form(self, request: HttpRequest, form: LinkForm, change: bool) -> Sender:
        """Return the row that the operation made."""
        assert form.linked is not None
        form.instance = form.linked
        return form.linked

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


@admin.register(DeadTask, site=platform_site)
class DeadTaskAdmin(PlatformReadOnlyAdmin):
    """Tasks that came without a clinic that is ready."""

    list_display = ["name", "reason", "schema", "created_at"]
    list_filter = ["reason", "name"]


@admin.register(Counter, site=platform_site)
class CounterAdmin(PlatformReadOnlyAdmin):
    """What is counted, without content."""

    list_display = ["day", "name", "count"]
    list_filter = ["name"]


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]
    """Beat's list of task names, in unfold's clothes."""


class _PeriodicTaskForm(PeriodicTaskForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


@admin.register(PeriodicTask, site=platform_site)
class OurPeriodicTaskAdmin(PlatformModelAdmin, PeriodicTaskAdmin):  # type: ignore[misc]
    """What beat starts. The product's own entries come back from the settings at every start."""

    form = _PeriodicTaskForm
    list_display = ["name", "enabled", "interval", "last_run_at", "total_run_count"]
    list_filter = ["enabled"]


@admin.register(IntervalSchedule, site=platform_site)
class OurIntervalAdmin(PlatformModelAdmin):
    """How often."""

    list_display = ["every", "period"]
