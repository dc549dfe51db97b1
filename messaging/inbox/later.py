"""What is sent later: the times to choose from, and what waits above the composer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic
from medsync.lib.clock import wall_in
from messaging import times
from messaging.models import Conversation, Direction, Message

MORNING = time(9)
MONDAY = 0


@dataclass(frozen=True, slots=True)
class Preset:
    """A time to choose: what the page sends, and how it reads."""

    key: str
    at: datetime
    label: str
    when: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose time has not come."""

    key: str
    when: str
    iso: str
    author: str
    body: str
    written_since: str  # the patient has written meanwhile
    closed_then: bool  # as it stands WhatsApp will not take it then
    take_back_url: str


def presets(zone: ZoneInfo, *, now: datetime) -> list[Preset]:
    """Return the times that are offered, in clinic time; the same moment only once."""
    found = [
        Preset("hour", now + timedelta(hours=1), _("In 1 hour"), ""),
        Preset("tomorrow", _morning(zone, now, days=1), _("Tomorrow"), ""),
        Preset("monday", _monday(zone, now), _("Monday"), ""),
    ]
    if found[2].at == found[1].at:
        del found[2]
    return [Preset(p.key, p.at, p.label, _when(p.at, zone, now=now)) for p in found]


def moment_of(choice: str, zone: ZoneInfo, *, now: datetime) -> datetime | None:
    """Return the moment that a page chose: a preset's key, or wall time of the clinic; None when it is neither.

    A wall time that the clocks skip counts as the one an hour later, one that comes twice as the first.
    """
    for preset in presets(zone, now=now):
        if preset.key == choice:
            return preset.at
    if choice == "monday":
        return _monday(zone, now)
    wall = wall_in(choice)
    return wall and wall.replace(tzinfo=zone)


def _morning(zone: ZoneInfo, now: datetime, *, days: int) -> datetime:
    day = now.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, MORNING, tzinfo=zone)


def _monday(zone: ZoneInfo, now: datetime) -> datetime:
    today = now.astimezone(zone).weekday()
    return _morning(zone, now, days=(MONDAY - today) % 7 or 7)


def _when(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    clock = times.clock_time(at, zone)
    if at.astimezone(zone).date() == now.astimezone(zone).date():
        return clock
    return f"{times.short_day(at, zone)}, {clock}"


def waiting(
    messages: Iterable[Message],
    conversation: Conversation,
    *,
    name: str,
    last_inbound: datetime | None,
    clinic: Clinic,
    now: datetime,
) -> list[Waiting]:
    """Return what waits in a thread, the next first."""
    found = []
    for message in sorted(messages, key=lambda m: m.created_at):
        at = message.created_at
        since = last_inbound and message.written_at and last_inbound > message.written_at
        closes = conversation.window_closes_at if message.sender_id == conversation.last_sender_id else None
        found.append(
            Waiting(
                key=str(message.pk),
                when=_when(at, clinic.zone, now=now),
                iso=at.isoformat(),
                author=message.user.get_short_name() if message.user else "",
                body=message.body,
                written_since=_("%(name)s has written since") % {"name": name} if since else "",
                closed_then=message.channel == Channel.WHATSAPP and closes is not None and closes <= at,
                take_back_url=reverse("inbox:take-back", args=[message.conversation_id, message.pk]),
            )
        )
    return found


def newest_inbound(messages: Iterable[Message]) -> datetime | None:
    """Return when the patient last wrote, among these messages."""
    return max((m.created_at for m in messages if m.direction == Direction.INBOUND), default=None)
