"""The day's places in the rail: the page of the day first, what staff noted down among the clinic's day."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic, User
from clinics.rail import Item


def place(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the page of the day."""
    yield Item("today", _("Today"), "sun", reverse("today:page"), short=_("Today"))


def tasks(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the page of all tasks and calls."""
    yield Item("tasks", _("Tasks and calls"), "flag", reverse("today:tasks"))
