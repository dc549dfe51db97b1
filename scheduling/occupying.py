"""The rows that occupy time: clearing dead holds, taking seats, turning a hold into a booking. Writers only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from medsync.lib.ids import new_id
from scheduling.errors import NotBookable, SlotTaken, TimeRefused
from scheduling.models import Appointment, Hold, ResourceBooking
from scheduling.slots import TypeRule

# Dead are: expired holds and those that may be booked over, where they touch the wanted time; and all others of
# the owner, who has chosen. The order keeps two writers from waiting for each other.
_CLEAR = """
WITH doomed AS (
    SELECT hold.id FROM scheduling_hold AS hold
    WHERE hold.id IS DISTINCT FROM %(keep)s
      AND (hold.owner = %(owner)s
           OR (hold.expires_at <= %(now)s OR hold.purpose = ANY(%(over)s))
              AND EXISTS (SELECT FROM scheduling_resourcebooking AS booking
                          WHERE booking.hold_id = hold.id AND booking.resource_id = ANY(%(resources)s)
                            AND booking.blocks && tstzrange(%(begin)s, %(end)s)))
    ORDER BY hold.id FOR UPDATE
), freed AS (
    DELETE FROM scheduling_resourcebooking WHERE hold_id IN (SELECT id FROM doomed)
)
DELETE FROM scheduling_hold WHERE id IN (SELECT id FROM doomed)
"""


_CONVERT = """
WITH gone AS (
    DELETE FROM scheduling_hold WHERE id = %(hold)s
)
UPDATE scheduling_resourcebooking SET hold_id = NULL, appointment_id = %(appointment)s WHERE hold_id = %(hold)s
"""

_RELEASE = """
WITH doomed AS (
    SELECT id FROM scheduling_hold
    WHERE owner = %(owner)s AND (%(purpose)s::text IS NULL OR purpose = %(purpose)s) ORDER BY id FOR UPDATE
), freed AS (
    DELETE FROM scheduling_resourcebooking WHERE hold_id IN (SELECT id FROM doomed)
)
DELETE FROM scheduling_hold WHERE id IN (SELECT id FROM doomed)
"""

_FORGET = """
WITH doomed AS (
    SELECT id FROM scheduling_hold WHERE expires_at <= %(now)s ORDER BY id FOR UPDATE SKIP LOCKED
), freed AS (
    DELETE FROM scheduling_resourcebooking WHERE hold_id IN (SELECT id FROM doomed)
)
DELETE FROM scheduling_hold WHERE id IN (SELECT id FROM doomed)
"""

_LIVE = """
SELECT hold.practitioner_id, location.zone, hold.starts_at, hold.owner, hold.purpose
FROM scheduling_hold AS hold JOIN scheduling_location AS location ON location.id = hold.location_id
WHERE hold.expires_at > %(now)s
  AND (hold.owner = %(owner)s OR hold.practitioner_id = ANY(%(practitioners)s) AND hold.purpose = 'offer')
"""

# Holds of one call and the time that they occupy, in one go: an offer makes three of each.
_HOLD = """
WITH wanted AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(wanted)s::jsonb) AS slot (
        id uuid, practitioner uuid, type uuid, location uuid,
        starts_at timestamptz, ends_at timestamptz, resources uuid[], row_ids uuid[])
), held AS (
    INSERT INTO scheduling_hold
        (id, purpose, owner, practitioner_id, type_id, location_id, starts_at, ends_at, expires_at, created_at)
    SELECT id, %(purpose)s, %(owner)s, practitioner, type, location, starts_at, ends_at, %(expires_at)s, %(now)s
    FROM wanted
)
INSERT INTO scheduling_resourcebooking (id, resource_id, seat, visit, blocks, hold_id)
SELECT row.id, row.resource_id, 0, tstzrange(starts_at, ends_at),
    tstzrange(starts_at - make_interval(mins => %(before)s), ends_at + make_interval(mins => %(after)s)), wanted.id
FROM wanted CROSS JOIN LATERAL unnest(row_ids, resources) AS row (id, resource_id)
"""


def visit_range(rule: TypeRule, starts_at: datetime) -> DateTimeTZRange:
    """Return [start, end) of a visit."""
    return DateTimeTZRange(starts_at, starts_at + timedelta(minutes=rule.duration))


def blocked_range(rule: TypeRule, starts_at: datetime) -> DateTimeTZRange:
    """Return [start, end) of a visit with its buffers."""
    return DateTimeTZRange(
        starts_at - timedelta(minutes=rule.buffer_before),
        starts_at + timedelta(minutes=rule.duration + rule.buffer_after),
    )


def clear_holds(
    resources: Iterable[UUID],
    *,
    begin: datetime,
    end: datetime,
    now: datetime,
    owner: str = "",
    keep: UUID | None = None,
    over: Sequence[str] = (),
) -> None:
    """Delete what must not stand in the way in ``[begin, end)``: expired holds, and holds of purposes ``over``.

    With an ``owner``, all holds of that owner but ``keep`` go too. One statement. An expired hold still violates
    the constraint (an index cannot know what time it is), so every writer clears before it inserts.
    """
    _execute(
        _CLEAR,
        keep=keep,
        owner=owner or None,
        now=now,
        over=list(over),
        resources=list(resources),
        begin=begin,
        end=end,
    )


def occupy(
    appointment: Appointment,
    rule: TypeRule,
    *,
    resources: Sequence[UUID],
    hold: Hold | None = None,
    overbook: bool = False,
) -> None:
    """Take the time for a visit: a hold's rows become the visit's by UPDATE, else one row a resource is stored.

    ``overbook`` takes the next free seat of each resource. Raises IntegrityError when the time is taken.
    """
    # Nobody's lock protects a hold from running out or being released between our reading it and now: then the
    # time is taken like any other.
    if hold is not None and _execute(_CONVERT, appointment=appointment.pk, hold=hold.pk):
        return
    blocks = blocked_range(rule, appointment.starts_at)
    seats = _seats(resources, blocks) if overbook else {}
    ResourceBooking.objects.bulk_create(
        ResourceBooking(
            resource_id=resource,
            seat=seats.get(resource, 0),
            visit=visit_range(rule, appointment.starts_at),
            blocks=blocks,
            appointment=appointment,
        )
        for resource in resources
    )


def vacate(appointment: Appointment) -> None:
    """Give back the time of a visit."""
    _execute("DELETE FROM scheduling_resourcebooking WHERE appointment_id = %(id)s", id=appointment.pk)


def counter_holder(appointment_id: UUID) -> str:
    """Return the owner of the times that staff offered to a request instead of its own."""
    return f"request:{appointment_id}"


def live_holds(
    owner: str, practitioner_ids: Iterable[UUID], *, now: datetime
) -> list[tuple[UUID, str, datetime, str, str]]:
    """Return (doctor, zone, start, owner, purpose) of an owner's living holds, and of offers of these doctors."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, {"owner": owner, "practitioners": list(practitioner_ids), "now": now})
        found: list[tuple[UUID, str, datetime, str, str]] = cursor.fetchall()
    return found


def insert_holds(holds: Sequence[tuple[Hold, Sequence[UUID]]], *, rule: TypeRule) -> None:
    """Store holds of one owner and type, each with the resources that it occupies. One statement.

    Raises IntegrityError when a time is taken.
    """
    first = holds[0][0]
    wanted = [
        {
            "id": str(hold.pk),
            "practitioner": str(hold.practitioner_id),
            "type": str(hold.type_id),
            "location": str(hold.location_id),
            "starts_at": hold.starts_at.isoformat(),
            "ends_at": hold.ends_at.isoformat(),
            "resources": [str(resource) for resource in resources],
            "row_ids": [str(new_id()) for _ in resources],
        }
        for hold, resources in holds
    ]
    _execute(
        _HOLD,
        wanted=json.dumps(wanted),
        purpose=first.purpose,
        owner=first.owner,
        expires_at=first.expires_at,
        now=first.created_at,
        before=rule.buffer_before,
        after=rule.buffer_after,
    )


def delete_holds_of(owner: str, *, purpose: str | None) -> int:
    """Delete an owner's holds (of one purpose, when given); return how many."""
    return _execute(_RELEASE, owner=owner, purpose=purpose)


def delete_expired_holds(now: datetime) -> int:
    """Delete holds that ran out, but those that somebody is just converting; return how many."""
    return _execute(_FORGET, now=now)


def refusal_of(error: IntegrityError) -> TimeRefused | None:
    """Return what a violated constraint means for the caller, None when it is none of ours."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if constraint == "no_double_booking":
        return SlotTaken()
    if constraint == "patient_not_in_two_places":
        return NotBookable("patient_busy")
    return None


def _execute(sql: str, **values: Any) -> int:
    """Run one statement and return how many rows its outermost part changed.

    By hand, because Django would fetch what it deletes and delete holds and their rows one table at a time.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _seats(resources: Sequence[UUID], blocks: DateTimeTZRange) -> dict[UUID, int]:
    used: dict[UUID, set[int]] = {}
    rows = ResourceBooking.objects.filter(resource_id__in=resources, blocks__overlap=blocks)
    for resource, seat in rows.values_list("resource_id", "seat"):
        used.setdefault(resource, set()).add(seat)
    return {
        resource: next(seat for seat in range(len(seats) + 1) if seat not in seats)
        for resource, seats in used.items()
    }
