"""Threads that are out of sight until a time: when that may be, in the clinic's time, and how they come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from clinics import clocks
from clinics.models import User
from messaging import history
from messaging.history import Fields, Many, Seen, back_to_work, many, one, unless_changed
from messaging.models import Conversation, WorkState
from messaging.models import ConversationEventKind as Kind
from scheduling.hours import ZoneDays, from_minute, wall_minutes

LONGEST = timedelta(days=366)
MORNING, AFTERNOON, MONDAY = time(9), time(15), 0


class NotInThePast(ValueError):
    """A thread cannot be snoozed until a time that has gone, nor for more than a year."""

    code = "not_in_the_past"


@dataclass(frozen=True, slots=True)
class Preset:
    """A time to which a thread may be snoozed at one click; `name` says which it is."""

    name: str
    at: datetime


def presets(zone: ZoneInfo, *, opens_at: datetime | None, now: datetime) -> list[Preset]:
    """Return what is offered now, the soonest first; `opens_at` is when the clinic opens next."""
    today = now.astimezone(zone).date()
    ahead = (MONDAY - today.weekday() - 1) % 7 + 1
    offered = [
        Preset("hour", now + timedelta(hours=1)),
        Preset("afternoon", at_wall(datetime.combine(today, AFTERNOON), zone)),
        Preset("tomorrow", at_wall(datetime.combine(today + timedelta(days=1), MORNING), zone)),
        Preset("monday", at_wall(datetime.combine(today + timedelta(days=ahead), MORNING), zone)),
    ]
    if opens_at is not None:
        offered.append(Preset("opening", opens_at))
    soonest = sorted((preset for preset in offered if preset.at > now), key=lambda preset: preset.at)
    return [
        preset for n, preset in enumerate(soonest) if preset.at not in {other.at for other in soonest[:n]}
    ]


def at_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall time: one that the clocks skip is after the gap, of one that comes twice the first."""
    days = ZoneDays(zone)
    return from_minute(days.instant(wall.date(), wall_minutes(wall.time())))


def snooze(
    conversation: Conversation,
    *,
    until: datetime,
    by: User,
    now: datetime,
    seen: Seen | None = None,
    batch: UUID | None = None,
) -> bool:
    """Take a thread out of sight until a time, or until the patient writes.

    Raises NotInThePast, and ChangedMeanwhile when the patient wrote or a colleague acted after what was seen.
    """
    decide = unless_changed(seen, _asleep(until, now), by=by)
    return one(conversation, decide, Kind.SNOOZED, by=by, now=now, batch=batch)


def snooze_many(stamps: Mapping[UUID, str], *, until: datetime, by: User, now: datetime, batch: UUID) -> Many:
    """Snooze many threads at once, but for those that are no longer as the member saw them. Raises NotInThePast."""
    return many(stamps, _asleep(until, now), Kind.SNOOZED, by=by, now=now, batch=batch)


def _asleep(until: datetime, now: datetime) -> Fields:
    if not now < until <= now + LONGEST:
        raise NotInThePast
    return {"work_state": WorkState.SNOOZED, "snoozed_until": until, "state_before_failure": ""}


def due_to_wake(*, now: datetime) -> QuerySet[Conversation]:
    """Return the snoozed threads whose time has come, the longest due first."""
    return _snoozed().filter(snoozed_until__lte=now)


def wake(conversation_id: UUID, *, now: datetime) -> bool:
    """Bring a snoozed thread back when its time has come. Idempotent."""

    def decide(row: Conversation) -> Fields | None:
        asleep = row.work_state == WorkState.SNOOZED
        if not asleep or (row.snoozed_until is not None and row.snoozed_until > now):
            return None
        return back_to_work(row, now)

    return bool(history.change([conversation_id], decide, kind=Kind.WOKEN, by=None, now=now))


def wake_all(*, now: datetime) -> int:
    """Bring back every snoozed thread of the entered clinic whose time has come; note when the next one's comes.

    Each in a transaction of its own; return how many.
    """
    woken = sum(wake(pk, now=now) for pk in due_to_wake(now=now).values_list("pk", flat=True))
    with clocks.visit(clocks.SNOOZED, now=now) as visit:
        visit.next_at = _snoozed().values_list("snoozed_until", flat=True).first()
    return woken


def _snoozed() -> QuerySet[Conversation]:
    rows = Conversation.objects.filter(work_state=WorkState.SNOOZED, put_away_at=None)
    return rows.filter(snoozed_until__isnull=False).order_by("snoozed_until", "id")
