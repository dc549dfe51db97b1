"""New visits: asked for by patients, or booked by staff. Public through :mod:`scheduling.operations`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError

from clinics.models import User
from medsync.lib.text import clean
from scheduling import events, queries
from scheduling.availability import Structure, structure
from scheduling.choosing import Choice, choose
from scheduling.errors import PastTime, TimeRefused
from scheduling.hours import (
    WeeklySpan,
    ZoneDays,
    from_minute,
    opening_deadline,
    to_minute,
    to_minute_up,
    wall_minutes,
)
from scheduling.locks import operation, resource_locks
from scheduling.models import (
    Appointment,
    AppointmentType,
    ContactPoint,
    EventKind,
    HoldPurpose,
    OpeningHours,
    Patient,
    Practitioner,
    SchedulingSettings,
    Source,
    Status,
)
from scheduling.occupying import clear_holds, occupy, refusal_of

REASON_LENGTH = 250
LAST_ANSWER = timedelta(hours=1)  # before the visit, at the latest

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Wish:
    """A visit that somebody wants, before it is known whether it can be had."""

    patient: Patient
    type_id: UUID
    practitioner_id: UUID | None
    starts_at: datetime
    source: Source | str
    now: datetime
    owner: str = ""
    actor: User | None = None
    contact_point: ContactPoint | None = None
    by_staff: bool = False
    patients_rules: bool = True  # only what patients may book
    overbook_reason: str = ""
    silent: bool = False


def request(
    patient: Patient,
    *,
    type: AppointmentType | UUID,
    starts_at: datetime,
    practitioner: Practitioner | UUID | None = None,
    source: Source | str,
    owner: str = "",
    contact_point: ContactPoint | None = None,
    actor: User | None = None,
    now: datetime,
) -> Appointment:
    """Ask for a time: it waits for staff (``pending_review``), or stands at once when the type says so.

    The holder's live hold (``owner``) becomes the booking; the owner's other holds are released. A live hold of
    anybody else beats the request. Without a doctor the first free one in the clinic's order gets it. ``actor``
    is a member or integrator who asks for the patient, who may also ask for what patients cannot book.
    Raises SlotTaken, NotBookable, PastTime, each with alternatives.
    """
    return _with_alternatives(
        Wish(
            patient=patient,
            type_id=_id(type),
            practitioner_id=_id(practitioner) if practitioner is not None else None,
            starts_at=starts_at,
            source=source,
            now=now,
            owner=owner,
            actor=actor,
            contact_point=contact_point,
            patients_rules=actor is None,
        )
    )


def book(
    patient: Patient,
    *,
    type: AppointmentType | UUID,
    starts_at: datetime,
    practitioner: Practitioner | UUID | None = None,
    actor: User | None,
    source: Source | str = Source.STAFF,
    contact_point: ContactPoint | None = None,
    overbook_reason: str = "",
    silent: bool = False,
    now: datetime,
) -> Appointment:
    """Book a confirmed visit as staff: notice, horizon and grid do not bind, other people's offers give way.

    With ``overbook_reason`` the time may be outside the hours or taken already: the visit then gets the next seat,
    and the reason is kept. A visit that has begun can be booked until it would be over. ``silent``: the patient gets
    no text of it.
    Raises SlotTaken, NotBookable, PastTime, each with alternatives.
    """
    return _with_alternatives(
        Wish(
            patient=patient,
            type_id=_id(type),
            practitioner_id=_id(practitioner) if practitioner is not None else None,
            starts_at=starts_at,
            source=source,
            now=now,
            actor=actor,
            contact_point=contact_point,
            by_staff=True,
            patients_rules=False,
            overbook_reason=clean(overbook_reason).strip()[:REASON_LENGTH],
            silent=silent,
        )
    )


def respond_by(
    *, location_id: UUID, zone: str, asked_at: datetime, starts_at: datetime, hours: int | None = None
) -> datetime:
    """Return until when staff may answer a request: so many opening hours, at the latest one hour before it.

    ``hours`` are the clinic's for a request unless they are given.

    A request for a time less than an hour away may be answered for half of what is left, so that the patient
    can still be told before it begins. Two statements.
    """
    latest = starts_at - LAST_ANSWER
    if latest <= asked_at:
        latest = asked_at + (starts_at - asked_at) / 2
    opening = [
        WeeklySpan(weekday, wall_minutes(opens), wall_minutes(closes, end=True))
        for weekday, opens, closes in OpeningHours.objects.filter(location_id=location_id).values_list(
            "weekday", "opens", "closes"
        )
    ]
    return from_minute(
        opening_deadline(
            opening,
            ZoneDays(ZoneInfo(zone)),
            asked_at=to_minute_up(asked_at),
            minutes=60 * (SchedulingSettings.load().request_hours if hours is None else hours),
            latest=to_minute(latest),
        )
    )


def refusing(
    attempt: Callable[[], R],
    *,
    type_id: UUID,
    practitioner_id: UUID | None,
    starts_at: datetime,
    now: datetime,
    owner: str,
    bookable_only: bool,
) -> R:
    """Run an attempt; when the time cannot be had, say so with alternatives, found after its locks are gone."""
    try:
        return attempt()
    except TimeRefused as error:
        refusal = error
    except IntegrityError as error:
        found = refusal_of(error)
        if found is None:
            raise
        refusal = found
    refusal.alternatives = queries.alternatives(
        type_id=type_id,
        practitioner_id=practitioner_id,
        starts_at=starts_at,
        now=now,
        for_owner=owner,
        bookable_only=bookable_only,
    )
    raise refusal


def local_start(starts_at: datetime, zone: str) -> str:
    """Return the wall time of a visit, as kept beside its instant: "2026-12-02T10:00"."""
    return starts_at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def _with_alternatives(wish: Wish) -> Appointment:
    return refusing(
        lambda: _write(wish),
        type_id=wish.type_id,
        practitioner_id=wish.practitioner_id,
        starts_at=wish.starts_at,
        now=wish.now,
        owner=wish.owner,
        bookable_only=wish.patients_rules,
    )


@operation
def _write(wish: Wish) -> Appointment:
    known = structure(
        type_id=wish.type_id, practitioner_id=wish.practitioner_id, bookable_only=wish.patients_rules
    )
    ends_at = wish.starts_at + timedelta(minutes=known.rule.duration)
    if (ends_at if wish.by_staff else wish.starts_at) <= wish.now:
        raise PastTime
    resource_locks(known.resource_ids(), patient_id=wish.patient.pk)
    choice = choose(
        known,
        starts_at=wish.starts_at,
        now=wish.now,
        owner=wish.owner,
        by_staff=wish.by_staff,
        overbook=bool(wish.overbook_reason),
    )
    appointment = _appointment(wish, known, choice, ends_at)
    clear_holds(
        choice.resources,
        begin=wish.starts_at - timedelta(minutes=known.rule.buffer_before),
        end=ends_at + timedelta(minutes=known.rule.buffer_after),
        now=wish.now,
        owner=wish.owner,
        keep=choice.hold.pk if choice.hold else None,
        over=(HoldPurpose.OFFER,) if wish.by_staff else (),
    )
    appointment.save(force_insert=True)
    occupy(appointment, known.rule, resources=choice.resources, hold=choice.hold, overbook=choice.overbook)
    events.record(
        appointment,
        EventKind.REQUESTED if appointment.status == Status.PENDING_REVIEW else EventKind.BOOKED,
        source=wish.source,
        actor=wish.actor,
        before=None,
        now=wish.now,
        reason=appointment.reason,
        silent=wish.silent,
    )
    return appointment


def _appointment(wish: Wish, known: Structure, choice: Choice, ends_at: datetime) -> Appointment:
    place = choice.place
    appointment = Appointment(
        patient=wish.patient,
        contact_point=wish.contact_point,
        practitioner_id=place.practitioner_id,
        type_id=known.type_id,
        location_id=place.location_id,
        starts_at=wish.starts_at,
        ends_at=ends_at,
        local_start=local_start(wish.starts_at, place.zone),
        zone=place.zone,
        status=Status.CONFIRMED,
        source=wish.source,
    )
    if wish.by_staff:
        appointment.decided_by, appointment.decided_at = wish.actor, wish.now
        appointment.reason = wish.overbook_reason if choice.overbook else ""
    elif not known.accept_at_once:
        appointment.status = Status.PENDING_REVIEW
        appointment.respond_by = respond_by(
            location_id=place.location_id, zone=place.zone, asked_at=wish.now, starts_at=wish.starts_at
        )
    return appointment


def _id(row: AppointmentType | Practitioner | UUID) -> UUID:
    return row if isinstance(row, UUID) else row.pk
