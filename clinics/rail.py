"""The rail beside every page of a clinic: each room registers its own places, the order is fixed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from clinics import keymap
from clinics.models import Clinic, User
from clinics.places import place_of
from clinics.tenancy import in_clinic, public_path
from medsync.lib import clock
from medsync.lib.spans import duration


class Group(IntEnum):
    """The rail's parts, from top to bottom."""

    TODAY = 0
    INBOX = 1
    DAY = 2
    OUTGOING = 3
    SET_UP = 4


_HEADS: dict[Group, str | Promise] = {
    Group.TODAY: "",
    Group.INBOX: _("Inbox"),
    Group.DAY: _("Clinic day"),
    Group.OUTGOING: _("Outgoing"),
    Group.SET_UP: _("Set-up"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A place in the rail; `short` is its word on the phone's bottom bar, "" keeps it under More."""

    key: str
    label: str
    icon: str
    url: str
    count: str = ""
    red: bool = False
    short: str = ""
    new_window: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A group of places under its head."""

    head: str
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Rail:
    """What stands round every page of a clinic."""

    clinic_name: str
    place: str
    clock: str  # how far a demo clinic's clock was moved, "" when it was not
    clock_offset: int  # the same in seconds, for the countdowns of scripts
    user_name: str
    user_id: str
    clinics_url: str
    socket_path: str
    idle_minutes: int
    sections: list[Section]
    keys: list[keymap.Line]
    fixed_keys: tuple[tuple[str, str | Promise], ...] = keymap.FIXED

    @property
    def bottom(self) -> list[Item]:
        """Return the places on the phone's bottom bar."""
        return [item for section in self.sections for item in section.items if item.short]


Provider = Callable[[HttpRequest, Clinic, User], Iterable[Item]]
_providers: list[tuple[Group, int, Provider]] = []


def register(group: Group, order: int, provider: Provider) -> None:
    """Add places to a group; `order` ranks the providers of one group. Called once, from AppConfig.ready."""
    _providers.append((group, order, provider))
    _providers.sort(key=lambda entry: entry[:2])


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a clinic, as the picker shows it."""

    needs_reply: int
    requests: int


_waiting: list[Callable[[User], Waiting]] = []


def register_waiting(provider: Callable[[User], Waiting]) -> None:
    """Say who counts what waits in the clinic that is entered. Called once, from AppConfig.ready."""
    _waiting[:] = [provider]


def waiting_in(clinic: Clinic, user: User) -> Waiting | None:
    """Return what waits for this member in a clinic; two statements."""
    with in_clinic(clinic):
        return _waiting[0](user) if _waiting else None


def rail(request: HttpRequest, clinic: Clinic) -> Rail:
    """Return the rail for this request; what a member may not open is left out by its provider."""
    user: User = request.user  # type: ignore[assignment]
    items: dict[Group, list[Item]] = {group: [] for group in Group}
    for group, _order, provider in _providers:
        items[group].extend(provider(request, clinic, user))
    place = place_of(clinic, now=clock.now(), language=get_language() or "en")
    return Rail(
        clinic_name=clinic.name,
        place=place.replace(", ", "\u00a0· ", 1),
        clock=_moved(clinic),
        clock_offset=int(clinic.clock_offset.total_seconds()),
        user_name=user.get_full_name(),
        user_id=str(user.pk),
        clinics_url=public_path("home"),
        socket_path=f"/ws/c/{clinic.slug}/inbox/",
        idle_minutes=clinic.idle_minutes,
        keys=keymap.keys_of(user),
        sections=[Section(str(_HEADS[group]), found) for group, found in items.items() if found],
    )


def _moved(clinic: Clinic) -> str:
    if not clinic.clock_offset:
        return ""
    return str(_("Clock moved forward %(span)s") % {"span": duration(clinic.clock_offset)})


@require_GET
def fragment(request: HttpRequest) -> HttpResponse:
    """Answer the rail anew, for a page whose own parts do not bring it along."""
    return render(request, "partials/rail_update.html", {"here": request.GET.get("here", "")[:40]})


def context(request: HttpRequest) -> dict[str, Any]:
    """Give templates `theme`, and inside a clinic `shell`, which is read when it is first used."""
    user = getattr(request, "user", None)
    # An anonymous user has no theme of their own: the device decides.
    given: dict[str, Any] = {"theme": SimpleLazyObject(lambda: getattr(user, "theme", ""))}
    clinic = getattr(request, "clinic", None)
    if clinic is not None:
        given["shell"] = SimpleLazyObject(lambda: rail(request, clinic))
    return given
