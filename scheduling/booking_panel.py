"""How requests and offered times are handled, on the settings page."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic
from clinics.panels import OneRowForm, Panel
from scheduling.models import SchedulingSettings


class BookingForm(OneRowForm):
    """How long an offered time is held, and how long a request may wait for staff."""

    class Meta:
        model = SchedulingSettings
        fields = ("hold_minutes", "request_hours", "offer_hours")
        help_texts = {
            "hold_minutes": _("0: offered times are not held at all."),
            "request_hours": _("It stands still while the clinic is closed."),
        }


def _form_for(clinic: Clinic, data: Mapping[str, Any] | None) -> BookingForm:
    return BookingForm(data, instance=SchedulingSettings.load())


PANEL = Panel("booking", _("Booking"), _("How long times are kept for patients."), _form_for)
