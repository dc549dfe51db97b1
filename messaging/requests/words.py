"""What a card reads on its own: a look at the calendar, and the words of "offer other" and "decline"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from messaging import foretelling, times
from messaging.requests import decisions
from messaging.requests.decisions import MOST_SLOTS
from scheduling.errors import FreeSlot
from scheduling.looking import Look, look
from scheduling.models import Appointment, Practitioner
from scheduling.queries import offered_times, spread
from scheduling.slots import Reason

DAYS, A_DAY = 6, 6  # so many days with so many times each stand to choose from


@dataclass(frozen=True, slots=True)
class Check:
    """What a look at the calendar says of the request's own time."""

    text: str
    icon: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A time that may be offered."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Day:
    """The times of one day."""

    label: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Words:
    """The parts of a card that the page merges into it."""

    id: UUID
    check: Check
    blocked: str  # why Accept is off, "" when it is not
    offered: list[str]  # what the patient is choosing from
    days: list[Day]
    count: int
    offer_text: str
    decline_text: str


def words(appointment: Appointment, *, now: datetime) -> Words:
    """Return what is so now."""
    seen = look(appointment, now=now)
    zone = ZoneInfo(appointment.zone)
    offered = offered_times(appointment) if appointment.offered_until else []
    free = _to_choose(seen.free, zone)
    chosen = spread(free, MOST_SLOTS, zone=zone)
    return Words(
        id=appointment.pk,
        check=check(appointment, seen, now=now),
        blocked=decisions.gone(appointment) if is_gone(seen) else "",
        offered=[_label(slot, zone, day=True) for slot in offered],
        days=_days(free, chosen, zone, own=appointment.practitioner_id),
        count=len(chosen),
        offer_text=foretelling.preview_counter(appointment, chosen, now),
        decline_text=foretelling.preview(appointment, "reject", now),
    )


def is_gone(seen: Look) -> bool:
    """Say whether the request's own time cannot be accepted any more."""
    return seen.reason in (Reason.TIME_OFF, Reason.HOURS)


def check(appointment: Appointment, seen: Look, *, now: datetime) -> Check:
    """Return what the look says, in a line."""
    doctor = appointment.practitioner.name
    if appointment.starts_at <= now:
        return Check(_("This time has passed"), "warning", bad=True)
    if is_gone(seen):
        return Check(_("%(doctor)s is away then") % {"doctor": doctor}, "warning", bad=True)
    if seen.reason == Reason.BUSY:
        return Check(_("Another visit stands at this time too"), "warning", bad=True)
    return Check(_("Free, checked now"), "check")


def _to_choose(free: Sequence[FreeSlot], zone: ZoneInfo) -> list[FreeSlot]:
    """Return the first times of the first days, one for each start."""
    found: dict[object, dict[datetime, FreeSlot]] = {}
    for slot in free:
        of_day = found.setdefault(slot.starts_at.astimezone(zone).date(), {})
        if len(of_day) < A_DAY:
            of_day.setdefault(slot.starts_at, slot)
    return [slot for of_day in list(found.values())[:DAYS] for slot in of_day.values()]


def _days(free: Sequence[FreeSlot], chosen: Sequence[FreeSlot], zone: ZoneInfo, *, own: UUID) -> list[Day]:
    others = {slot.practitioner_id for slot in free} - {own}
    names = dict(Practitioner.objects.filter(pk__in=others).values_list("pk", "name")) if others else {}
    days: dict[str, list[Choice]] = {}
    for slot in free:
        label = _label(slot, zone)
        if slot.practitioner_id in names:
            label = f"{label} · {names[slot.practitioner_id]}"
        days.setdefault(times.short_day(slot.starts_at, zone), []).append(
            Choice(decisions.slot_value(slot), label, slot in chosen)
        )
    return [Day(label, choices) for label, choices in days.items()]


def _label(slot: FreeSlot, zone: ZoneInfo, *, day: bool = False) -> str:
    clock = times.clock_time(slot.starts_at, zone)
    return f"{times.short_day(slot.starts_at, zone)}, {clock}" if day else clock
