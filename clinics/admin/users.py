"""The platform's list of users: names and addresses of staff, and links at which they set a password."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinics import readable
from clinics.accounts import password_link
from clinics.admin.forms import NewUserForm
from clinics.model_admins import PlatformModelAdmin
from clinics.models import User
from clinics.sites import platform_site


@admin.register(User, site=platform_site)
class UserAdmin(PlatformModelAdmin):
    """Users: names and addresses of staff. Passwords are set by their owners, at a link."""

    list_display = ["email", "name", "state_label", "language_words", "last_login"]
    list_filter = ["is_active", "is_staff", "last_login"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "language", "is_active", "is_staff", "last_login"]
    readonly_fields = ["email", "last_login"]
    actions = ["new_password_link"]

    @display(
        description=_("state"),
        ordering="is_active",
        label=readable.Tones({"operator": "primary", "active": "success", "off": "danger"}),
    )
    def state_label(self, user: User) -> tuple[str, str]:
        """Return what the user is: shut out, an operator, or somebody who works in clinics."""
        if not user.is_active:
            return "off", gettext("Shut out")
        return ("operator", gettext("Operator")) if user.is_staff else ("active", gettext("Active"))

    @display(description=_("language"), ordering="language")
    def language_words(self, user: User) -> str:
        """Return the language of the user's screens; empty follows the browser."""
        return readable.language(user.language)

    def row_title(self, row: User) -> str:
        """Return the name."""
        return row.get_full_name()

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
            show_link(request, obj)

    @admin.action(description=_("Make a new-password link (for one user)"))
    def new_password_link(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Show a link at which the chosen user sets a password."""
        chosen = list(users[:2])
        if len(chosen) != 1:
            messages.warning(request, _("Choose one user: a link is shown once."))
            return
        self.log_change(request, chosen[0], "new-password link")
        show_link(request, chosen[0])


def show_link(request: HttpRequest, user: User) -> None:
    """Show a link at which the user sets a password, this once."""
    messages.success(
        request,
        _("A link for %(email)s, shown once: %(link)s") % {"email": user.email, "link": password_link(user)},
    )
