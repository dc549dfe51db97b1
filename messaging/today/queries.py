"""What the first page of the day reads: one statement each, bounded, whatever the size of the clinic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from clinics.models import Channel, Clinic, Membership, Sender, SenderStatus, User
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging.confirming import reminder_waiting
from messaging.models import Conversation, Direction, Message, ReminderSettings
from messaging.threads import NOT_REACHED
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    Location,
    Patient,
    PatientContact,
    Practitioner,
    SchedulingSettings,
    Status,
    Task,
    TaskKind,
    WeeklyHours,
)

VISITS = 500  # of one day; no desk has more
PAGE = 50
SIDE = 8  # entries in a part of the side column
DONE_STAYS = timedelta(minutes=5)  # a task that was ticked stays where it was, to be taken back

CALLS = (TaskKind.CALL_BACK, TaskKind.TELL_PATIENT)
_LONGEST_VISIT = timedelta(days=1)
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
_A_FEW = 20  # patients may have written in by themselves; more were brought along


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the clinic: its date and the instants at which it begins and ends."""

    date: date
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class FailedThread:
    """A thread with messages that did not arrive, and what is known of the newest one."""

    conversation: Conversation
    names: list[str]
    channel: str
    reason: str
    error_code: str


@dataclass(frozen=True, slots=True)
class FirstDay:
    """What of the first day is done, read from what is there."""

    doctors: int
    has_hours: bool
    has_address: bool
    tried: bool
    has_number: bool
    has_patients: bool
    reminds: bool
    members: int
    put_away: bool


def day_of(on: date, zone: ZoneInfo) -> Day:
    """Return a day in a zone; with a change of the clock it has 23 or 25 hours."""
    begin, end = (datetime.combine(d, time(), zone).astimezone(UTC) for d in (on, on + timedelta(days=1)))
    return Day(on, begin, end)


def visits(day: Day, *, doctor: UUID | None = None) -> list[Appointment]:
    """Return the visits and requests that touch a day, in order, with `thread_id`, `marked_at`, `unreached`, `unheard`.

    One that began the evening before is there as long as it lasts into the day. Cancelled ones are left out.
    """
    rows = Appointment.objects.filter(
        starts_at__gte=day.begin - _LONGEST_VISIT, starts_at__lt=day.end, ends_at__gt=day.begin
    ).exclude(status=Status.CANCELLED)
    if doctor is not None:
        rows = rows.filter(practitioner=doctor)
    # The event of a mark is called like the status that it gives.
    marks = AppointmentEvent.objects.filter(appointment=OuterRef("pk"), kind=OuterRef("status"))
    lost = Message.objects.filter(
        appointment=OuterRef("pk"), direction=Direction.OUTBOUND, status__in=NOT_REACHED, solved=""
    )
    rows = _with_threads(rows).annotate(
        marked_at=Subquery(marks.order_by("-at", "-id").values("at")[:1]),
        unreached=Exists(lost),
        unheard=Exists(reminder_waiting()),
    )
    return list(rows.select_related("patient", "practitioner", "type").order_by("starts_at", "id")[:VISITS])


def unmarked(day: Day, *, now: datetime) -> list[Appointment]:
    """Return the visits of a day that have begun and of which nobody has said whether they took place."""
    rows = Appointment.objects.filter(
        starts_at__gte=day.begin,
        starts_at__lt=min(day.end, now),
        status__in=(Status.CONFIRMED, Status.ARRIVED),
    )
    return list(rows.select_related("patient", "practitioner", "type").order_by("starts_at", "id")[:VISITS])


def doctors() -> list[Practitioner]:
    """Return the doctors in use, in the clinic's order."""
    return list(Practitioner.objects.filter(active=True).order_by("rank", "name", "resource_id"))


def requests() -> list[Appointment]:
    """Return the requests that run out first; one more than the column shows."""
    rows = Appointment.objects.filter(status=Status.PENDING_REVIEW).select_related("patient", "practitioner")
    return list(rows.order_by("respond_by", "id")[: SIDE + 1])


def todo(*, now: datetime) -> tuple[list[Task], list[Task]]:
    """Return the calls to make and the tasks, most urgent first, each with `thread_id`; one more than is shown."""
    rows = Task.objects.filter(Q(done_at=None) | Q(done_at__gt=now - DONE_STAYS))
    rows = with_people(rows)
    # Two bounded halves of one statement: many calls must not push the tasks out, nor the other way round.
    calls = rows.filter(kind__in=CALLS).order_by(F("due_at").asc(nulls_last=True), "id")[: SIDE + 1]
    others = rows.exclude(kind__in=CALLS).order_by(F("due_at").asc(nulls_last=True), "id")[: SIDE + 1]
    ids = calls.values("pk").union(others.values("pk"), all=True)
    found = with_people(Task.objects.filter(pk__in=ids)).order_by(F("due_at").asc(nulls_last=True), "id")
    calls_found: list[Task] = []
    others_found: list[Task] = []
    for task in found:
        (calls_found if task.kind in CALLS else others_found).append(task)
    return calls_found, others_found


def tasks(view: str, *, user: User, after: str) -> tuple[list[Task], str]:
    """Return a page of the tasks of a view ("all", "mine", "done") and the cursor of the next, "" at the end."""
    done = view == "done"
    rows = with_people(Task.objects.filter(done_at__isnull=not done))
    if view == "mine":
        rows = rows.filter(assignee=user)
    column = "done_at" if done else "due"
    if done:
        rows = rows.order_by("-done_at", "-id")
    else:
        # Without a due time a task comes last; a far date keeps the cursor a pair of plain values.
        rows = rows.annotate(due=Coalesce("due_at", Value(_NEVER))).order_by("due", "id")
    at_text, _, id_text = after.partition("|")
    at, last = clock.moment_in(at_text), id_in(id_text)  # a cursor that we did not make begins at the top
    if at is not None and last is not None:
        past = "lt" if done else "gt"
        rows = rows.filter(Q(**{f"{column}__{past}": at}) | Q(**{column: at, f"id__{past}": last}))
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    if len(found) <= PAGE:
        return shown, ""
    return shown, f"{getattr(shown[-1], column).isoformat()}|{shown[-1].pk}"


def with_people(rows: QuerySet[Task]) -> QuerySet[Task]:
    """Return tasks with whom they are about and for, and the `thread_id` of the person."""
    thread = Conversation.objects.filter(contact_point=OuterRef("contact_point"), put_away_at=None)
    return rows.select_related("patient", "contact_point", "assignee", "created_by").annotate(
        thread_id=Subquery(thread.values("id")[:1])
    )


def not_delivered() -> list[FailedThread]:
    """Return the threads with messages that did not reach the patient, latest first; one more than is shown."""
    names = (
        Patient.objects.filter(
            contacts__contact_point=OuterRef("contact_point"),
            contacts__not_theirs_at=None,
            merged_into=None,
        )
        .exclude(name="")
        .order_by("-contacts__starred", "contacts__created_at")
    )
    lost = Message.objects.filter(
        conversation=OuterRef("pk"), direction=Direction.OUTBOUND, status__in=NOT_REACHED, solved=""
    ).order_by("-created_at", "-id")
    rows = Conversation.objects.filter(failed_count__gt=0, put_away_at=None).select_related("contact_point")
    rows = rows.annotate(
        names=ArraySubquery(names.values("name")[:4]),
        lost_channel=Subquery(lost.values("channel")[:1]),
        lost_reason=Subquery(lost.values("reason")[:1]),
        lost_code=Subquery(lost.values("error_code")[:1]),
    )
    return [
        FailedThread(row, row.names, row.lost_channel or "", row.lost_reason or "", row.lost_code or "")
        for row in rows.order_by("-last_message_at", "-id")[: SIDE + 1]
    ]


def first_day(clinic: Clinic) -> FirstDay:
    """Return what of the first day is done; one statement that stops where it knows."""
    senders = Sender.objects.filter(clinic=clinic, status=SenderStatus.ACTIVE)
    some_patients = Patient.objects.filter(merged_into=None).order_by("id")[_A_FEW : _A_FEW + 1]
    members = Membership.objects.filter(clinic=clinic, ended_at=None).order_by().values("clinic")
    practitioners = Practitioner.objects.filter(active=True).order_by().values("active")
    # One row to hang the answers on: the clinic's first place, which is made with it.
    found = Location.objects.order_by("rank", "id").values(
        "address",
        put_away=Subquery(SchedulingSettings.objects.values("first_day_put_away_at")[:1]),
        hours=Exists(WeeklyHours.objects.filter(practitioner__active=True)),
        tried=Exists(Message.objects.filter(direction=Direction.INBOUND)),
        number=Exists(senders.exclude(account__provider="local").filter(channel__in=Channel.values)),
        records=Exists(Patient.objects.exclude(record_number="")),
        several=Exists(Patient.objects.filter(pk__in=some_patients.values("pk"))),
        reminds=Exists(ReminderSettings.objects.filter(enabled=True)),
        members=Subquery(members.annotate(n=Count("*")).values("n")),
        doctors=Subquery(practitioners.annotate(n=Count("*")).values("n")),
    )
    row = found[0]
    return FirstDay(
        doctors=row["doctors"] or 0,
        has_hours=row["hours"],
        has_address=bool(row["address"]),
        tried=row["tried"],
        has_number=row["number"],
        has_patients=row["records"] or row["several"],
        reminds=row["reminds"],
        members=row["members"] or 0,
        put_away=row["put_away"] is not None,
    )


def _with_threads(rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Add the thread of who asked for the visit, else of the patient's own contact."""
    threads = Conversation.objects.filter(put_away_at=None)
    theirs = PatientContact.objects.filter(patient=OuterRef("patient"), not_theirs_at=None)
    theirs = theirs.filter(contact_point__conversation__put_away_at=None)
    theirs = theirs.filter(contact_point__conversation__isnull=False)
    return rows.annotate(
        thread_id=Coalesce(
            Subquery(threads.filter(contact_point=OuterRef("contact_point")).values("id")[:1]),
            Subquery(
                theirs.order_by("-starred", "created_at", "id").values("contact_point__conversation")[:1]
            ),
        )
    )
