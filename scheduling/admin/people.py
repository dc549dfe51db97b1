"""Patients and the numbers they are reached at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export.admin import ImportExportMixin
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics import readable
from clinics.model_admins import ClinicModelAdmin, InlineRights, ReadOnlyAdmin
from clinics.sites import clinic_site
from clinics.spreadsheets import SpreadsheetMixin
from clinics.tenancy import current_clinic
from medsync.lib import clock, phone
from medsync.lib.text import search_key
from scheduling import patients
from scheduling.admin.agreed import AgreedForm
from scheduling.admin.forms import LANGUAGES, PatientForm
from scheduling.models import ContactAddress, ContactPoint, Patient, PatientContact
from scheduling.patient_table import PatientResource


def number_words(point: ContactPoint) -> str:
    """Return a contact point's number as people of the clinic's country write it, or that it is hidden."""
    return phone.display(point.phone, current_clinic().country) if point.phone else str(_("hidden number"))


def number_key(text: str) -> str:
    """Return the key of the number that somebody searches for, "" when the text is none."""
    try:
        return phone.match_key(phone.parse(text, current_clinic().country))
    except phone.InvalidPhone:
        return ""


class LanguageFilter(admin.SimpleListFilter):
    """Patients by the language they are written to in."""

    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the languages that texts exist in, and none."""
        return [
            *((code, readable.language(code)) for code, _name in LANGUAGES),
            ("none", gettext("Not known")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return who is written to in the chosen one."""
        if not self.value():
            return queryset
        return queryset.filter(preferred_language="" if self.value() == "none" else self.value())


class NamedFilter(admin.SimpleListFilter):
    """Patients who have not said their name yet."""

    title = _("name")
    parameter_name = "named"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", gettext("Named")), ("no", gettext("Not yet named"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return one side."""
        if self.value() == "yes":
            return queryset.exclude(name="")
        return queryset.filter(name="") if self.value() == "no" else queryset


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
        return number_words(contact.contact_point)


@admin.register(Patient, site=clinic_site)
class PatientAdmin(BySearchKey, SpreadsheetMixin, ImportExportMixin, ClinicModelAdmin):  # type: ignore[misc]
    """Patients, with import and export."""

    form = PatientForm
    resource_classes = [PatientResource]
    confirm_form_class = AgreedForm
    list_display = ["shown_name", "called", "born", "record_number", "language_words", "reached_at"]
    list_filter = [LanguageFilter, NamedFilter]
    search_help_text = _("Name, record number, or a number in any spelling")
    inlines = [PatientContacts]

    @display(description=_("name"), ordering="name")
    def shown_name(self, patient: Patient) -> str:
        """Return the name, or that there is none yet."""
        return patient.name or str(_("Not yet named"))

    @display(description=_("date of birth"), ordering="date_of_birth")
    def born(self, patient: Patient) -> str:
        """Return the day in words."""
        return readable.day(patient.date_of_birth) if patient.date_of_birth else ""

    @display(description=_("language"), ordering="preferred_language")
    def language_words(self, patient: Patient) -> str:
        """Return the language's name."""
        return readable.language(patient.preferred_language)

    @display(description=_("phone"))
    def reached_at(self, patient: Patient) -> str:
        """Return the number for reminders as people of the clinic's country write it."""
        starred = next((contact for contact in patient.contacts.all() if contact.starred), None)
        return number_words(starred.contact_point) if starred else ""

    def row_title(self, row: Patient) -> str:
        """Return the name, or that there is none yet."""
        return row.name or str(_("Not yet named"))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Look for a number, too, however it is written."""
        if key := number_key(search_term):
            return queryset.filter(contacts__contact_point__match_key=key).distinct(), False
        return super().get_search_results(request, queryset, search_term)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for the number when adding."""
        fields = list(PatientForm.Meta.fields)
        return fields if obj is not None else [*fields, "phone"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Read numbers as people of the clinic's country write them."""
        form = super().get_form(request, obj, change, **kwargs)
        form.region = request.clinic.country  # type: ignore[attr-defined]
        return form

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """Hand on what everybody of the list agreed to."""
        form = kwargs.pop("form", None)
        if isinstance(form, AgreedForm):
            kwargs["agreed"] = form.agreed(kwargs["request"].user)
        return kwargs

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


class BlockedFilter(admin.SimpleListFilter):
    """Contact points by whether they may write."""

    title = _("state")
    parameter_name = "blocked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("no", gettext("In use")), ("yes", gettext("Blocked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return one side."""
        if self.value() == "yes":
            return queryset.exclude(blocked_at=None)
        return queryset.filter(blocked_at=None) if self.value() == "no" else queryset


class Addresses(InlineRights, TabularInline):  # type: ignore[misc]
    """Where a contact point is written to."""

    model = ContactAddress
    fields = readonly_fields = ["channel_word", "address", "created_at"]
    extra = 0
    can_add = can_change = False

    @display(description=_("channel"))
    def channel_word(self, address: ContactAddress) -> str:
        """Return the channel's word."""
        return readable.channel(address.channel)


@admin.register(ContactPoint, site=clinic_site)
class ContactPointAdmin(BySearchKey, ReadOnlyAdmin):
    """Who can be reached; made by messages and by patients' numbers."""

    list_display = ["number", "display_name", "language_words", "state_label", "created_at"]
    list_filter = [BlockedFilter]
    fields = ["number", "display_name", "language_words", "blocked_at", "created_at"]
    inlines = [Addresses]
    search_help_text = _("Profile name, or a number in any spelling")

    @display(description=_("phone"), ordering="phone")
    def number(self, point: ContactPoint) -> str:
        """Return the number, or that it is hidden."""
        return number_words(point)

    @display(description=_("language"), ordering="language")
    def language_words(self, point: ContactPoint) -> str:
        """Return the language that was heard."""
        return readable.language(point.language)

    @display(
        description=_("state"),
        label=readable.Tones({"blocked": "danger", "merged": "warning", "reached": "success"}),
    )
    def state_label(self, point: ContactPoint) -> tuple[str, str]:
        """Return whether somebody can be reached there."""
        if point.blocked_at is not None:
            return "blocked", gettext("Blocked")
        if point.merged_into_id is not None:
            return "merged", gettext("Merged into another")
        return "reached", gettext("In use")

    def row_title(self, row: ContactPoint) -> str:
        """Return the number, or that it is hidden."""
        return number_words(row)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Look for a number, too, however it is written."""
        if key := number_key(search_term):
            return queryset.filter(match_key=key), False
        return super().get_search_results(request, queryset, search_term)
