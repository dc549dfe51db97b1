"""The menus of what is done with threads, as templates read them: when to wake, who has it, what can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from clinics.models import Clinic, User
from clinics.places import place_of
from clinics.queries import members_of
from messaging import times
from messaging.inbox import parts
from messaging.models import ConversationEventKind
from messaging.snoozing import LONGEST, Preset
from messaging.undoing import Deed
from scheduling.models import ContactPoint, Patient


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of a menu: what it says, what it sends, and a time or a mark at its end."""

    label: str
    value: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Undoable:
    """A line of what can be taken back."""

    text: str
    time: str
    url: str


_PRESETS = {
    "hour": gettext_lazy("In 1 hour"),
    "afternoon": gettext_lazy("This afternoon"),
    "tomorrow": gettext_lazy("Tomorrow"),
    "monday": gettext_lazy("On Monday"),
    "opening": gettext_lazy("When the clinic opens"),
}
_DONE = {
    ConversationEventKind.ASSIGNED: gettext_lazy("assigned"),
    ConversationEventKind.SNOOZED: gettext_lazy("snoozed"),
    ConversationEventKind.WOKEN: gettext_lazy("woken up"),
    ConversationEventKind.DONE: gettext_lazy("done"),
    ConversationEventKind.REOPENED: gettext_lazy("needs a reply again"),
    ConversationEventKind.NO_REPLY: gettext_lazy("no reply needed"),
    ConversationEventKind.BOT_ON: gettext_lazy("bot switched on"),
    ConversationEventKind.BOT_PAUSED: gettext_lazy("bot paused"),
    ConversationEventKind.BOT_OFF: gettext_lazy("bot switched off"),
    ConversationEventKind.BLOCKED: gettext_lazy("blocked"),
    ConversationEventKind.UNBLOCKED: gettext_lazy("no longer blocked"),
}


def snooze_menu(presets: Sequence[Preset], *, clinic: Clinic, now: datetime) -> dict[str, Any]:
    """Return the times that are offered, and between which times one's own may lie (wall time of the clinic)."""
    zone = clinic.zone
    return {
        "choices": [
            Choice(str(_PRESETS[p.name]), p.at.isoformat(), times.until(p.at, zone, now=now)) for p in presets
        ],
        "earliest": now.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        "latest": (now + LONGEST).astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        "place": place_of(clinic, now=now, language=get_language() or "en"),
    }


def assign_menu(clinic: Clinic, user: User) -> dict[str, Any]:
    """Return the members, oneself first, and nobody at the end."""
    members = sorted(members_of(clinic), key=lambda member: member.user_id != user.pk)
    choices = [
        Choice(
            member.user.get_full_name(),
            str(member.user_id),
            _("you") if member.user_id == user.pk else str(member.get_role_display()),
        )
        for member in members
    ]
    return {"choices": choices}


def deeds(
    found: Sequence[Deed],
    named: Mapping[UUID, tuple[ContactPoint, list[Patient]]],
    *,
    clinic: Clinic,
    now: datetime,
) -> list[Undoable]:
    """Return what can be taken back, in words."""
    return [
        Undoable(
            _("%(what)s: %(deed)s") % {"what": _what(deed, named, clinic), "deed": _DONE[deed.kind]},
            times.moment(deed.at, clinic.zone, now=now),
            reverse("inbox:undo", args=[deed.batch]),
        )
        for deed in found
    ]


def _what(deed: Deed, named: Mapping[UUID, tuple[ContactPoint, list[Patient]]], clinic: Clinic) -> str:
    if deed.threads == 1 and deed.first in named:
        return parts.name_of(*named[deed.first], clinic.country)
    return ngettext("%(n)d thread", "%(n)d threads", deed.threads) % {"n": deed.threads}
