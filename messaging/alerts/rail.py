"""The page's place in the rail."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic, User
from clinics.rail import Item


def place(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the page on which everybody says how to be told."""
    yield Item("alerts", _("Notifications"), "bell", reverse("alerts:page"))
