"""Until when a thread may sleep, in the clinic's time, and how it comes back."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinics.models import Clinic, User
from clinics.tasks import ClinicTask
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import conversations, snoozing, tasks
from messaging.models import Conversation, ConversationEvent
from tests.messaging.inboxes import HOUR, a_thread
from tests.messaging.talk import Talk
from tests.winding import at_commit, without_clocks

NEW_YORK = ZoneInfo("America/New_York")


def offered(now: str, *, opens: str | None = None) -> dict[str, str]:
    """Return the presets as wall times of the clinic."""
    at = datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)
    opens_at = datetime.fromisoformat(opens).replace(tzinfo=NEW_YORK) if opens else None
    found = snoozing.presets(NEW_YORK, opens_at=opens_at, now=at)
    return {p.name: p.at.astimezone(NEW_YORK).strftime("%Y-%m-%dT%H:%M") for p in found}


def test_the_presets_are_wall_times_of_the_clinic() -> None:
    assert offered("2026-11-24T10:42", opens="2026-11-25T08:30") == {
        "hour": "2026-11-24T11:42",
        "afternoon": "2026-11-24T15:00",
        "opening": "2026-11-25T08:30",
        "tomorrow": "2026-11-25T09:00",
        "monday": "2026-11-30T09:00",
    }


def test_no_preset_lies_in_the_past_and_none_is_there_twice() -> None:
    sunday = offered("2026-11-29T16:00", opens="2026-11-30T09:00")

    assert sunday == {"hour": "2026-11-29T17:00", "tomorrow": "2026-11-30T09:00"}
    assert "afternoon" not in offered("2026-11-24T15:00")
    assert offered("2026-11-23T08:00")["monday"] == "2026-11-30T09:00"


@pytest.mark.parametrize("day", ["2026-10-31", "2027-03-13"])
def test_tomorrow_is_nine_oclock_also_when_the_clocks_change(day: str) -> None:
    assert offered(f"{day}T20:00")["tomorrow"].endswith("T09:00")


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2027-03-14T02:30", "2027-03-14T07:00:00+00:00"),  # skipped: the first instant after the gap
        ("2026-11-01T01:30", "2026-11-01T05:30:00+00:00"),  # twice: its first occurrence
        ("2026-11-24T09:00", "2026-11-24T14:00:00+00:00"),
    ],
)
def test_a_members_own_time_is_the_clinics_wall_time(wall: str, instant: str) -> None:
    assert snoozing.at_wall(datetime.fromisoformat(wall), NEW_YORK) == datetime.fromisoformat(instant)


@pytest.mark.django_db
def test_only_who_is_due_wakes_up_and_waits_since_before(inside: Clinic) -> None:
    now = clock.now()
    due = a_thread("Due", work_state="snoozed", snoozed_until=now - HOUR, waiting_since=now - 9 * HOUR)
    silent = a_thread("Silent", work_state="snoozed", snoozed_until=now, heard=None)
    later = a_thread("Later", work_state="snoozed", snoozed_until=now + HOUR)
    done = a_thread("Done", work_state="done", snoozed_until=now - HOUR)

    woken = snoozing.wake_all(now=now)

    for thread in (due, silent, later, done):
        thread.refresh_from_db()
    assert woken == 2
    assert [t.work_state for t in (due, silent, later, done)] == [
        "needs_reply",
        "needs_reply",
        "snoozed",
        "done",
    ]
    assert (due.waiting_since, silent.waiting_since) == (now - 9 * HOUR, now)
    assert (due.snoozed_until, due.version) == (None, 2)
    events = ConversationEvent.objects.all()
    assert {(e.conversation_id, e.kind, e.user_id) for e in events} == {
        (due.pk, "woken", None),
        (silent.pk, "woken", None),
    }
    assert snoozing.wake_all(now=now) == 0


@pytest.mark.django_db
def test_the_sweep_rings_only_where_something_is_due(
    clinic: Clinic, other_clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, str]] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, *, schema, **_: rung.append((task, schema)))
    without_clocks()
    with in_clinic(clinic):
        thread = a_thread(work_state="snoozed", snoozed_until=clock.now() - HOUR)
    with in_clinic(other_clinic):
        a_thread(work_state="snoozed", snoozed_until=clock.now() + HOUR)
    at_commit()

    tasks.wake_all_snoozed()
    tasks.wake_snoozed.apply(headers={"schema": clinic.schema_name})

    assert rung == [("messaging.wake_snoozed", clinic.schema_name)]
    with in_clinic(clinic):
        assert Conversation.objects.get(pk=thread.pk).work_state == "needs_reply"


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["I need a person", "I need an appointment", "gracias"])
def test_whatever_the_patient_writes_wakes_the_thread(clinic: Clinic, receptionist: User, body: str) -> None:
    talk = Talk(clinic)
    talk.say("I need a person")
    with in_clinic(clinic):
        snoozing.snooze(talk.thread, until=talk.now + 9 * HOUR, by=receptionist, now=talk.now)

    talk.say(body)

    thread = talk.thread
    assert (thread.work_state == "snoozed", thread.snoozed_until) == (False, None)
    with in_clinic(clinic):
        assert [e.kind for e in ConversationEvent.objects.filter(conversation=thread)][-1] == "woken"


@pytest.mark.django_db
def test_a_message_brings_a_done_thread_back(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic)
    talk.say("I need a person")
    with in_clinic(clinic):
        conversations.done(talk.thread, by=receptionist, now=talk.now)

    talk.say("I need a person again")

    assert talk.thread.work_state == "needs_reply"


def test_the_beat_knows_the_sweep(settings: Any) -> None:
    assert settings.CELERY_BEAT_SCHEDULE["wake snoozed threads"]["task"] == tasks.wake_all_snoozed.name
    assert isinstance(tasks.wake_snoozed, ClinicTask)
