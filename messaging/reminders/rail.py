"""The places of reminders in the rail."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic, User
from clinics.rail import Item


def place(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the page of reminders: everybody sees what goes out, who may change settings changes the rules."""
    yield Item("reminders", _("Reminders"), "bell", reverse("reminders:page"))


def calls(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the list of those whom no text has reached."""
    yield Item("calls", _("Call list"), "call", reverse("reminders:calls"))
