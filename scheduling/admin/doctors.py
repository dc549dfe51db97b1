"""Doctors, their hours, their time off, and what visits are for."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics.member_fields import MemberChoiceField
from clinics.model_admins import ClinicModelAdmin, InlineRights
from clinics.sites import clinic_site
from scheduling.admin.forms import TypeForm
from scheduling.models import (
    AppointmentType,
    Practitioner,
    Resource,
    ResourceKind,
    TimeOff,
    WeeklyHours,
)


class WeeklyHoursInline(InlineRights, TabularInline):  # type: ignore[misc]
    """When a doctor sees patients."""

    model = WeeklyHours
    extra = 0
    tab = True


class TimeOffInline(InlineRights, TabularInline):  # type: ignore[misc]
    """When a doctor sees nobody."""

    model = TimeOff
    extra = 0
    tab = True


class WithResource(ClinicModelAdmin):
    """For doctors and rooms, each of which is a thing that can be booked."""

    kind: ResourceKind

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make the resource with the row."""
        if not change:
            obj.resource = Resource.objects.create(kind=self.kind)
        super().save_model(request, obj, form, change)


@admin.register(Practitioner, site=clinic_site)
class PractitionerAdmin(WithResource):
    """Doctors."""

    kind = ResourceKind.PRACTITIONER
    list_display = ["name", "bookable", "active", "rank"]
    list_filter = ["active", "bookable"]
    search_fields = ["name"]
    fields = ["name", "user", "bookable", "active", "rank"]
    inlines = [WeeklyHoursInline, TimeOffInline]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer members of this clinic only."""
        if db_field.name == "user":
            clinic = request.clinic  # type: ignore[attr-defined]
            return MemberChoiceField(clinic, label=db_field.verbose_name, required=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(WeeklyHours, site=clinic_site)
class WeeklyHoursAdmin(ClinicModelAdmin):
    """When doctors see patients."""

    list_display = ["practitioner", "weekday", "starts", "ends", "location", "valid_from", "valid_to"]
    list_filter = ["practitioner", "location", "weekday"]
    list_select_related = ["practitioner", "location"]


@admin.register(TimeOff, site=clinic_site)
class TimeOffAdmin(ClinicModelAdmin):
    """When doctors see nobody. Visits that are booked already stay: staff decide about them."""

    list_display = ["practitioner", "starts_at", "ends_at", "reason"]
    list_filter = ["practitioner"]
    list_select_related = ["practitioner"]


@admin.register(AppointmentType, site=clinic_site)
class AppointmentTypeAdmin(ClinicModelAdmin):
    """What visits are for, and the rules of booking them."""

    form = TypeForm
    list_display = ["shown_name", "duration", "grid", "least_notice", "horizon_days", "bookable", "active"]
    filter_horizontal = ["practitioners"]
    fieldsets = [
        (None, {"fields": ["name_en", "name_es", "name_zh", "duration", "bookable", "active", "rank"]}),
        (
            _("Rules"),
            {
                "fields": [
                    "grid",
                    "least_notice",
                    "horizon_days",
                    "buffer_before",
                    "buffer_after",
                    "accept_at_once",
                    "practitioners",
                ]
            },
        ),
        (_("Instructions"), {"fields": ["instructions_en", "instructions_es", "instructions_zh"]}),
    ]

    @display(description=_("name"))
    def shown_name(self, kind: AppointmentType) -> str:
        """Return the name in English, or in any language."""
        return kind.name_in("en")
