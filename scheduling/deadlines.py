"""When something runs out next in the entered clinic, so that the clock's work visits it then and not before."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Min, Q

from clinics import clocks
from scheduling.attendance import SECOND_THOUGHTS
from scheduling.events import to_be_announced
from scheduling.models import Appointment, PatientView, Status
from scheduling.opened import KEPT

#: Nothing hastens what is kept for years: a visit a month sees it in time.
_VIEWS_VISITED = timedelta(days=30)

_HALF = ExpressionWrapper(
    F("created_at")
    + ExpressionWrapper((F("respond_by") - F("created_at")) / 2, output_field=DurationField()),
    output_field=DateTimeField(),
)


def note_requests(*, now: datetime) -> None:
    """Note when the next request, offer of other times or declined visit is to be looked at.

    Holds that ran out wait for a visit that comes anyway: readers ignore them.
    """
    with clocks.visit(clocks.REQUESTS, now=now) as visit:
        next_at = _next_of_requests()
        # What could not be ended is tried again at the next beat, after those that just fell due.
        visit.next_at = next_at and max(next_at, now)


def note_untold(*, now: datetime) -> None:
    """Note whether receivers are still to be told of something."""
    with clocks.visit(clocks.UNTOLD, now=now) as visit:
        visit.next_at = now if to_be_announced(now).exists() else None


def note_old_views(*, now: datetime) -> None:
    """Note when the oldest view of a patient's page is to be forgotten."""
    with clocks.visit(clocks.OLD_VIEWS, now=now, longest=_VIEWS_VISITED) as visit:
        oldest = PatientView.objects.order_by("at").values_list("at", flat=True).first()
        visit.next_at = oldest and oldest + KEPT


def _next_of_requests() -> datetime | None:
    asked = Appointment.objects.filter(status=Status.PENDING_REVIEW).aggregate(
        ends=Min("respond_by"),
        offer_ends=Min("offered_until"),
        half=Min(_HALF, filter=Q(nudged_at=None, offered_until=None)),
    )
    declined = Appointment.objects.filter(status=Status.CONFIRMED, declined_at__isnull=False)
    said_no = declined.order_by("declined_at").values_list("declined_at", flat=True).first()
    times = [*asked.values(), said_no and said_no + SECOND_THOUGHTS]
    return min((at for at in times if at), default=None)
