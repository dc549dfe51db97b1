"""What is due, read from the live rows: one statement each, by the index of visits by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, UUIDField, Value, When
from django.db.models.functions import Coalesce

from clinics.clocks import LONGEST
from messaging.models import ReminderClaim, ReminderSubject
from messaging.reminders import due
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    Attendance,
    EventKind,
    Location,
    Patient,
    PatientContact,
    Practitioner,
    Status,
)

#: Who has said whether they come is not asked again.
UNANSWERED = (Attendance.UNASKED, Attendance.ASKED)
#: Since one of these the patient knows of this time.
_FIXED = (EventKind.BOOKED, EventKind.ACCEPTED, EventKind.MOVED)
_RELATED = ("patient", "practitioner", "location", "type")


@dataclass(frozen=True, slots=True)
class DueVisit:
    """A visit with the step that is due for it."""

    visit_id: UUID
    step: int


def due_visits(
    steps: Sequence[int],
    *,
    now: datetime,
    limit: int,
    besides: Sequence[UUID],
    enabled_at: datetime | None = None,
) -> list[DueVisit]:
    """Return the visits whose step is due, was not taken up, and was still to come when the visit was fixed.

    After them come those whose last step was missed, though reminders were on since `enabled_at`, and of which nobody
    was reminded by another.
    """
    spans = due.spans(steps, now=now)
    inside = [Q(starts_at__gt=span.after, starts_at__lte=span.until) for span in spans]
    step = Case(*(When(q, then=Value(span.step)) for q, span in zip(inside, spans, strict=True)))
    missed = Case(When(inside[-1], then=Value(True)), default=Value(False))
    due_time = Case(
        *(
            When(q, then=F("starts_at") - timedelta(hours=span.step))
            for q, span in zip(inside, spans, strict=True)
        )
    )
    owed = Q(~Exists(_claims()))
    if enabled_at is not None:
        owed &= Q(due_time__gt=enabled_at)
    rows = (
        standing(after=min(span.after for span in spans), until=max(span.until for span in spans))
        .exclude(pk__in=besides)
        .annotate(step=step, missed=missed, due_time=due_time, since=since())
        .filter(step__isnull=False, since__lt=F("due_time"))
        .filter(~Exists(_claims().filter(step=OuterRef("step"))))
        .filter(Q(missed=False) | owed)
        # A missed one may be named in the text of another visit of that day.
        .order_by("missed", "starts_at", "id")
    )
    return [DueVisit(*row) for row in rows.values_list("pk", "step")[:limit]]


def next_due(steps: Sequence[int], *, now: datetime) -> datetime | None:
    """Return when the next step of any visit is due, None when none is before the clock strikes anyway."""
    last = now + timedelta(hours=max(steps)) + LONGEST
    coming = standing(after=now, until=last)
    firsts = coming.aggregate(
        **{
            f"h{step}": Min("starts_at", filter=Q(starts_at__gt=now + timedelta(hours=step)))
            for step in due.in_order(steps)
        }
    )
    times = [due.due_at(starts_at, int(name[1:])) for name, starts_at in firsts.items() if starts_at]
    return min(times, default=None)


def standing(*, after: datetime, until: datetime) -> QuerySet[Appointment]:
    """Return the accepted visits that begin in (after, until] and of which nobody knows yet whether they come."""
    return Appointment.objects.filter(
        status=Status.CONFIRMED, attendance__in=UNANSWERED, starts_at__gt=after, starts_at__lte=until
    )


def to_come(*, after: datetime, until: datetime, limit: int) -> list[Appointment]:
    """Return the visits and requests that begin in (after, until], also those that were answered, by time."""
    rows = Appointment.objects.filter(
        status__in=(Status.CONFIRMED, Status.PENDING_REVIEW), starts_at__gt=after, starts_at__lte=until
    )
    return list(with_people(rows).order_by("starts_at", "id")[:limit])


def sent_lately(*, limit: int) -> list[ReminderClaim]:
    """Return what was taken up last, with its message."""
    rows = ReminderClaim.objects.filter(subject=ReminderSubject.VISIT)
    return list(rows.select_related("message").order_by("-claimed_at", "-id")[:limit])


def visits_by_id(visit_ids: Sequence[UUID]) -> dict[UUID, Appointment]:
    """Return visits with all that a reminder names."""
    return {visit.pk: visit for visit in named(Appointment.objects.filter(pk__in=visit_ids))}


def together(point_id: UUID, day: tuple[datetime, datetime], *, now: datetime) -> QuerySet[Appointment]:
    """Return the visits of one day for which one contact point is reminded, still to come."""
    begin, end = day
    rows = standing(after=max(begin - timedelta(microseconds=1), now), until=end - timedelta(microseconds=1))
    return rows.annotate(point_id=reach()).filter(point_id=point_id)


def one(visit_id: UUID) -> Appointment | None:
    """Return a visit with all that a reminder names, its `point_id` and `since`; None when there is none."""
    return with_people(Appointment.objects.filter(pk=visit_id)).first()


def named(rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Return visits with all that a reminder names."""
    return rows.select_related(*_RELATED)


def with_people(rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Return visits with all that a reminder names, each with `point_id` and `since`."""
    return named(rows).annotate(point_id=reach(), since=since())


def claimed(visit_ids: Sequence[UUID]) -> list[ReminderClaim]:
    """Return what was taken up for these visits, of whatever version and step."""
    rows = ReminderClaim.objects.filter(subject=ReminderSubject.VISIT, subject_id__in=visit_ids)
    return list(rows.select_related("message").order_by("claimed_at", "id"))


def day_of(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants at which the day of `at` begins and ends in the clinic's zone."""
    date = at.astimezone(zone).date()
    begin, end = (datetime.combine(d, time(), zone) for d in (date, date + timedelta(days=1)))
    return begin.astimezone(UTC), end.astimezone(UTC)


def since() -> Coalesce:
    """Return since when the patient knows of a visit's time: a step before that was never owed."""
    fixed = AppointmentEvent.objects.filter(appointment=OuterRef("pk"), kind__in=_FIXED)
    return Coalesce(Subquery(fixed.order_by("-at", "-id").values("at")[:1]), F("created_at"))


def reach() -> Coalesce:
    """Return the contact point that is reminded: the starred one, else who asked, else the patient's first."""
    theirs = PatientContact.objects.filter(patient=OuterRef("patient"), not_theirs_at=None)
    return Coalesce(
        Subquery(theirs.filter(starred=True).values("contact_point")[:1]),
        F("contact_point_id"),
        Subquery(theirs.order_by("created_at", "id").values("contact_point")[:1]),
        output_field=UUIDField(),
    )


def _claims() -> QuerySet[ReminderClaim]:
    return ReminderClaim.objects.filter(
        subject=ReminderSubject.VISIT, subject_id=OuterRef("pk"), version=OuterRef("version")
    )


def sample_visit(*, now: datetime, hours: int) -> Appointment | None:
    """Return a made-up visit of a made-up patient with the clinic's first doctor, None where there is nobody yet."""
    doctor = Practitioner.objects.filter(active=True).order_by("rank", "name", "resource_id").first()
    place = Location.objects.filter(active=True).order_by("rank", "id").first()
    if doctor is None or place is None:
        return None
    starts_at = (now + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    return Appointment(
        patient=Patient(name="Rosa"),
        practitioner=doctor,
        location=place,
        starts_at=starts_at,
        zone=place.zone,
    )
