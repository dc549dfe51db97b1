"""The page's place in the rail, for who may connect numbers."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic, User
from clinics.permissions import Action, can
from clinics.rail import Item


def place(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the page of the clinic's numbers."""
    if can(user, clinic, Action.MANAGE_SENDERS):
        yield Item("numbers", _("Clinic numbers"), "signal", reverse("numbers:page"))
