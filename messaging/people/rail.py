"""The patients' place in the rail."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic, User
from clinics.rail import Item


def places(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the list of patients; all members work with them."""
    yield Item("patients", _("Patients"), "users", reverse("people:list"))
