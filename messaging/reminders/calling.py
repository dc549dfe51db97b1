"""The call list: visits until the end of the next working day whom no text has reached, and what a call found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from clinics.models import ProviderAccount, User
from messaging import gate
from messaging.models import Called, Message, MessageStatus, ReminderClaim, ReminderSubject, VisitCall
from messaging.reminders import queries
from messaging.reminders.reminding import SENT
from messaging.threads import NOT_REACHED
from scheduling import operations
from scheduling.locks import operation
from scheduling.models import Appointment, Location, OpeningHours, PatientContact, Source, Status

MOST = 200
_AHEAD = 7  # days in which the next working day is looked for


@dataclass(frozen=True, slots=True)
class ToCall:
    """A visit whose person must be called: the numbers, why no text came, and the calls so far."""

    visit: Appointment
    phones: Sequence[str]
    why: str  # a code of the gate, or the state of a message that did not arrive
    channel: str
    error_code: str
    calls: Sequence[VisitCall]


def until(zone: ZoneInfo, *, now: datetime) -> datetime:
    """Return the end of the clinic's next working day; without opening hours that is tomorrow. One statement."""
    return _end_of_next(set(_weekdays()), zone, now=now)


def count(zone: ZoneInfo, *, now: datetime) -> int:
    """Return how many still wait for a call until the end of the next working day, MOST at most; one statement."""
    ahead = now + timedelta(days=_AHEAD + 1)
    waiting = _unreached(now=now, until=ahead).filter(attendance__in=queries.UNANSWERED)
    waiting = waiting.annotate(weekdays=ArraySubquery(_weekdays()))
    rows = list(waiting.order_by("starts_at", "id").values_list("starts_at", "weekdays")[:MOST])
    if not rows:
        return 0
    end = _end_of_next(set(rows[0][1]), zone, now=now)
    return sum(starts_at < end for starts_at, _ in rows)


def _weekdays() -> QuerySet[OpeningHours, int]:
    """Return the days of the week on which the clinic's first place is open."""
    first = Location.objects.filter(active=True).order_by("rank", "id").values("pk")[:1]
    return OpeningHours.objects.filter(location__in=first).order_by().values_list("weekday", flat=True)


def _end_of_next(working: set[int], zone: ZoneInfo, *, now: datetime) -> datetime:
    today = now.astimezone(zone).date()
    for ahead in range(1, _AHEAD + 1):
        date = today + timedelta(days=ahead)
        if not working or date.weekday() in working:
            break
    return datetime.combine(date + timedelta(days=1), time(), zone).astimezone(UTC)


def to_call(*, now: datetime, until: datetime) -> list[ToCall]:
    """Return whom nobody has reached, and who was called already, by time; three statements."""
    rows = _unreached(now=now, until=until).filter(Q(attendance__in=queries.UNANSWERED) | Q(was_called=True))
    visits = list(queries.named(rows).order_by("starts_at", "id")[:MOST])
    calls: dict[UUID, list[VisitCall]] = {}
    for call in VisitCall.objects.filter(appointment__in=visits).select_related("by").order_by("at", "id"):
        calls.setdefault(call.appointment_id, []).append(call)
    phones = _phones(visits)
    return [
        ToCall(
            visit=visit,
            phones=phones.get(visit.patient_id, ()),
            why=visit.outcome if visit.outcome != SENT else visit.lost_reason or "",  # type: ignore[attr-defined]
            channel=visit.lost_channel or visit.claim_channel,  # type: ignore[attr-defined]
            error_code=visit.lost_code or "",  # type: ignore[attr-defined]
            calls=[call for call in calls.get(visit.pk, ()) if call.version == visit.version],
        )
        for visit in visits
    ]


@operation
def called(visit_id: UUID, *, version: int, outcome: Called, by: User, now: datetime) -> VisitCall:
    """Note what a call found out; a yes or a no counts as the patient's answer.

    Raises LookupError for a visit that is not there, SchedulingError when it is not what the member saw.
    """
    visit = queries.one(visit_id)
    if visit is None:
        raise LookupError
    visit.version = version
    if outcome == Called.COMING:
        operations.attend(visit, by=by, source=Source.VOICE, now=now)
    elif outcome == Called.NOT_COMING:
        operations.decline(visit, by=by, source=Source.VOICE, now=now)
    return VisitCall.objects.create(appointment=visit, version=version, outcome=outcome, by=by, at=now)


def _unreached(*, now: datetime, until: datetime) -> QuerySet[Appointment]:
    """Return the accepted visits whose newest reminder of this version reached nobody."""
    claims = ReminderClaim.objects.filter(
        subject=ReminderSubject.VISIT, subject_id=OuterRef("pk"), version=OuterRef("version")
    ).order_by("-claimed_at", "-id")
    last = Message.objects.filter(pk=OuterRef("last_message"))
    # Also what an account that the provider refuses keeps here, and what stayed here when the address was blocked.
    refused = Q(account__state=ProviderAccount.State.REFUSED)
    stays = Q(status=MessageStatus.QUEUED) & (refused | Q(expires_at__lte=now))
    blocked = Q(status=MessageStatus.CANCELLED, reason=gate.BLOCKED_ADDRESS)
    why = Case(
        When(stays & Q(expires_at__lte=now), then=Value(gate.TOO_LATE)),
        When(stays, then=Value(gate.ACCOUNT_REFUSED)),
        default=F("reason"),
    )
    lost = last.filter(Q(status__in=NOT_REACHED, solved="") | stays | blocked).annotate(why=why)
    called_before = VisitCall.objects.filter(appointment=OuterRef("pk"), version=OuterRef("version"))
    rows = Appointment.objects.filter(status=Status.CONFIRMED, starts_at__gt=now, starts_at__lt=until)
    rows = rows.annotate(
        outcome=Subquery(claims.values("outcome")[:1]),
        claim_channel=Subquery(claims.values("channel")[:1]),
        last_message=Subquery(claims.values("message")[:1]),
    ).filter(outcome__isnull=False)
    rows = rows.annotate(
        lost_reason=Subquery(lost.values("why")[:1]),
        lost_code=Subquery(lost.values("error_code")[:1]),
        lost_channel=Subquery(lost.values("channel")[:1]),
        was_called=Exists(called_before),
    )
    return rows.filter(~Q(outcome=SENT) | Q(lost_channel__isnull=False))


def _phones(visits: Sequence[Appointment]) -> dict[UUID, list[str]]:
    """Return the numbers of each patient, the starred one first."""
    rows = PatientContact.objects.filter(
        patient__in={visit.patient_id for visit in visits},
        not_theirs_at=None,
        contact_point__phone__isnull=False,
    ).order_by("-starred", "created_at", "id")
    found: dict[UUID, list[str]] = {}
    for patient_id, phone in rows.values_list("patient_id", "contact_point__phone"):
        found.setdefault(patient_id, []).append(phone or "")
    return found
