"""The platform's lists of clinics and of who works where. A new clinic is made as `create_clinic` makes it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinics import readable
from clinics.admin.forms import NewClinicForm
from clinics.admin.users import show_link
from clinics.model_admins import PlatformModelAdmin, PlatformReadOnlyAdmin
from clinics.models import Clinic, ClinicState, Membership, Role
from clinics.operations import create_clinic
from clinics.sites import platform_site


@admin.register(Clinic, site=platform_site)
class ClinicAdmin(PlatformModelAdmin):
    """Clinics. Adding one makes its schema, defaults and owner, as `create_clinic` does."""

    list_display = ["name", "slug", "state_label", "country", "zone_words", "language_words", "created_at"]
    list_filter = ["state", "is_demo", "country"]
    search_fields = ["name", "slug"]
    fields = ["name", "slug", "country", "timezone", "language", "phone", "state", "is_demo", "schema_name"]
    readonly_fields = ["slug", "country", "state", "is_demo", "schema_name"]

    @display(
        description=_("state"),
        ordering="state",
        label=readable.Tones(
            {"ready": "success", "demo": "info", "preparing": "warning", "closing": "danger"}
        ),
    )
    def state_label(self, clinic: Clinic) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word; a demo says so."""
        if clinic.is_demo and clinic.state == ClinicState.READY:
            return "demo", gettext("Demo, ready")
        return clinic.state, readable.word(clinic.get_state_display())

    @display(description=_("time zone"), ordering="timezone")
    def zone_words(self, clinic: Clinic) -> str:
        """Return the zone as people say it."""
        return clinic.timezone.replace("_", " ")

    @display(description=_("language"), ordering="language")
    def language_words(self, clinic: Clinic) -> str:
        """Return the language's name."""
        return readable.language(clinic.language)

    def row_title(self, row: Clinic) -> str:
        """Return the name."""
        return row.name

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
                show_link(request, owner)

        transaction.on_commit(finish)


@admin.register(Membership, site=platform_site)
class MembershipAdmin(PlatformReadOnlyAdmin):
    """Who works where. Clinics change it themselves."""

    list_display = ["member", "clinic_name", "role_label", "created_at", "ended_at"]
    list_filter = ["role", "clinic"]
    fields = ["member", "clinic_name", "role", "created_at", "ended_at"]
    search_fields = ["user__email", "user__name", "clinic__slug"]
    list_select_related = ["user", "clinic"]

    @display(description=_("user"), ordering="user__email")
    def member(self, membership: Membership) -> str:
        """Return the address."""
        return membership.user.email

    @display(description=_("clinic"), ordering="clinic__name")
    def clinic_name(self, membership: Membership) -> str:
        """Return the clinic's name."""
        return membership.clinic.name

    @display(
        description=_("role"),
        ordering="role",
        label=readable.Tones({Role.OWNER: "primary", Role.ADMIN_DOCTOR: "primary", "ended": "danger"}),
    )
    def role_label(self, membership: Membership) -> tuple[str, str]:
        """Return the role's key, for its colour, and its word; who has left says so."""
        if membership.ended_at is not None:
            return "ended", gettext("%(role)s, left") % {"role": membership.get_role_display()}
        return membership.role, membership.get_role_display()
