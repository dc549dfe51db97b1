"""The clinic's admin of people, places, hours and visits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin, ImportExportMixin
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics.member_fields import MemberChoiceField
from clinics.models import User
from clinics.sites import ClinicModelAdmin, InlineRights, OneRowAdmin, ReadOnlyAdmin, clinic_site
from clinics.spreadsheets import SpreadsheetMixin
from medsync.lib import clock
from medsync.lib.text import search_key
from scheduling import operations, patients
from scheduling.admin_forms import PatientForm, TypeForm
from scheduling.errors import SchedulingError
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    AppointmentType,
    Cancellation,
    ContactAddress,
    ContactPoint,
    Location,
    OpeningHours,
    Patient,
    PatientContact,
    Practitioner,
    Resource,
    ResourceKind,
    Room,
    SchedulingSettings,
    Status,
    TimeOff,
    WeeklyHours,
)
from scheduling.tables import AppointmentResource, PatientResource

STATUS_COLOURS = {
    Status.PENDING_REVIEW: "warning",
    Status.CONFIRMED: "success",
    Status.ARRIVED: "info",
    Status.FULFILLED: "info",
    Status.CANCELLED: "danger",
    Status.NO_SHOW: "danger",
}


class BySearchKey:
    """Search without regard to case and accents."""

    search_fields = ["search_key"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Look for every word in the key that is kept beside the row."""
        for word in search_key(search_term).split():
            queryset = queryset.filter(search_key__contains=word)
        return queryset, False


class PatientContacts(InlineRights, TabularInline):  # type: ignore[misc]
    """The numbers of a patient; they come from messages and from the field "phone"."""

    model = PatientContact
    fields = ["phone", "relation", "starred"]
    readonly_fields = ["phone"]
    extra = 0
    can_add = False

    @display(description=_("phone"))
    def phone(self, contact: PatientContact) -> str:
        """Return the number, or that it is hidden."""
        return contact.contact_point.phone or str(_("hidden number"))


@admin.register(Patient, site=clinic_site)
class PatientAdmin(BySearchKey, SpreadsheetMixin, ImportExportMixin, ClinicModelAdmin):  # type: ignore[misc]
    """Patients, with import and export."""

    form = PatientForm
    resource_classes = [PatientResource]
    list_display = ["shown_name", "called", "date_of_birth", "record_number", "preferred_language"]
    list_filter = ["preferred_language"]
    inlines = [PatientContacts]

    @display(description=_("name"), ordering="name")
    def shown_name(self, patient: Patient) -> str:
        """Return the name, or that there is none yet."""
        return patient.name or str(_("Not yet named"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for the number when adding."""
        fields = ["name", "called", "preferred_language", "date_of_birth", "record_number"]
        return fields if obj is not None else [*fields, "phone"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Read numbers as people of the clinic's country write them."""
        form = super().get_form(request, obj, change, **kwargs)
        form.region = request.clinic.country  # type: ignore[attr-defined]
        return form

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read numbers with the patients, for the export."""
        return super().get_queryset(request).prefetch_related("contacts__contact_point")

    def save_model(self, request: HttpRequest, obj: Patient, form: Any, change: bool) -> None:
        """Call the operation that makes or changes a patient."""
        data = {name: form.cleaned_data[name] for name in PatientForm.Meta.fields}
        if change:
            patients.update(obj, **data)
            return
        number = form.cleaned_data.get("phone") or None
        made = patients.create(**data, phone=number, now=clock.now())
        obj.pk = made.pk
        obj._state.adding = False


class Addresses(InlineRights, TabularInline):  # type: ignore[misc]
    """Where a contact point is written to."""

    model = ContactAddress
    fields = readonly_fields = ["channel", "address", "created_at"]
    extra = 0
    can_add = can_change = False


@admin.register(ContactPoint, site=clinic_site)
class ContactPointAdmin(BySearchKey, ReadOnlyAdmin):
    """Who can be reached; made by messages and by patients' numbers."""

    list_display = ["phone", "display_name", "language", "blocked_at", "created_at"]
    fields = ["phone", "display_name", "language", "blocked_at", "created_at"]
    inlines = [Addresses]


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


@admin.register(Room, site=clinic_site)
class RoomAdmin(WithResource):
    """Rooms."""

    kind = ResourceKind.ROOM
    list_display = ["name", "kind", "location", "active"]
    fields = ["name", "kind", "location", "active"]


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


class OpeningHoursInline(InlineRights, TabularInline):  # type: ignore[misc]
    """When a location is open."""

    model = OpeningHours
    extra = 0


@admin.register(Location, site=clinic_site)
class LocationAdmin(ClinicModelAdmin):
    """Places with their opening hours."""

    list_display = ["name", "address", "zone", "active"]
    fields = ["name", "address", "map_url", "phone", "zone", "rank", "active"]
    inlines = [OpeningHoursInline]


@admin.register(OpeningHours, site=clinic_site)
class OpeningHoursAdmin(ClinicModelAdmin):
    """When places are open."""

    list_display = ["location", "weekday", "opens", "closes"]
    list_filter = ["location", "weekday"]
    list_select_related = ["location"]


class History(InlineRights, TabularInline):  # type: ignore[misc]
    """What happened to a visit."""

    model = AppointmentEvent
    fields = readonly_fields = ["at", "kind", "version", "source", "reason"]
    extra = 0
    can_add = can_change = False


@admin.register(Appointment, site=clinic_site)
class AppointmentAdmin(SpreadsheetMixin, ExportMixin, ReadOnlyAdmin):  # type: ignore[misc]
    """Visits. Their states change by the same operations as in the inbox."""

    resource_classes = [AppointmentResource]
    list_display = ["starts_at", "patient_name", "practitioner", "status_label", "attendance", "source"]
    list_filter = ["status", "practitioner", "source"]
    list_select_related = ["patient", "practitioner", "type"]
    search_fields = ["patient__search_key"]
    fields = [
        "patient_name",
        "practitioner",
        "type",
        "location",
        "starts_at",
        "ends_at",
        "zone",
        "status",
        "attendance",
        "cancellation",
        "reason",
        "source",
        "version",
        "respond_by",
        "decided_at",
    ]
    inlines = [History]
    actions = ["accept", "decline", "cancel"]

    @display(description=_("patient"), ordering="patient__name")
    def patient_name(self, visit: Appointment) -> str:
        """Return the name, or that there is none yet."""
        return visit.patient.name or str(_("Not yet named"))

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def status_label(self, visit: Appointment) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return visit.status, visit.get_status_display()

    @admin.action(description=_("Accept the requests"))
    def accept(self, request: HttpRequest, visits: QuerySet[Appointment]) -> None:
        """Accept what waits, one by one; the patients are told."""
        now, by = clock.now(), cast(User, request.user)
        self._each(request, visits, lambda visit: operations.accept(visit, by=by, now=now))

    @admin.action(description=_("Decline the requests"))
    def decline(self, request: HttpRequest, visits: QuerySet[Appointment]) -> None:
        """Decline what waits, one by one; the patients are told."""
        now, by = clock.now(), cast(User, request.user)
        self._each(request, visits, lambda visit: operations.reject(visit, by=by, now=now))

    @admin.action(description=_("Cancel the visits"))
    def cancel(self, request: HttpRequest, visits: QuerySet[Appointment]) -> None:
        """Cancel visits for the clinic, one by one; the patients are told."""
        now, by = clock.now(), cast(User, request.user)
        self._each(
            request,
            visits,
            lambda visit: operations.cancel(visit, by=by, why=Cancellation.CLINIC, now=now),
        )

    def _each(
        self, request: HttpRequest, visits: QuerySet[Appointment], decide: Callable[[Appointment], Any]
    ) -> None:
        done = refused = 0
        for visit in visits.order_by("starts_at", "id"):
            try:
                decide(visit)
            except SchedulingError:
                refused += 1
            else:
                done += 1
        if done:
            messages.success(request, _("Done: %(count)d.") % {"count": done})
        if refused:
            messages.warning(
                request,
                _("Left as they are: %(count)d. Somebody was faster, or their state forbids it.")
                % {"count": refused},
            )


@admin.register(SchedulingSettings, site=clinic_site)
class SchedulingSettingsAdmin(OneRowAdmin):
    """Rules of booking."""
