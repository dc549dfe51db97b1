"""Reads what the slot engine needs, in at most four statements, and asks it. Reader and writer share this.

1. the type, with the doctors who do it · 2. their hours, with places and zones · 3. rooms, only when the type
needs some · 4. what is taken and who is away, as arrays of minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Q

from scheduling.errors import NotBookable
from scheduling.hours import Range, WeeklySpan, ZoneDays, from_minute, to_minute, to_minute_up, wall_minutes
from scheduling.models import AppointmentType, Room, WeeklyHours
from scheduling.slots import Agenda, Reason, TypeRule, explain, free_rooms, free_starts, roomless_starts


@dataclass(frozen=True, slots=True)
class Place:
    """A doctor at a location: one row of hours, and the order in which doctors are tried."""

    practitioner_id: UUID
    location_id: UUID
    zone: str
    spans: tuple[WeeklySpan, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """What changes rarely: a type's rule, who does it where, and the rooms it may use."""

    type_id: UUID
    accept_at_once: bool
    rule: TypeRule
    places: tuple[Place, ...]
    rooms: Mapping[UUID, Mapping[str, Sequence[UUID]]]  # location → kind → rooms

    def resource_ids(self) -> set[UUID]:
        """Return everything that a visit of this type may occupy."""
        found = {place.practitioner_id for place in self.places}
        for kinds in self.rooms.values():
            for rooms in kinds.values():
                found.update(rooms)
        return found


def structure(
    *,
    type_id: UUID | None = None,
    practitioner_id: UUID | None = None,
    bookable_only: bool = False,
    retired: bool = False,
) -> Structure:
    """Return who does a type where; without a type the clinic's first. Two statements, three with rooms.

    ``bookable_only`` keeps to what patients may book; ``retired`` takes a type out of use as well (a visit of it
    may still be moved). Raises NotBookable("type" or "practitioner").
    """
    types = AppointmentType.objects.all() if retired else AppointmentType.objects.filter(active=True)
    if bookable_only:
        types = types.filter(bookable=True)
    if type_id is not None:
        types = types.filter(pk=type_id)
    kind = (
        types.annotate(
            only=ArrayAgg("practitioners__resource_id", filter=Q(practitioners__isnull=False), default=[])
        )
        .order_by("rank", "id")
        .first()
    )
    if kind is None or not (kind.duration and kind.grid):  # a type left half made gives no times
        raise NotBookable("type")
    if practitioner_id is not None and kind.only and practitioner_id not in kind.only:
        raise NotBookable("practitioner")
    places = tuple(_places(kind.only, practitioner_id, bookable_only))
    if practitioner_id is not None and not places:
        raise NotBookable("practitioner")
    rule = TypeRule(
        duration=kind.duration,
        buffer_before=kind.buffer_before,
        buffer_after=kind.buffer_after,
        grid=kind.grid,
        least_notice=kind.least_notice,
        horizon_days=kind.horizon_days,
        room_kinds=tuple(kind.room_kinds),
    )
    rooms: dict[UUID, dict[str, list[UUID]]] = {}
    if rule.room_kinds and places:
        found = Room.objects.filter(
            active=True, kind__in=rule.room_kinds, location__in={place.location_id for place in places}
        )
        for room_id, location_id, room_kind in found.order_by("name", "resource_id").values_list(
            "resource_id", "location_id", "kind"
        ):
            rooms.setdefault(location_id, {}).setdefault(room_kind, []).append(room_id)
    return Structure(kind.pk, kind.accept_at_once, rule, places, rooms)


def _places(only: Sequence[UUID], practitioner_id: UUID | None, bookable_only: bool) -> Iterator[Place]:
    hours = WeeklyHours.objects.filter(practitioner__active=True, location__active=True)
    if bookable_only:
        hours = hours.filter(practitioner__bookable=True)
    if practitioner_id is not None:
        hours = hours.filter(practitioner_id=practitioner_id)
    elif only:
        hours = hours.filter(practitioner_id__in=only)
    grouped: dict[tuple[UUID, UUID, str], list[WeeklySpan]] = {}
    rows = hours.order_by(
        "practitioner__rank", "practitioner__name", "practitioner_id", "location__rank", "location_id", "id"
    ).values_list(
        "practitioner_id",
        "location_id",
        "location__zone",
        "weekday",
        "starts",
        "ends",
        "valid_from",
        "valid_to",
    )
    for practitioner, location, zone, weekday, starts, ends, since, until in rows:
        span = WeeklySpan(weekday, wall_minutes(starts), wall_minutes(ends, end=True), since, until)
        grouped.setdefault((practitioner, location, zone), []).append(span)
    for (practitioner, location, zone), spans in grouped.items():
        yield Place(practitioner, location, zone, tuple(spans))


@dataclass(slots=True)
class Calendar:
    """A structure with what is taken in some time; answers what is free in it."""

    structure: Structure
    now: int
    taken: dict[UUID, Sequence[Range]]
    visits: Mapping[UUID, Sequence[Range]]
    away: Mapping[UUID, Sequence[Range]]
    _days: dict[str, ZoneDays] = field(default_factory=dict)
    _blocked: dict[UUID, list[Range]] = field(default_factory=dict)

    def days(self, zone: str) -> ZoneDays:
        """Return the local days of a zone, shared by all its doctors."""
        if zone not in self._days:
            self._days[zone] = ZoneDays(ZoneInfo(zone))
        return self._days[zone]

    def free(self, place: Place, first: date, last: date) -> list[int]:
        """Return the free starts of a doctor at a place on the local dates ``[first, last)``."""
        return free_starts(
            self._agenda(place),
            self.structure.rule,
            days=self.days(place.zone),
            first=first,
            last=last,
            now=self.now,
            blocked=self._roomless(place.location_id),
        )

    def explain(self, place: Place, start: int) -> Reason | None:
        """Return the first rule that removes a start of a doctor at a place, None when it is free."""
        return explain(
            self._agenda(place),
            self.structure.rule,
            start,
            days=self.days(place.zone),
            now=self.now,
            blocked=self._roomless(place.location_id),
            visits=self.visits.get(place.practitioner_id, ()),
        )

    def rooms_for(self, place: Place, start: int) -> list[UUID] | None:
        """Return one free room of each needed kind, None when a kind has none."""
        chosen: list[UUID] = []
        at_place = self.structure.rooms.get(place.location_id, {})
        for kind in dict.fromkeys(self.structure.rule.room_kinds):
            rooms = at_place.get(kind, ())
            free = free_rooms([self.taken.get(room, ()) for room in rooms], self.structure.rule, start)
            if not free:
                return None
            chosen.append(rooms[free[0]])
        return chosen

    def take(self, resource_id: UUID, blocks: Range) -> None:
        """Count a time as taken from now on, as if it had been read so."""
        self.taken[resource_id] = [*self.taken.get(resource_id, ()), blocks]
        self._blocked.clear()

    def _agenda(self, place: Place) -> Agenda:
        return Agenda(
            place.spans,
            time_off=self.away.get(place.practitioner_id, ()),
            busy=self.taken.get(place.practitioner_id, ()),
        )

    def _roomless(self, location_id: UUID) -> list[Range]:
        if location_id not in self._blocked:
            at_place = self.structure.rooms.get(location_id, {})
            busy = {kind: [self.taken.get(room, ()) for room in rooms] for kind, rooms in at_place.items()}
            self._blocked[location_id] = roomless_starts(busy, self.structure.rule)
        return self._blocked[location_id]


# What is taken joins what adjoins (range_agg), so that a full day travels as one range. A hold counts while it
# lives and is somebody else's; `over` are the purposes of holds that this reader may book over. One look a resource
# (LATERAL) walks the constraint's own index, whatever the history: with 250,000 rows 20 ms become 7.
_BUSY = """
WITH booked AS MATERIALIZED (
    SELECT booking.resource_id, booking.blocks, booking.visit
    FROM unnest(%(resources)s::uuid[]) AS wanted (resource_id)
    CROSS JOIN LATERAL (
        SELECT * FROM scheduling_resourcebooking AS occupied
        WHERE occupied.resource_id = wanted.resource_id AND occupied.blocks && tstzrange(%(begin)s, %(end)s)
        OFFSET 0
    ) AS booking
    LEFT JOIN scheduling_hold AS hold ON hold.id = booking.hold_id
    WHERE (hold.id IS NULL
           OR (hold.expires_at > %(now)s AND hold.owner <> %(owner)s AND hold.purpose <> ALL(%(over)s)))
      AND (booking.appointment_id = %(besides)s::uuid) IS NOT TRUE
), spans AS (
    SELECT 'taken' AS kind, resource_id, unnest(range_agg(blocks)) AS span FROM booked GROUP BY resource_id
    UNION ALL
    SELECT 'visit', resource_id, visit FROM booked WHERE %(visits)s
    UNION ALL
    SELECT 'away', practitioner_id, tstzrange(starts_at, ends_at) FROM scheduling_timeoff
    WHERE practitioner_id = ANY(%(resources)s) AND starts_at < %(end)s AND ends_at > %(begin)s
)
SELECT kind, resource_id,
       array_agg(floor(extract(epoch FROM lower(span)) / 60)::int),
       array_agg(ceil(extract(epoch FROM upper(span)) / 60)::int)
FROM spans GROUP BY kind, resource_id
"""


def calendar(
    structure: Structure,
    *,
    begin: datetime,
    end: datetime,
    now: datetime,
    for_owner: str | None = None,
    over_holds: Iterable[str] = (),
    besides: UUID | None = None,
    with_visits: bool = False,
) -> Calendar:
    """Return what is taken of a structure between two instants. One statement.

    Expired holds and those of ``for_owner`` do not count, nor holds of the purposes in ``over_holds``, nor the
    bookings of the appointment ``besides`` (the one being moved).
    """
    reach = structure.rule.duration + structure.rule.buffer_before + structure.rule.buffer_after
    found: dict[str, dict[UUID, Sequence[Range]]] = {"taken": {}, "visit": {}, "away": {}}
    resources = structure.resource_ids()
    if resources:
        with connection.cursor() as cursor:
            cursor.execute(
                _BUSY,
                {
                    "resources": list(resources),
                    "begin": from_minute(to_minute(begin) - reach),
                    "end": from_minute(to_minute_up(end) + reach),
                    "now": now,
                    "owner": for_owner or "",
                    "over": list(over_holds),
                    "besides": besides,
                    "visits": with_visits,
                },
            )
            for kind, resource_id, begins, ends in cursor.fetchall():
                found[kind][resource_id] = list(zip(begins, ends, strict=True))
    return Calendar(structure, to_minute_up(now), found["taken"], found["visit"], found["away"])
