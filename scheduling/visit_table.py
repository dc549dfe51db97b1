"""Visits as spreadsheet rows."""

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from import_export import fields

from clinics.spreadsheets import SafeResource
from clinics.tenancy import current_clinic
from scheduling.models import Appointment


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

    @staticmethod
    def labels() -> dict[str, str]:
        """Return each column's words."""
        return {
            "id": _("Id"),
            "date": _("Date"),
            "time": _("Time"),
            "zone": _("Time zone"),
            "patient": _("Patient"),
            "practitioner": _("Doctor"),
            "type": _("Appointment type"),
            "status": _("Status"),
            "attendance": _("Attendance"),
            "source": _("Source"),
        }

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
