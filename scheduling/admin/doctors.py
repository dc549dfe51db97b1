"""Doctors, their hours, their time off, and what visits are for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics import readable
from clinics.member_fields import MemberChoiceField
from clinics.model_admins import ClinicModelAdmin, InlineRights
from clinics.sites import clinic_site
from medsync.lib import clock
from medsync.lib.spans import duration
from scheduling.admin.forms import TypeForm
from scheduling.models import (
    AppointmentType,
    Practitioner,
    Resource,
    ResourceKind,
    TimeOff,
    WeeklyHours,
)

IN_USE = readable.Tones({"yes": "success", "no": "warning"})


def in_use(active: bool) -> tuple[str, str]:
    """Return the key and the word of what is in use, or is not any more."""
    return ("yes", gettext("In use")) if active else ("no", gettext("Not in use"))


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
    list_display = ["name", "state_label", "booked_by", "rank"]
    list_filter = ["active", "bookable"]
    search_fields = ["name"]
    fields = ["name", "user", "bookable", "active", "rank"]
    inlines = [WeeklyHoursInline, TimeOffInline]

    @display(description=_("state"), ordering="active", label=IN_USE)
    def state_label(self, doctor: Practitioner) -> tuple[str, str]:
        """Return whether the doctor sees patients here."""
        return in_use(doctor.active)

    @display(description=_("booked by"), ordering="bookable")
    def booked_by(self, doctor: Practitioner) -> str:
        """Return who may book the doctor."""
        return gettext("patients and staff") if doctor.bookable else gettext("staff only")

    def row_title(self, row: Practitioner) -> str:
        """Return the name."""
        return row.name

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer members of this clinic only."""
        if db_field.name == "user":
            clinic = request.clinic  # type: ignore[attr-defined]
            return MemberChoiceField(clinic, label=db_field.verbose_name, required=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(WeeklyHours, site=clinic_site)
class WeeklyHoursAdmin(ClinicModelAdmin):
    """When doctors see patients."""

    list_display = ["practitioner", "weekday", "hours", "location", "valid"]
    list_filter = ["practitioner", "location", "weekday"]
    list_select_related = ["practitioner", "location"]

    @display(description=_("hours"), ordering="starts")
    def hours(self, row: WeeklyHours) -> str:
        """Return the span."""
        return readable.hours(row.starts, row.ends)

    @display(description=_("holds"), ordering="valid_from")
    def valid(self, row: WeeklyHours) -> str:
        """Return from when until when it holds."""
        return readable.validity(row.valid_from, row.valid_to)

    def row_title(self, row: WeeklyHours) -> str:
        """Return the day and the span."""
        return f"{row.get_weekday_display()}, {readable.hours(row.starts, row.ends)}"


@admin.register(TimeOff, site=clinic_site)
class TimeOffAdmin(ClinicModelAdmin):
    """When doctors see nobody. Visits that are booked already stay: staff decide about them."""

    list_display = ["practitioner", "when", "state_label", "reason"]
    list_filter = ["practitioner", "starts_at"]
    list_select_related = ["practitioner"]

    @display(description=_("when"), ordering="starts_at")
    def when(self, row: TimeOff) -> str:
        """Return the span."""
        return readable.span(row.starts_at, row.ends_at)

    @display(description=_("state"), label=readable.Tones({"now": "warning", "coming": "info"}))
    def state_label(self, row: TimeOff) -> tuple[str, str]:
        """Return whether it is to come, is now, or is over."""
        now = clock.now()
        if row.ends_at <= now:
            return "over", gettext("Over")
        return ("now", gettext("Now")) if row.starts_at <= now else ("coming", gettext("To come"))

    def row_title(self, row: TimeOff) -> str:
        """Return the span."""
        return readable.span(row.starts_at, row.ends_at)


@admin.register(AppointmentType, site=clinic_site)
class AppointmentTypeAdmin(ClinicModelAdmin):
    """What visits are for, and the rules of booking them."""

    form = TypeForm
    list_display = ["shown_name", "state_label", "length", "notice", "ahead", "booked_by", "accepted"]
    list_filter = ["active", "bookable", "accept_at_once"]
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
        """Return the name in the reader's language, or in any."""
        return kind.name_in(get_language() or "en")

    @display(description=_("state"), ordering="active", label=IN_USE)
    def state_label(self, kind: AppointmentType) -> tuple[str, str]:
        """Return whether it is in use."""
        return in_use(kind.active)

    @display(description=_("length"), ordering="duration")
    def length(self, kind: AppointmentType) -> str:
        """Return the length, and what is kept free around it."""
        length = duration(timedelta(minutes=kind.duration))
        around = kind.buffer_before + kind.buffer_after
        if not around:
            return length
        return gettext("%(length)s and %(around)s around it") % {
            "length": length,
            "around": duration(timedelta(minutes=around)),
        }

    @display(description=_("booked"), ordering="least_notice")
    def notice(self, kind: AppointmentType) -> str:
        """Return how long before."""
        if not kind.least_notice:
            return gettext("at any time")
        return gettext("%(span)s before") % {"span": duration(timedelta(minutes=kind.least_notice))}

    @display(description=_("ahead"), ordering="horizon_days")
    def ahead(self, kind: AppointmentType) -> str:
        """Return how far ahead."""
        return ngettext("%(count)d day", "%(count)d days", kind.horizon_days) % {"count": kind.horizon_days}

    @display(description=_("booked by"), ordering="bookable")
    def booked_by(self, kind: AppointmentType) -> str:
        """Return who may book it."""
        return gettext("patients and staff") if kind.bookable else gettext("staff only")

    @display(description=_("accepted"), ordering="accept_at_once")
    def accepted(self, kind: AppointmentType) -> str:
        """Return who accepts it."""
        return gettext("at once") if kind.accept_at_once else gettext("by staff")

    def row_title(self, row: AppointmentType) -> str:
        """Return the name."""
        return row.name_in(get_language() or "en")
