"""Which doctor and rooms a wanted time gets, decided under the lock with the rule that readers use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scheduling.availability import Calendar, Place, Structure, calendar
from scheduling.errors import NotBookable, SlotTaken
from scheduling.hours import from_minute, to_minute
from scheduling.models import Hold, HoldPurpose
from scheduling.slots import Reason

TAKEN = frozenset({Reason.BUSY, Reason.BUFFER, Reason.ROOM})
ADVISORY = frozenset(
    {Reason.NOTICE, Reason.HORIZON, Reason.GRID}
)  # bind patients, not staff, nor a live hold


@dataclass(frozen=True, slots=True)
class Choice:
    """A doctor at a place, the resources that the visit occupies, and the holder's hold when there is one."""

    place: Place
    resources: tuple[UUID, ...]
    hold: Hold | None
    overbook: bool


def choose(
    known: Structure,
    *,
    starts_at: datetime,
    now: datetime,
    owner: str = "",
    by_staff: bool = False,
    overbook: bool = False,
    besides: UUID | None = None,
) -> Choice:
    """Return who sees the patient, for a time that may be had; call it with the resources locked.

    Doctors are tried in the clinic's order, the holder's own hold first. Staff are bound neither by notice,
    horizon and grid nor by other people's offers; with ``overbook`` by nothing. Two statements.
    Raises SlotTaken, NotBookable.
    """
    if starts_at != from_minute(to_minute(starts_at)):
        raise NotBookable(Reason.GRID)
    start = to_minute(starts_at)
    seen = calendar(
        known,
        begin=starts_at,
        end=starts_at,
        now=now,
        for_owner=owner,
        over_holds=(HoldPurpose.OFFER,) if by_staff else (),
        besides=besides,
    )
    held = _own_hold(known, starts_at, owner, now)
    reasons: list[Reason] = []
    for place in sorted(known.places, key=lambda place: not _is_held(held, place)):
        own = held if _is_held(held, place) else None
        reason = seen.explain(place, start)
        if reason is None or (reason in ADVISORY and (by_staff or own is not None)):
            rooms = seen.rooms_for(place, start) or []
            return Choice(place, (place.practitioner_id, *rooms), own, overbook=False)
        reasons.append(reason)
    if overbook and known.places:
        place = known.places[0]
        return Choice(place, (place.practitioner_id, *_some_rooms(seen, place, start)), None, overbook=True)
    raise _refusal(reasons)


def _own_hold(known: Structure, starts_at: datetime, owner: str, now: datetime) -> Hold | None:
    if not owner:
        return None
    held = Hold.objects.filter(owner=owner, type_id=known.type_id, starts_at=starts_at, expires_at__gt=now)
    return held.filter(practitioner_id__in={place.practitioner_id for place in known.places}).first()


def _is_held(held: Hold | None, place: Place) -> bool:
    return held is not None and (held.practitioner_id, held.location_id) == (
        place.practitioner_id,
        place.location_id,
    )


def _some_rooms(seen: Calendar, place: Place, start: int) -> list[UUID]:
    """Return a free room of each kind, or the first of the kind when all are taken: overbooking shares it."""
    free = seen.rooms_for(place, start)
    if free is not None:
        return free
    return [rooms[0] for rooms in seen.structure.rooms.get(place.location_id, {}).values()]


def _refusal(reasons: list[Reason]) -> SlotTaken | NotBookable:
    if not reasons:
        return NotBookable("practitioner")
    if TAKEN.intersection(reasons):
        return SlotTaken()
    return NotBookable(max(reasons, key=list(Reason).index))
