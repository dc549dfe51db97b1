"""When the clock reminds: each step of each version of each visit once, and only while it makes sense."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from clinics import clocks
from clinics.models import Clinic, ClinicClock, User
from clinics.tenancy import in_clinic
from messaging.models import Question, ReminderClaim
from messaging.reminders import calling, due, queries, sweeping
from messaging.reminders.reminding import remind
from scheduling import operations
from scheduling.models import AppointmentType, Patient, Practitioner
from scheduling.queries import free_slots
from tests.messaging.days import NOW, at
from tests.messaging.reminding import HOUR, outcomes, reminders, rules, someone, sweep, visit_of
from tests.statements import statements

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
ZONE = ZoneInfo("America/New_York")
EACH = 45  # statements for a reminder: locks, the choice of the channel, claim, message, question, thread

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inside(db: None, clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic):
        yield


def test_a_visit_is_reminded_of_a_day_before_once(clinic: Clinic) -> None:
    rules()
    patient, conversation = someone(clinic)
    visit = visit_of(patient, NOW + DAY)

    assert sweep(NOW - MINUTE) == 0
    assert sweep(NOW) == 1
    assert sweep(NOW) == sweep(NOW + 5 * MINUTE) == sweep(NOW + HOUR) == 0

    (message,) = reminders()
    assert (message.status, message.purpose, message.conversation_id) == (
        "queued",
        "reminder",
        conversation.pk,
    )
    assert message.appointment_id == visit.pk
    assert outcomes() == [(1, 24, "sent")]
    claim = ReminderClaim.objects.get()
    assert (claim.subject, claim.subject_id, claim.message_id) == ("visit", visit.pk, message.pk)
    visit.refresh_from_db()
    assert visit.attendance == "asked"
    assert Question.objects.get(kind="confirm_visit", closed_at=None).asked_by_id == message.pk


def test_nothing_goes_while_reminders_are_off(clinic: Clinic) -> None:
    rules(enabled=False)
    visit_of(someone(clinic)[0], NOW + DAY)

    assert sweep(NOW) == 0
    assert not ReminderClaim.objects.exists()
    assert not ClinicClock.objects.filter(clinic=clinic, job=clocks.REMINDERS).exists()


@pytest.mark.parametrize(
    "status", ["pending_review", "cancelled", "arrived", "fulfilled", "no_show"], ids=lambda status: status
)
def test_only_what_the_clinic_has_accepted_is_reminded_of(clinic: Clinic, status: str) -> None:
    rules()
    visit_of(someone(clinic)[0], NOW + DAY, status=status)

    assert sweep(NOW) == 0
    assert not ReminderClaim.objects.exists()


@pytest.mark.parametrize("said", ["attending", "declined"])
def test_who_has_answered_is_not_asked_again(clinic: Clinic, said: str) -> None:
    rules()
    visit_of(someone(clinic)[0], NOW + DAY, attendance=said)

    assert sweep(NOW) == 0


def test_two_steps_ask_twice_when_the_first_is_not_answered(clinic: Clinic) -> None:
    rules(steps=[72, 24])
    visit_of(someone(clinic, heard=None, channel="sms")[0], NOW + 3 * DAY)

    assert [sweep(NOW), sweep(NOW + DAY), sweep(NOW + 2 * DAY), sweep(NOW + 2 * DAY + HOUR)] == [1, 0, 1, 0]
    assert outcomes() == [(1, 72, "sent"), (1, 24, "sent")]


def test_a_step_that_was_past_when_the_visit_was_booked_is_skipped(clinic: Clinic) -> None:
    rules(steps=[72, 24])
    patient, _ = someone(clinic, channel="sms")
    visit_of(patient, NOW + 30 * HOUR, created_at=NOW - HOUR)

    assert sweep(NOW) == 0
    assert sweep(NOW + 6 * HOUR) == 1
    assert outcomes() == [(1, 24, "sent")]


def test_a_request_accepted_after_its_step_is_not_reminded_of_at_once(
    clinic: Clinic, receptionist: User
) -> None:
    """Who has just read that the visit is confirmed needs no reminder of it a minute later."""
    rules()
    patient, _ = someone(clinic)
    visit = visit_of(patient, NOW + 23 * HOUR, status="pending_review", created_at=NOW - 3 * HOUR)
    operations.accept(visit, by=receptionist, now=NOW)

    assert sweep(NOW + MINUTE) == 0


@pytest.mark.parametrize(
    ("late", "sent"),
    [(4 * HOUR, 1), (12 * HOUR, 1), (12 * HOUR + MINUTE, 0), (23 * HOUR, 0), (25 * HOUR, 0)],
    ids=["four hours", "half of the step", "later", "an hour before", "after the visit"],
)
def test_after_an_outage_a_late_one_goes_while_it_makes_sense(
    clinic: Clinic, late: timedelta, sent: int
) -> None:
    rules()
    visit_of(someone(clinic, channel="sms")[0], NOW + DAY)

    assert sweep(NOW + late) == sent


def test_after_an_outage_only_the_newest_due_step_goes(clinic: Clinic) -> None:
    rules(steps=[26, 24])
    visit_of(someone(clinic, channel="sms")[0], NOW + DAY)

    assert [sweep(NOW + HOUR), sweep(NOW + 2 * HOUR)] == [1, 0]
    assert outcomes() == [(1, 24, "sent")]


def test_a_step_of_one_hour_has_half_an_hour(clinic: Clinic) -> None:
    rules(steps=[1])
    visit_of(someone(clinic)[0], NOW + HOUR)
    assert sweep(NOW + 30 * MINUTE) == 1

    visit_of(someone(clinic)[0], NOW + HOUR)
    assert sweep(NOW + 31 * MINUTE) == 0


def test_a_step_that_was_missed_stands_on_the_call_list(clinic: Clinic) -> None:
    rules()
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + DAY)

    assert [sweep(NOW + 13 * HOUR), sweep(NOW + 14 * HOUR)] == [0, 0]
    assert outcomes() == [(1, 24, "too_late")]
    (row,) = calling.to_call(now=NOW + 14 * HOUR, until=NOW + 3 * DAY)
    assert (row.visit.pk, row.why) == (visit.pk, "too_late")
    visit.refresh_from_db()
    assert visit.attendance == "unasked"


def test_nobody_is_called_for_a_missed_step_before_another_comes(clinic: Clinic) -> None:
    rules(steps=[72, 24])
    visit_of(someone(clinic, channel="sms")[0], NOW + 3 * DAY)

    assert sweep(NOW + 40 * HOUR) == 0
    assert outcomes() == []
    assert sweep(NOW + 2 * DAY) == 1


def test_whom_the_next_step_reaches_neither_is_called_then(clinic: Clinic) -> None:
    rules(steps=[72, 24])
    patient = Patient.objects.create(name="No Phone")
    visit = visit_of(patient, NOW + 3 * DAY)

    assert [sweep(NOW + 40 * HOUR), sweep(NOW + 2 * DAY)] == [0, 0]
    (row,) = calling.to_call(now=NOW + 2 * DAY, until=NOW + 4 * DAY)
    assert (row.visit.pk, row.why) == (visit.pk, "no_address")


def test_nobody_is_called_for_a_missed_step_after_another_went(clinic: Clinic) -> None:
    rules(steps=[72, 24])
    visit_of(someone(clinic, channel="sms")[0], NOW + 3 * DAY)

    assert [sweep(NOW), sweep(NOW + 3 * DAY - 11 * HOUR)] == [1, 0]
    assert outcomes() == [(1, 72, "sent")]


@pytest.mark.parametrize(
    ("since", "owed"),
    [(NOW + HOUR, False), (NOW - HOUR, True)],
    ids=["switched on after it", "switched on before it"],
)
def test_a_step_is_missed_only_while_reminders_were_on(clinic: Clinic, since: datetime, owed: bool) -> None:
    rules(enabled_at=since)
    visit_of(someone(clinic, channel="sms")[0], NOW + DAY)

    sweep(NOW + 13 * HOUR)

    assert outcomes() == ([(1, 24, "too_late")] if owed else [])


def test_a_visit_that_was_fixed_after_its_step_misses_nothing(clinic: Clinic) -> None:
    rules()
    visit_of(someone(clinic, channel="sms")[0], NOW + 5 * HOUR, created_at=NOW - HOUR)

    sweep(NOW)

    assert outcomes() == []


def test_a_missed_visit_is_named_in_the_text_of_another_of_that_day(clinic: Clinic) -> None:
    rules()
    patient, _ = someone(clinic, channel="sms")
    early, later = visit_of(patient, NOW + 11 * HOUR), visit_of(patient, NOW + 12 * HOUR)

    assert sweep(NOW) == 1
    (message,) = reminders()
    claims = ReminderClaim.objects.filter(message=message, outcome="sent")
    assert {claim.subject_id for claim in claims} == {early.pk, later.pk}


def test_what_was_queued_has_no_sense_any_more_an_hour_before_the_visit(clinic: Clinic) -> None:
    rules()
    visit = visit_of(someone(clinic)[0], NOW + DAY)
    sweep(NOW)

    assert reminders()[0].expires_at == visit.starts_at - HOUR


@pytest.mark.parametrize("sunday", [datetime(2027, 3, 14), datetime(2026, 11, 1)], ids=["forward", "back"])
def test_when_the_clocks_change_the_hours_are_counted_as_they_pass(clinic: Clinic, sunday: datetime) -> None:
    """10:00 on Sunday, 24 hours before: 9:00 or 11:00 on Saturday's clock. The text says 10:00."""
    rules()
    starts_at = sunday.replace(hour=10, tzinfo=ZONE).astimezone(UTC)
    patient, _ = someone(clinic, channel="sms")
    visit_of(patient, starts_at, created_at=starts_at - 9 * DAY)

    assert sweep(starts_at - DAY - MINUTE) == 0
    assert sweep(starts_at - DAY) == 1
    assert "10:00" in reminders()[0].body


def test_a_moved_visit_is_reminded_of_anew_each_time(clinic: Clinic, receptionist: User) -> None:
    rules()
    patient, _ = someone(clinic, channel="sms")
    slots = free_slots(from_date=(NOW + DAY).date(), days=9, now=NOW)[::20]
    visit = operations.book(
        patient,
        type=AppointmentType.objects.get(),
        practitioner=Practitioner.objects.get(),
        starts_at=slots[1].starts_at,
        source="staff",
        actor=receptionist,
        now=NOW - 9 * DAY,
    )
    assert sweep(slots[1].starts_at - DAY) == 1

    for version, slot in enumerate(slots[2:4], 2):
        visit.refresh_from_db()
        moved_at = slots[1].starts_at - DAY + version * MINUTE
        visit = operations.move(
            visit, starts_at=slot.starts_at, by=receptionist, expected_version=visit.version, now=moved_at
        )
        assert visit.attendance == "unasked"
        assert sweep(slot.starts_at - DAY) == 1

    assert outcomes() == [(1, 24, "sent"), (2, 24, "sent"), (3, 24, "sent")]


def test_the_clock_is_set_to_the_next_step_and_looks_within_the_hour(clinic: Clinic) -> None:
    def next_at() -> datetime:
        return ClinicClock.objects.get(clinic=clinic, job=clocks.REMINDERS).next_at

    rules()
    patient, _ = someone(clinic)
    visit_of(patient, NOW + DAY + 20 * MINUTE)
    visit_of(patient, NOW + 2 * DAY)
    sweep(NOW)
    assert next_at() == NOW + 20 * MINUTE

    sweep(NOW + 20 * MINUTE)
    assert next_at() == NOW + 80 * MINUTE


def test_a_visit_booked_shortly_before_its_step_wakes_the_clock(clinic: Clinic, receptionist: User) -> None:
    rules(steps=[2])
    patient, _ = someone(clinic)
    sweep(NOW)
    slot = next(s for s in free_slots(from_date=NOW.date(), days=1, now=NOW) if s.starts_at > NOW + 2 * HOUR)
    with time_machine.travel(NOW, tick=False):
        operations.book(
            patient,
            type=AppointmentType.objects.get(),
            practitioner=Practitioner.objects.get(),
            starts_at=slot.starts_at,
            source="staff",
            actor=receptionist,
            now=NOW,
        )

    row = ClinicClock.objects.get(clinic=clinic, job=clocks.REMINDERS)
    assert row.next_at == slot.starts_at - 2 * HOUR


def test_one_visit_that_fails_stops_no_other(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    rules()
    bad, good = visit_of(someone(clinic)[0], NOW + DAY), visit_of(someone(clinic)[0], NOW + DAY)
    real = sweeping.remind

    def fails_for_one(visit_id, **named):  # type: ignore[no-untyped-def]
        if visit_id == bad.pk:
            raise RuntimeError("a row that nobody foresaw")
        return real(visit_id, **named)

    monkeypatch.setattr(sweeping, "remind", fails_for_one)
    assert sweep(NOW) == 1
    assert [m.appointment_id for m in reminders()] == [good.pk]
    assert ClinicClock.objects.get(clinic=clinic, job=clocks.REMINDERS).next_at == NOW + 5 * MINUTE

    monkeypatch.setattr(sweeping, "remind", real)
    assert sweep(NOW + 5 * MINUTE) == 1


def test_nothing_due_is_four_reads_and_the_clock_however_many_visits_there_are(clinic: Clinic) -> None:
    rules(steps=[72, 24])
    patient, _ = someone(clinic)
    sweep(NOW)
    for n in range(30):
        visit_of(patient, NOW + 4 * DAY + n * HOUR)

    with statements() as sent:
        sweeping.sweep(now=NOW)

    tables = [s for s in sent if s.startswith(("SELECT", "INSERT", "UPDATE")) and "search_path" not in s]
    assert len(tables) == 6, tables


def test_what_is_due_is_one_statement(clinic: Clinic) -> None:
    rules(steps=[72, 24])
    for _ in range(5):
        visit_of(someone(clinic)[0], NOW + DAY)

    with statements() as sent:
        found = queries.due_visits([72, 24], now=NOW, limit=100, besides=[])

    assert [one.step for one in found] == [24] * 5
    assert len([s for s in sent if s.startswith("SELECT")]) == 1


@pytest.mark.parametrize(
    ("hours_left", "sent", "step"),
    [
        (100, set(), 72),
        (100, {72}, None),
        (72, set(), 72),
        (50, {72}, 24),
        (50, set(), 72),
        (30, set(), 24),
        (20, {72}, 24),
        (20, {24}, None),
        (2, {72}, 24),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_send_now_uses_up_the_step_that_is_next(hours_left: int, sent: set[int], step: int | None) -> None:
    chosen = due.by_hand(
        [72, 24],
        NOW + hours_left * HOUR,
        sent=frozenset(sent),
        since=NOW - 90 * DAY,
        now=NOW,
    )
    assert chosen == step


def test_a_day_is_the_clinics(clinic: Clinic) -> None:
    assert queries.day_of(at(23, 30), ZONE) == (at(0), at(0, days=1))


def test_each_reminder_costs_the_same_however_many_there_are(clinic: Clinic) -> None:
    def cost(n: int, step: int) -> int:
        row = rules(steps=[step])
        for _ in range(n):
            visit_of(someone(clinic, channel="sms")[0], NOW + step * HOUR)
        sweep(NOW - DAY)  # what is read once is known afterwards
        with statements() as sent:
            for found in queries.due_visits([step], now=NOW, limit=100, besides=[]):
                remind(found.visit_id, step=step, rules=row, now=NOW)
        return len([s for s in sent if s.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]) - 1

    one, five = cost(1, 24), cost(5, 30)

    assert one <= EACH
    assert five <= 5 * EACH
