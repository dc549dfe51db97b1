"""Patients and visits as spreadsheet rows."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export import fields

from clinics.spreadsheets import SafeResource, plain
from clinics.tenancy import current_clinic
from medsync.lib import clock, phone
from medsync.lib.text import clean
from scheduling import contacts, patients
from scheduling.models import Appointment, Patient, PatientContact

_TEXTS = ("name", "called", "preferred_language", "record_number")


class PatientResource(SafeResource):
    """Patients with their starred number.

    A row is the patient with its record number, else the one with the same name, birth date and number, else new.
    """

    phone = fields.Field(column_name="phone", readonly=True)

    class Meta:
        model = Patient
        fields = ("record_number", "name", "called", "date_of_birth", "preferred_language", "phone")
        export_order = fields
        import_id_fields = ("record_number",)
        skip_unchanged = True
        report_skipped = True
        store_row_values = False

    def dehydrate_phone(self, patient: Patient) -> str:
        """Return the number for reminders, or ""."""
        starred = next((c for c in patient.contacts.all() if c.starred), None)
        return (starred.contact_point.phone or "") if starred else ""

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Clean every cell; numbers become E.164. Raises ValidationError for this row alone."""
        for column in (*_TEXTS, "phone", "date_of_birth"):
            row[column] = clean(plain(row.get(column)))
        if not row["name"]:
            raise ValidationError(_("A patient needs a name."))
        row["date_of_birth"] = _birth(row["date_of_birth"])
        if row["phone"]:
            try:
                row["phone"] = phone.parse(row["phone"], current_clinic().country)
            except phone.InvalidPhone as error:
                raise ValidationError(_("This is no phone number.")) from error

    def get_instance(self, instance_loader: Any, row: Any) -> Patient | None:
        """Find the patient that the row means."""
        if row["record_number"]:
            return Patient.objects.filter(record_number=row["record_number"], merged_into=None).first()
        if not row["phone"]:
            return None
        same = PatientContact.objects.filter(
            contact_point__match_key=phone.match_key(row["phone"]),
            patient__name__iexact=row["name"],
            patient__date_of_birth=row["date_of_birth"] or None,
            patient__merged_into=None,
        ).select_related("patient")
        contact = same.first()
        return contact.patient if contact else None

    def after_save_instance(self, instance: Patient, row: Any, **kwargs: Any) -> None:
        """Let the patient be reached at the row's number."""
        if row.get("phone"):
            point = contacts.point_for_phone(row["phone"], now=clock.now()).contact_point
            patients.add_contact(instance, point)


def _birth(text: str) -> str:
    """Return an ISO date, or "". Other orders of day and month cannot be told apart, so they are refused."""
    if not text:
        return ""
    try:
        born = date.fromisoformat(text[:10])
    except ValueError as error:
        raise ValidationError(_("Write the date of birth as 1980-12-31.")) from error
    if not born.year >= 1880 or born > clock.now().date():
        raise ValidationError(_("This date of birth cannot be."))
    return born.isoformat()


class AppointmentResource(SafeResource):
    """Visits, for reading elsewhere; times as the place's clock shows them."""

    date = fields.Field(column_name="date")
    time = fields.Field(column_name="time")
    patient = fields.Field(column_name="patient")
    practitioner = fields.Field(column_name="doctor")
    type = fields.Field(column_name="type")

    class Meta:
        model = Appointment
        fields = (
            "id",
            "date",
            "time",
            "zone",
            "patient",
            "practitioner",
            "type",
            "status",
            "attendance",
            "source",
        )
        export_order = fields

    def dehydrate_date(self, visit: Appointment) -> str:
        """Return the local date."""
        return visit.starts_at.astimezone(ZoneInfo(visit.zone)).date().isoformat()

    def dehydrate_time(self, visit: Appointment) -> str:
        """Return the local time."""
        return visit.starts_at.astimezone(ZoneInfo(visit.zone)).strftime("%H:%M")

    def dehydrate_patient(self, visit: Appointment) -> str:
        """Return the name."""
        return visit.patient.name

    def dehydrate_practitioner(self, visit: Appointment) -> str:
        """Return the name."""
        return visit.practitioner.name

    def dehydrate_type(self, visit: Appointment) -> str:
        """Return the name in the clinic's language."""
        return visit.type.name_in(current_clinic().language)
