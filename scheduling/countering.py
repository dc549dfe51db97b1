"""Other times that staff offer to a request. Public through :mod:`scheduling.operations`.

The request stays as it is, with its own time, until the patient answers: then it moves and stands at once. The
times are held for the request itself (purpose *counter*), so that nobody, staff included, books over them; each
change raises the version, so that whoever looked before is told so.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.db.models import F

from clinics.models import User
from scheduling import events
from scheduling.booking import refusing, respond_by
from scheduling.deciding import free_counter, raise_refusal
from scheduling.errors import AlreadyDecided, FreeSlot, NotOffered, PastTime, SlotTaken, StaleVersion
from scheduling.holding import MAX_HOLDS, hold_slots
from scheduling.locks import operation
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    EventKind,
    HoldPurpose,
    SchedulingSettings,
    Source,
    Status,
)
from scheduling.moving import write
from scheduling.occupying import counter_holder

logger = logging.getLogger(__name__)

_BATCH = 500
_MINUTE = timedelta(minutes=1)


def counter_offer(
    appointment: Appointment, *, slots: Sequence[FreeSlot], by: User, now: datetime
) -> Appointment:
    """Offer one to three other times to a request and hold them all; return the request as it is now.

    They are held for so many opening hours as the clinic set; times offered before are given back. Raises
    SlotTaken with alternatives when one of them is gone, PastTime, AlreadyDecided, StaleVersion.
    """
    first = min((slot.starts_at for slot in slots), default=appointment.starts_at)
    return refusing(
        lambda: _offer(appointment, tuple(slots)[:MAX_HOLDS], by, now),
        type_id=appointment.type_id,
        practitioner_id=appointment.practitioner_id,
        starts_at=first,
        now=now,
        owner="",
        bookable_only=False,
    )


def take_counter(
    appointment: Appointment,
    *,
    starts_at: datetime,
    practitioner: UUID,
    source: Source | str,
    now: datetime,
) -> Appointment:
    """Let the patient take an offered time: the request moves there and stands, decided by who offered it.

    Raises NotOffered when the offer has ended, AlreadyDecided, StaleVersion; SlotTaken, NotBookable, PastTime with
    alternatives when the time cannot be had.
    """
    fresh = _offered(appointment, now)
    actor = (
        AppointmentEvent.objects.filter(appointment=fresh, kind=EventKind.OFFERED)
        .select_related("actor")
        .order_by("-at", "-id")[0]
        .actor
    )
    owner = counter_holder(fresh.pk)
    return refusing(
        lambda: write(
            fresh, starts_at, practitioner, None, fresh.version, str(source), owner, "", now, offered_by=actor
        ),
        type_id=fresh.type_id,
        practitioner_id=practitioner,
        starts_at=starts_at,
        now=now,
        owner=owner,
        bookable_only=False,
    )


@operation
def end_counter(
    appointment: Appointment, *, by: User | None = None, source: Source | str, now: datetime
) -> Appointment:
    """End an offer that was not taken: its times are free, the request waits for staff anew.

    Raises NotOffered when there is none any more, AlreadyDecided, StaleVersion.
    """
    if appointment.offered_until is None:
        raise NotOffered(appointment)
    until = respond_by(
        location_id=appointment.location_id,
        zone=appointment.zone,
        asked_at=now,
        starts_at=appointment.starts_at,
    )
    ended = _change(appointment, now, offered_until=None, respond_by=max(until, now + _MINUTE))
    free_counter(appointment)
    events.record(
        ended,
        EventKind.OFFER_ENDED,
        source=source,
        actor=by,
        before=events.snapshot(appointment),
        now=now,
    )
    return ended


def expire_counters(*, now: datetime) -> int:
    """End the offers that patients did not answer in time, each in its own transaction; return how many."""
    overdue = Appointment.objects.filter(offered_until__lte=now, status=Status.PENDING_REVIEW)
    expired = 0
    for appointment in overdue.order_by("offered_until", "id")[:_BATCH]:
        try:
            end_counter(appointment, source=Source.STAFF, now=now)
        except (AlreadyDecided, StaleVersion):
            continue  # the patient or staff were faster
        expired += 1
    if expired:
        logger.info("%d offers of other times ran out", expired)
    return expired


def offered_until(appointment: Appointment, slots: Sequence[FreeSlot], *, now: datetime) -> datetime:
    """Return until when the patient may choose: so many opening hours, before the first time that is concerned."""
    return respond_by(
        location_id=appointment.location_id,
        zone=appointment.zone,
        asked_at=now,
        starts_at=min(appointment.starts_at, *(slot.starts_at for slot in slots)),
        hours=SchedulingSettings.load().offer_hours,
    )


@operation
def _offer(appointment: Appointment, slots: tuple[FreeSlot, ...], by: User, now: datetime) -> Appointment:
    if not slots or min(slot.starts_at for slot in slots) <= now:
        raise PastTime
    until = offered_until(appointment, slots, now=now)
    held = hold_slots(
        slots,
        owner=counter_holder(appointment.pk),
        purpose=HoldPurpose.COUNTER,
        minutes=ceil((until - now) / _MINUTE),
        now=now,
        replacing=True,
    )
    if len(held) < len(slots):
        raise SlotTaken
    # The request must outlive the offer, so that staff can still decide it when nobody answers.
    deadline = respond_by(
        location_id=appointment.location_id,
        zone=appointment.zone,
        asked_at=until,
        starts_at=appointment.starts_at,
    )
    offered = _change(appointment, now, offered_until=until, respond_by=deadline)
    events.record(
        offered,
        EventKind.OFFERED,
        source=Source.STAFF,
        actor=by,
        before=events.snapshot(appointment),
        now=now,
    )
    return offered


def _offered(appointment: Appointment, now: datetime) -> Appointment:
    fresh = Appointment.objects.select_related("decided_by").get(pk=appointment.pk)
    if fresh.status != Status.PENDING_REVIEW:
        raise AlreadyDecided(fresh, fresh.decided_by)
    if fresh.offered_until is None or fresh.offered_until <= now:
        raise NotOffered(fresh)
    return fresh


def _change(
    appointment: Appointment, now: datetime, *, offered_until: datetime | None, respond_by: datetime
) -> Appointment:
    changed = Appointment.objects.filter(
        pk=appointment.pk, status=Status.PENDING_REVIEW, version=appointment.version
    ).update(offered_until=offered_until, respond_by=respond_by, version=F("version") + 1, updated_at=now)
    if not changed:
        raise_refusal(appointment, (Status.PENDING_REVIEW,))
    return Appointment.objects.select_related("patient", "practitioner", "type", "location").get(
        pk=appointment.pk
    )
