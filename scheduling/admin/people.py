"""Patients and the numbers they are reached at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from import_export.admin import ImportExportMixin
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics.model_admins import ClinicModelAdmin, InlineRights, ReadOnlyAdmin
from clinics.sites import clinic_site
from clinics.spreadsheets import SpreadsheetMixin
from medsync.lib import clock
from medsync.lib.text import search_key
from scheduling import patients
from scheduling.admin.forms import PatientForm
from scheduling.models import (
    ContactAddress,
    ContactPoint,
    Patient,
    PatientContact,
)
from scheduling.tables import PatientResource


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
