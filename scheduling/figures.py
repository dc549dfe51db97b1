"""What the clinic's dashboard counts of visits and requests. Bounded by days or by an index, never a whole table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from django.db.models import Case, CharField, Count, Q, Value, When
from django.db.models.functions import TruncDate

from medsync.lib import clock
from medsync.lib.ids import lowest_id
from scheduling.models import LIVE, Appointment, AppointmentEvent, Cancellation, EventKind, Status

ACCEPTED, OPEN, NOT_ACCEPTED = "accepted", "open", "not_accepted"


def requests_by_day(*, since: datetime, zone: tzinfo) -> dict[tuple[date, str], int]:
    """Return how many requests came on each local day since then, by what became of them."""
    declined = Q(
        appointment__status=Status.CANCELLED,
        appointment__cancellation__in=(Cancellation.REJECTED, Cancellation.EXPIRED),
    )
    became = Case(
        When(appointment__status=Status.PENDING_REVIEW, then=Value(OPEN)),
        When(declined, then=Value(NOT_ACCEPTED)),
        default=Value(ACCEPTED),
        output_field=CharField(),
    )
    rows = (
        AppointmentEvent.objects.filter(
            kind=EventKind.REQUESTED,
            at__gte=since,
            pk__gte=lowest_id(since - clock.offset()),  # ids are made by the real clock
        )
        .order_by()
        .annotate(day=TruncDate("at", tzinfo=zone), became=became)
        .values_list("day", "became")
        .annotate(count=Count("pk"))
    )
    return {(day, outcome): count for day, outcome, count in rows}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Requests that nobody has decided: how many (bounded), and when the first of them runs out."""

    count: int
    first_ends: datetime | None


def waiting_requests(*, limit: int) -> Waiting:
    """Return what waits for staff, reading at most ``limit`` rows of the index."""
    ends = list(
        Appointment.objects.filter(status=Status.PENDING_REVIEW)
        .order_by("status", "respond_by")
        .values_list("respond_by", flat=True)[:limit]
    )
    return Waiting(len(ends), next((at for at in ends if at is not None), None))


@dataclass(frozen=True, slots=True)
class Day:
    """A day's visits that were not cancelled, and how many of them are here or were."""

    visits: int
    seen: int


def visits_between(start: datetime, end: datetime) -> Day:
    """Return the visits that start in [start, end)."""
    found = Appointment.objects.filter(
        starts_at__gte=start, starts_at__lt=end, status__in=(*LIVE, Status.FULFILLED, Status.NO_SHOW)
    ).aggregate(visits=Count("pk"), seen=Count("pk", filter=Q(status__in=(Status.ARRIVED, Status.FULFILLED))))
    return Day(found["visits"], found["seen"])
