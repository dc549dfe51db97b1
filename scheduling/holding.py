"""Short reservations of offered times. Public through :mod:`scheduling.operations`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError

from scheduling.availability import Calendar, Place, Structure, calendar, structure
from scheduling.errors import FreeSlot, NotBookable
from scheduling.hours import to_minute
from scheduling.locks import operation, resource_locks
from scheduling.models import Hold, HoldPurpose
from scheduling.occupying import (
    clear_holds,
    delete_expired_holds,
    delete_holds_of,
    insert_holds,
    live_holds,
    refusal_of,
)

MAX_HOLDS = 3  # live ones of an owner
OFFERED_SHARE = 3  # at most one in so many of a doctor's free times of a day is held by offers


def hold_slots(
    slots: Sequence[FreeSlot],
    *,
    owner: str,
    purpose: HoldPurpose | str = HoldPurpose.OFFER,
    minutes: int,
    now: datetime,
    known: Structure | None = None,
    replacing: bool = False,
) -> list[Hold]:
    """Reserve what may be reserved of some times for ``owner``, in their order; return the holds that were made.

    A time is passed over, without an error, when it is taken, when the owner has three live holds, or when an
    *offer* would hold more than a third of a doctor's free times of that day; it may still be offered and booked.
    ``minutes`` 0 holds nothing. ``known`` is what the times were found in, if that is at hand; what is taken is
    read again in any case, under the lock. ``replacing`` gives up the owner's present holds of that purpose:
    under the lock too, for whoever deletes holds first and queues afterwards deadlocks with who clears them.
    """
    try:
        if minutes > 0 and slots:
            return _hold(tuple(slots), owner, str(purpose), minutes, now, known, replacing)
    except IntegrityError as error:
        if refusal_of(error) is None:
            raise
        # somebody who does not queue for our locks was faster
    if replacing:
        release_holds(owner, purpose=purpose)
    return []


@operation
def release_holds(owner: str, *, purpose: HoldPurpose | str | None = None) -> int:
    """Free all times held for an owner (of one purpose, when given); return how many."""
    return delete_holds_of(owner, purpose=None if purpose is None else str(purpose))


@operation
def forget_expired_holds(*, now: datetime) -> int:
    """Delete holds that ran out; tidiness only, for readers ignore them and writers clear them. Return how many."""
    return delete_expired_holds(now)


@operation
def _hold(
    slots: tuple[FreeSlot, ...],
    owner: str,
    purpose: str,
    minutes: int,
    now: datetime,
    given: Structure | None,
    replacing: bool,
) -> list[Hold]:
    made: list[Hold] = []
    by_type = sorted(slots, key=lambda slot: str(slot.type_id))
    wanted: list[tuple[Structure, list[FreeSlot]]] = []
    for type_id, group in groupby(by_type, key=lambda slot: slot.type_id):
        try:
            known = given if given and given.type_id == type_id else structure(type_id=type_id)
        except NotBookable:
            continue
        wanted.append((known, list(group)))
    # All locks at once: taken type by type, they would not be ascending.
    resource_locks({resource for known, _ in wanted for resource in known.resource_ids()})
    if replacing:
        delete_holds_of(owner, purpose=purpose)
    for known, of_type in wanted:
        made.extend(_hold_of_type(known, of_type, owner, purpose, minutes, now))
    order = {(slot.starts_at, slot.practitioner_id): position for position, slot in enumerate(slots)}
    return sorted(made, key=lambda hold: order[hold.starts_at, hold.practitioner_id])


def _hold_of_type(
    known: Structure,
    slots: list[FreeSlot],
    owner: str,
    purpose: str,
    minutes: int,
    now: datetime,
) -> list[Hold]:
    begin, end = min(slot.starts_at for slot in slots), max(slot.ends_at for slot in slots)
    day = timedelta(days=1)
    seen = calendar(known, begin=begin - day, end=end + day, now=now)
    places = {(place.practitioner_id, place.location_id): place for place in known.places}
    own = 0
    offered: Counter[tuple[UUID, date]] = Counter()
    for practitioner_id, zone, starts_at, holder, kind in live_holds(
        owner, {slot.practitioner_id for slot in slots}, now=now
    ):
        own += holder == owner
        if kind == HoldPurpose.OFFER:
            offered[practitioner_id, starts_at.astimezone(ZoneInfo(zone)).date()] += 1
    holds: list[tuple[Hold, Sequence[UUID]]] = []
    free_of: dict[tuple[UUID, date], int] = {}
    for slot in slots:
        place = places.get((slot.practitioner_id, slot.location_id))
        if place is None or own + len(holds) >= MAX_HOLDS:
            continue
        start = to_minute(slot.starts_at)
        if seen.explain(place, start) is not None:
            continue
        local_day = seen.days(place.zone).date_of(start)
        key = (slot.practitioner_id, local_day)
        if key not in free_of:
            free_of[key] = len(seen.free(place, local_day, local_day + day))
        if purpose == HoldPurpose.OFFER and OFFERED_SHARE * (offered[key] + 1) > free_of[key] + offered[key]:
            continue
        rooms = seen.rooms_for(place, start)
        if rooms is None:
            continue
        offered[key] += 1
        free_of[key] -= 1
        hold = _new_hold(known, slot, owner, purpose, now, minutes)
        holds.append((hold, (place.practitioner_id, *rooms)))
        _mark(seen, known, place, rooms, start)
    if holds:
        reach = timedelta(minutes=known.rule.buffer_before), timedelta(minutes=known.rule.buffer_after)
        clear_holds(known.resource_ids(), begin=begin - reach[0], end=end + reach[1], now=now)
        insert_holds(holds, rule=known.rule)
    return [hold for hold, _ in holds]


def _mark(seen: Calendar, known: Structure, place: Place, rooms: Sequence[UUID], start: int) -> None:
    """Make a time that is being held taken for the next one of the same call."""
    for resource in (place.practitioner_id, *rooms):
        seen.take(resource, known.rule.blocks(start))


def _new_hold(
    known: Structure, slot: FreeSlot, owner: str, purpose: str, now: datetime, minutes: int
) -> Hold:
    return Hold(
        purpose=purpose,
        owner=owner,
        practitioner_id=slot.practitioner_id,
        type_id=known.type_id,
        location_id=slot.location_id,
        starts_at=slot.starts_at,
        ends_at=slot.starts_at + timedelta(minutes=known.rule.duration),
        expires_at=now + timedelta(minutes=minutes),
        created_at=now,
    )
