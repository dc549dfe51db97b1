"""This room's places in the rail, for who may open them."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic, User
from clinics.permissions import Action, can
from clinics.rail import Item


def places(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield team, settings and administration."""
    if can(user, clinic, Action.MANAGE_MEMBERS):
        yield Item("team", _("Team"), "users", reverse("team"))
    if can(user, clinic, Action.MANAGE_SETTINGS):
        yield Item("settings", _("Settings"), "settings", reverse("settings"))
    if can(user, clinic, Action.ADMIN):
        yield Item("admin", _("Administration"), "key", reverse("clinic_admin:index"))
