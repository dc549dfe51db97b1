"""What becomes of visits: accepted, rejected, cancelled, run out. Public through :mod:`scheduling.operations`.

Each is one guarded UPDATE (status and version in its WHERE, the row count read), the rows that occupied time,
and an event. No resource lock is needed: nothing here takes time, it is only given back.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn

from django.db.models import DateTimeField, ExpressionWrapper, F, Value

from clinics.models import User
from medsync.lib.text import clean
from scheduling import events
from scheduling.errors import AlreadyDecided, PastTime, StaleVersion
from scheduling.locks import operation
from scheduling.models import (
    ALLOWED,
    Appointment,
    Cancellation,
    EventKind,
    HoldPurpose,
    Source,
    Status,
)
from scheduling.occupying import counter_holder, delete_holds_of, vacate

logger = logging.getLogger(__name__)

REASON_LENGTH = 250
_BATCH = 500

_KIND_OF_END = {Cancellation.REJECTED: EventKind.REJECTED, Cancellation.EXPIRED: EventKind.EXPIRED}


@operation
def accept(
    appointment: Appointment, *, by: User | None, source: Source | str = Source.STAFF, now: datetime
) -> Appointment:
    """Say yes to a request; return the visit as it is now.

    Raises AlreadyDecided when somebody was faster, StaleVersion when it was moved since it was looked at.
    """
    accepted = _change(
        appointment,
        (Status.PENDING_REVIEW,),
        now,
        status=Status.CONFIRMED,
        respond_by=None,
        offered_until=None,
        decided_by=by,
        decided_at=now,
    )
    free_counter(appointment)
    events.record(
        accepted,
        EventKind.ACCEPTED,
        source=source,
        actor=by,
        before=events.snapshot(appointment),
        now=now,
    )
    return accepted


def reject(
    appointment: Appointment,
    *,
    by: User | None,
    reason: str = "",
    source: Source | str = Source.STAFF,
    now: datetime,
) -> Appointment:
    """Say no to a request, with words for the patient; its time is free again. Raises as `accept` does."""
    return end(appointment, (Status.PENDING_REVIEW,), Cancellation.REJECTED, by, reason, source, now)


def cancel(
    appointment: Appointment,
    *,
    by: User | None,
    why: Cancellation | str,
    reason: str = "",
    source: Source | str = Source.STAFF,
    silent: bool = False,
    now: datetime,
) -> Appointment:
    """Cancel a request or a visit; its time is free again. ``by`` is the member, None when the patient did it.

    ``silent``: the patient gets no text of it.
    Raises AlreadyDecided when it is over already, StaleVersion when it was moved since it was looked at,
    PastTime when a patient cancels what has begun.
    """
    if why == Cancellation.PATIENT and appointment.starts_at <= now:
        raise PastTime
    live = tuple(status for status, following in ALLOWED.items() if Status.CANCELLED in following)
    return end(appointment, live, Cancellation(why), by, reason, source, now, silent=silent)


def expire_requests(*, now: datetime) -> int:
    """End the requests that staff did not answer in time, each in its own transaction; return how many."""
    overdue = Appointment.objects.filter(status=Status.PENDING_REVIEW, respond_by__lte=now)
    expired = 0
    for appointment in overdue.order_by("respond_by", "id")[:_BATCH]:
        try:
            end(
                appointment,
                (Status.PENDING_REVIEW,),
                Cancellation.EXPIRED,
                None,
                "",
                appointment.source,
                now,
            )
        except (AlreadyDecided, StaleVersion):
            continue  # staff or the patient were faster
        expired += 1
    if expired:
        logger.info("%d requests ran out", expired)
    return expired


def nudge_requests(*, now: datetime) -> int:
    """Say once of each request that half of its time has passed, for whoever reminds staff; return how many."""
    waits_since_half = ExpressionWrapper(
        Value(now, DateTimeField()) + (Value(now, DateTimeField()) - F("created_at")),
        output_field=DateTimeField(),
    )
    waiting = Appointment.objects.filter(
        status=Status.PENDING_REVIEW, nudged_at=None, offered_until=None, respond_by__lte=waits_since_half
    )
    return sum(_nudge(row, now) for row in waiting.order_by("respond_by", "id")[:_BATCH])


@operation
def _nudge(appointment: Appointment, now: datetime) -> bool:
    try:
        nudged = _change(appointment, (Status.PENDING_REVIEW,), now, nudged_at=now)
    except (AlreadyDecided, StaleVersion):
        return False
    events.record(
        nudged,
        EventKind.NUDGED,
        source=appointment.source,
        actor=None,
        before=events.snapshot(appointment),
        now=now,
    )
    return True


@operation
def end(
    appointment: Appointment,
    statuses: Sequence[Status | str],
    why: Cancellation,
    by: User | None,
    reason: str,
    source: Source | str,
    now: datetime,
    *,
    silent: bool = False,
) -> Appointment:
    """End a visit that has one of these statuses; its time is free again. Raises AlreadyDecided, StaleVersion."""
    words = clean(reason).strip()[:REASON_LENGTH]
    decision: dict[str, Any] = {"decided_by": by, "decided_at": now}
    ended = _change(
        appointment,
        statuses,
        now,
        status=Status.CANCELLED,
        cancellation=why,
        respond_by=None,
        offered_until=None,
        **decision,
        **({"reason": words} if words else {}),
    )
    vacate(ended)
    free_counter(appointment)
    events.record(
        ended,
        _KIND_OF_END.get(why, EventKind.CANCELLED),
        source=source,
        actor=by,
        before=events.snapshot(appointment),
        now=now,
        reason=words,
        silent=silent,
    )
    return ended


def free_counter(appointment: Appointment) -> None:
    """Give back the times that staff offered instead, after an UPDATE that was guarded by this row's version."""
    if appointment.offered_until is not None:
        delete_holds_of(counter_holder(appointment.pk), purpose=HoldPurpose.COUNTER)


def _change(
    appointment: Appointment, statuses: Sequence[Status | str], now: datetime, **fields: Any
) -> Appointment:
    """Change a visit if it still has one of the statuses and the version that was looked at; return a changed copy."""
    count = Appointment.objects.filter(
        pk=appointment.pk, status__in=statuses, version=appointment.version
    ).update(updated_at=now, **fields)
    if not count:
        raise_refusal(appointment, statuses)
    changed = copy.copy(appointment)
    for name, value in {"updated_at": now, **fields}.items():
        setattr(changed, name, value)
    return changed


def raise_refusal(appointment: Appointment, statuses: Sequence[Status | str]) -> NoReturn:
    """Say why a guarded UPDATE met no row, with the visit as it is now."""
    fresh = Appointment.objects.select_related("decided_by").get(pk=appointment.pk)
    if fresh.status in statuses:
        raise StaleVersion(fresh)
    raise AlreadyDecided(fresh, fresh.decided_by)
