"""The small parts of the inbox's screens, as templates read them: chips, tags, rings, names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from clinics.models import Channel, Sender
from medsync.lib import phone
from messaging import times
from scheduling.models import ContactPoint, Patient

WINDOW = timedelta(hours=24)
SOON = timedelta(hours=2)
URGENT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go."""

    label: str
    url: str
    icon: str = ""
    new_window: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """An icon and a word; `tone` is a name of components.css, "" for neutral."""

    text: str
    icon: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A short mark and what it is called."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Ring:
    """The time left of WhatsApp's 24 hours: open, warn, bad, closed, or none (SMS)."""

    state: str
    percent: int = 0


@dataclass(frozen=True, slots=True)
class WindowChip:
    """The same in words, for the head of a thread."""

    text: str
    css: str
    title: str
    icon: str = ""
    percent: int = 0
    until: str = ""


def ring(channel: str, closes_at: datetime | None, *, now: datetime) -> Ring:
    """Return the ring of a thread that was last used on `channel`."""
    if channel != Channel.WHATSAPP:
        return Ring("none")
    left = closes_at - now if closes_at else timedelta(0)
    if left <= timedelta(0):
        return Ring("closed")
    percent = max(1, min(100, round(100 * left / WINDOW)))
    return Ring("bad" if left < URGENT else "warn" if left < SOON else "open", percent)


def window_flag(channel: str, closes_at: datetime | None, zone: ZoneInfo, *, now: datetime) -> Chip | None:
    """Return the list's flag: nothing while there is time, then when it ends, then that it has ended."""
    state = ring(channel, closes_at, now=now).state
    if state == "closed":
        return Chip(_("Closed"), "lock")
    if state in ("warn", "bad") and closes_at:
        icon = "warning" if state == "bad" else "clock"
        return Chip(_until(closes_at, zone, now=now), icon, state)
    return None


def window_chip(
    channel: str, closes_at: datetime | None, zone: ZoneInfo, *, now: datetime
) -> WindowChip | None:
    """Return the chip in the head of a WhatsApp thread; None for SMS, which has no such limit."""
    shown = ring(channel, closes_at, now=now)
    if shown.state == "none":
        return None
    if shown.state == "closed" or closes_at is None:
        title = _("WhatsApp lets a clinic write freely for 24 hours after the patient’s last message.")
        return WindowChip(_("Closed · approved text only"), "", title, icon="lock")
    title = _("You can write freely until %(time)s, clinic time.") % {
        "time": f"{times.short_day(closes_at, zone)}, {times.clock_time(closes_at, zone)}"
    }
    until = closes_at.isoformat()
    if shown.state == "open":
        text = _("Write freely · %(left)s") % {"left": times.duration(closes_at - now)}
        return WindowChip(text, "chip-outline", title, percent=shown.percent, until=until)
    text = _until(closes_at, zone, now=now)
    if shown.state == "warn":
        return WindowChip(text, "chip-warn", title, percent=shown.percent, until=until)
    return WindowChip(text, "chip-bad", title, icon="warning", until=until)


def _until(closes_at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    return _("Until %(time)s · %(left)s") % {
        "time": times.clock_time(closes_at, zone),
        "left": times.short_duration(closes_at - now),
    }


def sender_tag(sender: Sender | None, channel: str) -> Tag | None:
    """Return the mark of a clinic number: "WA-1", "SMS"; a channel's only number needs no figure for SMS."""
    if not channel or channel not in Channel.values:
        return None
    name = Channel(channel).label
    rank = sender.rank if sender else None
    if channel == Channel.WHATSAPP:
        text = f"WA-{rank}" if rank else "WA"
    else:
        text = f"SMS-{rank}" if rank and rank > 1 else "SMS"
    if rank is None:
        return Tag(text, str(name))
    return Tag(text, _("%(channel)s, number %(rank)d") % {"channel": name, "rank": rank})


def name_of(point: ContactPoint, people: Sequence[Patient], country: str) -> str:
    """Return what a thread is called: its patients, else the profile's name, else the number."""
    named = [patient for patient in people if patient.name]
    if len(named) == 1:
        return named[0].name
    if named:
        families = {patient.name.split(" ")[-1] for patient in named}
        if len(families) == 1:
            return _("%(name)s family · %(n)d") % {"name": families.pop(), "n": len(named)}
        return ", ".join(patient.call_name for patient in named[:3])
    if point.display_name:
        return point.display_name
    if point.phone:
        return phone.display(point.phone, country)
    return _("Hidden number")


def short_name(point: ContactPoint, people: Sequence[Patient], country: str) -> str:
    """Return a name that fits into a sentence: "Ana R.", else as `name_of`."""
    name = name_of(point, people, country)
    words = name.split()
    if len(words) < 2 or not any(patient.name == name for patient in people):
        return name
    return f"{words[0]} {words[-1][0]}."


def number_of(point: ContactPoint, country: str) -> str:
    """Return the number as the clinic's country writes it, "" when the person hides it."""
    return phone.display(point.phone, country) if point.phone else ""
