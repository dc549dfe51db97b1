"""What falls due wakes its clinic: by the row itself, in its own transaction, whoever stored it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from django.db import transaction

from clinics import clocks
from clinics.models import Clinic, ClinicClock, User
from clinics.operations import create_clinic
from clinics.tasks import keep_clocks
from clinics.tenancy import in_clinic
from medsync.lib import clock, jobs
from messaging import conversations, demo_clock, outbox, snoozing, tasks, undoing
from messaging.alerts import watching
from messaging.models import Alert, Attempt, Author, Conversation, Message, MessageStatus
from messaging.outbox import breaker, settling
from messaging.outbox.claiming import Job, claim
from messaging.providers.base import ErrorKind, SendError
from scheduling import attendance, events, operations
from scheduling import tasks as scheduling_tasks
from scheduling.models import Appointment, AppointmentEvent, Status
from tests.messaging.inboxes import a_request, a_thread, a_visit_today
from tests.messaging.outbound import queued, thread
from tests.messaging.sent import call_back, sent_message
from tests.statements import statements
from tests.winding import at_commit, clock_of, without_clocks
from tests.world import World, account_of

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def inside(clinic: Clinic) -> Iterator[Clinic]:
    """Enter the clinic under test, whose clocks nothing has woken."""
    without_clocks()
    with in_clinic(clinic):
        yield clinic


def woken(clinic: Clinic, job: str) -> datetime | None:
    """Return when the clinic is visited once what was stored so far is committed."""
    at_commit()
    return clock_of(clinic, job)


def claimed(conversation: Conversation) -> Job:
    """Queue a message and take it for sending, with the clocks as if no wake-up had been needed for that."""
    queued(conversation)
    job = claim(now=clock.now(), limit=1)[0]
    at_commit()
    without_clocks()
    return job


@pytest.mark.django_db
class TestTheOutbox:
    def test_a_message_that_is_queued_wakes_at_once(self, inside: Clinic) -> None:
        now = clock.now()
        queued(thread(inside), now=now)
        assert woken(inside, clocks.OUTBOX) == now

    def test_one_that_may_be_taken_back_or_goes_later_wakes_at_its_time(
        self, inside: Clinic, receptionist: User
    ) -> None:
        conversation, now = thread(inside), clock.now()
        at = now + 30 * MINUTE
        outbox.send_later(conversation, body="later", user=receptionist, send_at=at, now=now)
        assert woken(inside, clocks.OUTBOX) == at
        outbox.send_reply(conversation, body="soon", user=receptionist, now=now, wait=timedelta(seconds=10))
        assert woken(inside, clocks.OUTBOX) == now + timedelta(seconds=10)

    def test_a_lost_answer_wakes_at_once_for_the_look(self, inside: Clinic) -> None:
        job, now = claimed(thread(inside)), clock.now()
        settling.settle(job, SendError("timeout", ErrorKind.UNKNOWN), now=now)
        assert Message.objects.get(pk=job.message.pk).status == MessageStatus.UNKNOWN
        assert woken(inside, clocks.OUTBOX) == now

    def test_a_retry_wakes_when_it_is_due(self, inside: Clinic) -> None:
        job, now = claimed(thread(inside)), clock.now()
        settling.settle(job, SendError("20429", ErrorKind.RETRY), now=now)
        again = Message.objects.get(pk=job.message.pk).next_attempt_at
        assert again is not None
        assert again < now + 10 * timedelta(seconds=1)
        assert woken(inside, clocks.OUTBOX) == again

    def test_a_retry_after_the_lease_wakes_nobody_for_the_lease_did(self, inside: Clinic) -> None:
        job, now = claimed(thread(inside)), clock.now()
        settling.settle(job, SendError("20429", ErrorKind.RETRY, retry_after=600), now=now)
        at = Message.objects.get(pk=job.message.pk).next_attempt_at
        assert at is not None
        assert at >= now + 10 * MINUTE
        assert woken(inside, clocks.OUTBOX) is None

    def test_a_status_callback_wakes_nobody(self, inside: Clinic) -> None:
        attempt = sent_message(inside, state="sent", provider_id="SM" + "d" * 32)
        at_commit()
        without_clocks()
        assert call_back(inside, attempt, "delivered").status_code == 200
        with in_clinic(inside):
            assert Attempt.objects.get(pk=attempt.pk).state == "delivered"
        assert woken(inside, clocks.OUTBOX) is None

    def test_what_goes_no_more_wakes_nobody(self, inside: Clinic) -> None:
        queued(thread(inside), expires_at=clock.now() - HOUR)  # the gate says no
        assert Message.objects.get(author=Author.SYSTEM).status == MessageStatus.BLOCKED
        assert woken(inside, clocks.OUTBOX) is None

    def test_queueing_costs_no_statement_more(self, inside: Clinic) -> None:
        conversation = thread(inside)
        with statements() as sent:
            queued(conversation)
        assert not [s for s in sent if "clinics_wake" in s or "clinicclock" in s]

    def test_a_visit_notes_when_the_next_message_is_due(self, inside: Clinic, receptionist: User) -> None:
        now = clock.now()
        later = now + 20 * MINUTE
        outbox.send_later(thread(inside), body="later", user=receptionist, send_at=later, now=now)
        outbox.sweep(now=now)
        assert clock_of(inside, clocks.OUTBOX) == later

    def test_a_visit_to_an_empty_outbox_comes_again_in_an_hour(self, inside: Clinic) -> None:
        now = clock.now()
        outbox.sweep(now=now)
        assert clock_of(inside, clocks.OUTBOX) == now + HOUR

    def test_what_is_held_back_is_looked_at_by_the_next_beat_but_after_what_just_fell_due(
        self, inside: Clinic, other_clinic: Clinic
    ) -> None:
        now = clock.now()
        for _ in range(breaker.TRIP):
            breaker.note(account_of(inside), [SendError("timeout", ErrorKind.UNKNOWN)], now=now)
        queued(thread(inside), now=now - 9 * HOUR)
        outbox.sweep(now=now)
        assert clock_of(inside, clocks.OUTBOX) == now
        with in_clinic(other_clinic):
            clocks.wake(clocks.OUTBOX, now - MINUTE)
        assert clocks.due(clocks.OUTBOX, now) == [other_clinic, inside]


def test_a_message_and_its_wake_up_are_committed_together_or_not_at_all(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    without_clocks()
    with in_clinic(clinic):
        conversation, now = thread(clinic), clock.now()
        with transaction.atomic():
            queued(conversation, now=now)
            transaction.set_rollback(True)
        assert clock_of(clinic, clocks.OUTBOX) is None

        with transaction.atomic():
            queued(conversation, now=now)
            queued(conversation, "Another one", now=now + MINUTE)
            assert clock_of(clinic, clocks.OUTBOX) is None  # the clock is locked last of all
        assert clock_of(clinic, clocks.OUTBOX) == now


def test_a_process_that_ends_between_the_commit_and_the_bell_leaves_the_wake_up_behind(
    committed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = committed.clinics["alpha"]
    without_clocks()

    def killed(*_args: Any, **_given: Any) -> None:
        raise SystemExit

    with in_clinic(clinic):
        conversation, now = thread(clinic), clock.now()
        monkeypatch.setattr(jobs, "enqueue", killed)
        with pytest.raises(SystemExit):
            queued(conversation, now=now)
        monkeypatch.undo()

    assert clinic in clocks.due(clocks.OUTBOX, clock.real_now())


@pytest.mark.django_db
class TestSnoozing:
    def test_a_snoozed_thread_wakes_at_its_time(self, inside: Clinic, receptionist: User) -> None:
        conversation, until = a_thread(), clock.now() + 3 * HOUR
        snoozing.snooze(conversation, until=until, by=receptionist, now=clock.now())
        assert woken(inside, clocks.SNOOZED) == until

    def test_an_undo_that_snoozes_again_wakes_too(self, inside: Clinic, receptionist: User) -> None:
        conversation, now, batch = a_thread(), clock.now(), uuid4()
        until = now + 3 * HOUR
        snoozing.snooze(conversation, until=until, by=receptionist, now=now)
        conversations.done(conversation, by=receptionist, now=now, batch=batch)
        at_commit()
        without_clocks()

        undoing.undo(batch, by=receptionist, now=now)

        assert Conversation.objects.get(pk=conversation.pk).work_state == "snoozed"
        assert woken(inside, clocks.SNOOZED) == until

    def test_one_that_was_put_away_and_comes_back_wakes_again(self, inside: Clinic) -> None:
        until = clock.now() - HOUR
        conversation = a_thread(work_state="snoozed", snoozed_until=until, put_away_at=clock.now())
        assert woken(inside, clocks.SNOOZED) is None
        Conversation.objects.filter(pk=conversation.pk).update(put_away_at=None)
        assert woken(inside, clocks.SNOOZED) == until

    def test_a_visit_notes_whose_time_comes_next(self, inside: Clinic) -> None:
        now = clock.now()
        a_thread(work_state="snoozed", snoozed_until=now - MINUTE)
        a_thread(work_state="snoozed", snoozed_until=now + 20 * MINUTE)
        assert snoozing.wake_all(now=now) == 1
        assert clock_of(inside, clocks.SNOOZED) == now + 20 * MINUTE


@pytest.mark.django_db
class TestAlerts:
    def test_who_waits_wakes_when_patience_ends(self, inside: Clinic) -> None:
        conversation = a_thread(heard=MINUTE)
        assert conversation.waiting_since is not None
        assert woken(inside, clocks.ALERTS) == conversation.waiting_since + watching.PATIENCE

    def test_who_needs_a_person_wakes_at_once(self, inside: Clinic) -> None:
        conversation, now = a_thread(work_state="bot"), clock.now()
        assert woken(inside, clocks.ALERTS) is None
        Conversation.objects.filter(pk=conversation.pk).update(work_state="needs_reply", handed_over_at=now)
        assert woken(inside, clocks.ALERTS) == now

    def test_whoever_is_taken_back_from_a_person_waits_anew(self, inside: Clinic) -> None:
        conversation = a_thread(heard=MINUTE, handed_over_at=clock.now())
        at_commit()
        without_clocks()
        Conversation.objects.filter(pk=conversation.pk).update(handed_over_at=None)
        assert conversation.waiting_since is not None
        assert woken(inside, clocks.ALERTS) == conversation.waiting_since + watching.PATIENCE

    def test_a_request_and_its_half_time_wake_at_once(self, inside: Clinic) -> None:
        request = a_request(a_thread(work_state="waiting_patient"))
        assert woken(inside, clocks.ALERTS) == request.created_at
        without_clocks()
        half = clock.now() + 2 * HOUR
        Appointment.objects.filter(pk=request.pk).update(nudged_at=half)
        assert woken(inside, clocks.ALERTS) == half

    def test_a_message_to_a_thread_that_waits_already_wakes_nobody(self, inside: Clinic) -> None:
        conversation = a_thread(heard=MINUTE)
        at_commit()
        without_clocks()
        Conversation.objects.filter(pk=conversation.pk).update(unread_count=4, version=9)
        assert woken(inside, clocks.ALERTS) is None

    def test_a_visit_notes_when_the_next_patience_ends(self, inside: Clinic) -> None:
        now = clock.now()
        conversation = a_thread(heard=4 * MINUTE)
        assert conversation.waiting_since is not None
        tasks.tell_staff.apply(headers={"schema": inside.schema_name})
        assert clock_of(inside, clocks.ALERTS) == conversation.waiting_since + watching.PATIENCE
        with in_clinic(inside):
            Conversation.objects.all().update(work_state="done")
            watching.note_next(now=now)
        assert clock_of(inside, clocks.ALERTS) == now + HOUR

    def test_what_was_not_told_yet_is_looked_at_by_the_next_beat(self, inside: Clinic) -> None:
        now = clock.now()
        a_thread(heard=12 * MINUTE)
        watching.find(now=now)
        watching.note_next(now=now)
        assert clock_of(inside, clocks.ALERTS) == now

    def test_an_account_that_stopped_of_late_rings_in_its_clinics_alone(
        self, inside: Clinic, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rung: list[str] = []
        monkeypatch.setattr(tasks, "enqueue", lambda task, *, schema: rung.append(schema))
        tasks.tell_all_staff()
        assert rung == []
        breaker.note(account_of(inside), [SendError("20003", ErrorKind.ACCOUNT)], now=clock.now())
        tasks.tell_all_staff()
        assert rung == [inside.schema_name]
        assert watching.with_stopped_accounts(now=clock.real_now() + 3 * HOUR) == []


@pytest.mark.django_db
class TestRequests:
    def test_a_request_wakes_at_half_of_its_time_and_then_at_its_end(self, inside: Clinic) -> None:
        request = a_request(a_thread())
        assert request.nudge_at is not None
        assert request.respond_by is not None
        at = woken(inside, clocks.REQUESTS)
        assert at is not None
        assert abs(at - request.nudge_at) < timedelta(milliseconds=1)

        half = request.nudge_at + timedelta(seconds=1)
        assert operations.nudge_requests(now=half) == 1
        scheduling_tasks.deadlines.note_requests(now=half)
        assert clock_of(inside, clocks.REQUESTS) == min(request.respond_by, half + HOUR)

    def test_a_no_wakes_when_second_thoughts_end(self, inside: Clinic) -> None:
        now = clock.now()
        visit = a_visit_today(a_thread(), at=now + 3 * HOUR)
        operations.decline(visit, source="whatsapp", now=now)
        assert woken(inside, clocks.REQUESTS) == now + attendance.SECOND_THOUGHTS
        scheduling_tasks.deadlines.note_requests(now=now)
        assert clock_of(inside, clocks.REQUESTS) == now + attendance.SECOND_THOUGHTS

    def test_an_offer_of_other_times_wakes_at_its_end(self, inside: Clinic) -> None:
        request = a_request(a_thread())
        at_commit()
        without_clocks()
        until = clock.now() + 20 * MINUTE
        Appointment.objects.filter(pk=request.pk).update(offered_until=until)
        assert woken(inside, clocks.REQUESTS) == until
        scheduling_tasks.deadlines.note_requests(now=clock.now())
        assert clock_of(inside, clocks.REQUESTS) == until

    def test_a_decided_request_wakes_nobody(self, inside: Clinic, owner: User) -> None:
        request = a_request(a_thread())
        operations.accept(request, by=owner, now=clock.now())
        at_commit()
        scheduling_tasks.deadlines.note_requests(now=clock.now())
        left = clock_of(inside, clocks.REQUESTS)
        assert left is not None
        assert left > clock.now() + 59 * MINUTE

    def test_a_receiver_that_fails_wakes_until_all_were_told(
        self, inside: Clinic, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = a_request(a_thread())
        with monkeypatch.context() as broken:
            broken.setattr(events, "_announced", lambda event: False)
            operations.accept(request, by=owner, now=clock.now())
        event = AppointmentEvent.objects.get(announced=False)
        assert woken(inside, clocks.UNTOLD) == event.at
        now = clock.now()
        scheduling_tasks.deadlines.note_untold(now=now)
        assert clock_of(inside, clocks.UNTOLD) == now
        assert operations.announce_again(now=now) == 1
        scheduling_tasks.deadlines.note_untold(now=now)
        assert clock_of(inside, clocks.UNTOLD) == now + HOUR


BEATS: list[Callable[[], Any]] = [
    tasks.sweep_outboxes,
    tasks.wake_all_snoozed,
    tasks.tell_all_staff,
    scheduling_tasks.expire_all_requests,
    scheduling_tasks.announce_all_again,
    scheduling_tasks.forget_all_old_views,
    tasks.tidy_all_files,
]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run at once what the beats start in clinics; return the names."""
    ran: list[str] = []

    def run(task: str, *, schema: str, **_: Any) -> None:
        ran.append(task)
        current_app.tasks[task].apply(headers={"schema": schema}, throw=True)

    monkeypatch.setattr(tasks, "enqueue", run)
    monkeypatch.setattr(scheduling_tasks, "enqueue", run)
    return ran


@pytest.mark.django_db
def test_a_beat_with_nothing_due_enters_no_clinic(world: World, runs: list[str]) -> None:
    for beat in BEATS:
        ClinicClock.objects.all().update(next_at=clock.real_now() + HOUR)
        with statements() as sent:
            beat()
        assert len([s for s in sent if "clinics_clinicclock" in s]) == 1
        # Numbers of the built-in phones, and accounts that stopped: both lie in the shared schema.
        assert len(sent) - sum("search_path" in s for s in sent) <= 2, sent
        assert not [s for s in sent if "c_" in s.split("FROM")[0] and "search_path" in s]
    assert runs == []


@pytest.mark.django_db
def test_were_every_clock_lost_all_would_still_go(
    inside: Clinic, receptionist: User, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    conversation = thread(inside)
    lost = queued(conversation, now=now - HOUR)
    asleep = a_thread(work_state="snoozed", snoozed_until=now - MINUTE)
    waits = a_thread(heard=12 * MINUTE)
    request = a_request(a_thread())
    Appointment.objects.filter(pk=request.pk).update(respond_by=now - MINUTE)
    at_commit()
    without_clocks()
    monkeypatch.setattr("messaging.outbox.sending._send", lambda *_: SendError("30003", ErrorKind.PERMANENT))

    for beat in BEATS:
        beat()
    assert runs == []

    keep_clocks()
    for beat in BEATS:
        beat()

    with in_clinic(inside):
        assert Message.objects.get(pk=lost.pk).status == MessageStatus.FAILED  # it was handed over
        assert Conversation.objects.get(pk=asleep.pk).work_state == "needs_reply"
        assert Alert.objects.filter(conversation=waits.pk).exists()
        assert Appointment.objects.get(pk=request.pk).status == Status.CANCELLED
    ran = set(runs)
    runs.clear()
    keep_clocks()  # nothing is missing any more
    assert ran == {
        "messaging.sweep_outbox",
        "messaging.wake_snoozed",
        "messaging.tell_staff",
        "scheduling.expire_requests",
        "scheduling.announce_again",
        "scheduling.forget_old_views",
        "messaging.tidy_files",
    }


@pytest.mark.django_db
def test_the_clocks_of_a_ready_clinic_are_kept_by_one_statement_and_moved_by_none(
    clinic: Clinic, other_clinic: Clinic
) -> None:
    without_clocks()
    with in_clinic(clinic):
        clocks.wake(clocks.OUTBOX, clock.now() - HOUR)
    woken_at = clock_of(clinic, clocks.OUTBOX)
    Clinic.objects.filter(pk=other_clinic.pk).update(state="closing")

    with statements() as sent:
        clocks.keep(first=clock.real_now())

    assert len([s for s in sent if "clinics_clinicclock" in s]) == 1
    assert clock_of(clinic, clocks.OUTBOX) == woken_at
    assert set(ClinicClock.objects.filter(clinic=clinic).values_list("job", flat=True)) == {
        *clocks.EVERYWHERE
    }
    assert not ClinicClock.objects.filter(clinic=other_clinic).exists()


def test_a_new_clinic_has_all_its_clocks(committed: World) -> None:
    clinic, _ = create_clinic(
        slug="delta",
        name="Delta",
        country="US",
        timezone="UTC",
        language="en",
        owner_email="owner@delta.example",
    )
    assert set(ClinicClock.objects.filter(clinic=clinic).values_list("job", flat=True)) == {
        *clocks.EVERYWHERE
    }


@pytest.mark.django_db
def test_a_moved_demo_clock_has_everything_visited(inside: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    Clinic.objects.filter(pk=inside.pk).update(is_demo=True)
    fresh = Clinic.objects.get(pk=inside.pk)
    with in_clinic(fresh):
        a_thread(work_state="snoozed", snoozed_until=clock.now() + 20 * HOUR)
        at_commit()
        demo_clock.move(lambda shown: shown + timedelta(days=1), now=clock.real_now())
    assert fresh in clocks.due(clocks.SNOOZED, clock.real_now())


@pytest.mark.django_db
def test_a_demo_clinics_rows_wake_in_real_time(inside: Clinic) -> None:
    Clinic.objects.filter(pk=inside.pk).update(is_demo=True, clock_offset=5 * HOUR)
    fresh = Clinic.objects.get(pk=inside.pk)
    with in_clinic(fresh):
        now = clock.now()
        queued(thread(fresh), now=now)
        assert woken(fresh, clocks.OUTBOX) == now - 5 * HOUR
