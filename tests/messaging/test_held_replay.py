"""Held webhooks come back: by the bell of a linked number, by the clock, by an operator, by the command."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from clinics.models import Clinic, HeldEvent
from clinics.queries import forget_routes
from clinics.senders import link_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import held, inbound
from messaging.models import ChannelConsent, Conversation, Message, MessageStatus
from messaging.providers.base import InboundMessage
from tests.messaging.hooks import message_form, number_of, post, token_of, write
from tests.world import account_of

pytestmark = pytest.mark.django_db

NEW = "+12125550999"


def test_linking_a_number_rings_for_what_was_held(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr("medsync.lib.jobs.enqueue", lambda task, **given: rung.append((task, given)))
    post(message_form(clinic, "hola", To=f"whatsapp:{NEW}"), token=token_of(clinic))
    with django_capture_on_commit_callbacks(execute=True):
        sender = link_sender(
            clinic,
            phone_number=NEW,
            channel="whatsapp",
            provider="twilio",
            account_sid=account_of(clinic).external_id,
            now=clock.now(),
        )
    assert ("messaging.replay_held", {"schema": clinic.schema_name, "sender_id": str(sender.pk)}) in rung
    held.replay_held.apply(kwargs={"sender_id": str(sender.pk)}, headers={"schema": clinic.schema_name})
    with in_clinic(clinic):
        inbound_message, *answers = Message.objects.order_by("created_at", "id")
        assert inbound_message.body == "hola"
        # The webhook is over, so nothing may wait to travel in its response.
        assert all(m.status in (MessageStatus.QUEUED, MessageStatus.BLOCKED) for m in answers)


def test_the_command_replays_what_failed(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(stored: Any, *, now: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(inbound.dialogue, "answer", fail)
        write(clinic)
    out = StringIO()
    call_command("replay_held", stdout=out)
    assert json.loads(out.getvalue()) == {"tried": 1, "done": 1}
    assert HeldEvent.objects.get().replayed_at is not None
    with in_clinic(clinic):
        assert Message.objects.filter(direction="inbound").count() == 1


def test_what_still_fails_stays_for_the_next_time(clinic: Clinic) -> None:
    post({**message_form(clinic), "From": "whatsapp:"}, token=token_of(clinic))
    out = StringIO()
    call_command("replay_held", stdout=out)
    assert json.loads(out.getvalue()) == {"tried": 1, "done": 0}
    assert (HeldEvent.objects.get().replayed_at, HeldEvent.objects.get().tries) == (None, 1)


# ── By the clock ─────────────────────────────────────────────────────────────────────────────────────────────────
class Trouble:
    """What keeps messages with some words from being processed, until it is mended."""

    def __init__(self, words: str) -> None:
        self.words, self.tries = words, 0

    def __call__(self, event: InboundMessage, *given: Any, **more: Any) -> Any:
        if self.words and self.words in event.body:
            self.tries += 1
            raise RuntimeError
        return self.store(event, *given, **more)

    store = staticmethod(inbound.store)


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> Trouble:
    made = Trouble("bad")
    monkeypatch.setattr(inbound, "store", made)
    return made


def bodies(clinic: Clinic, direction: str = "inbound") -> list[str]:
    with in_clinic(clinic):
        return list(
            Message.objects.filter(direction=direction)
            .order_by("created_at", "id")
            .values_list("body", flat=True)
        )


def test_what_failed_is_tried_ten_times_in_a_day_ever_more_rarely(clinic: Clinic, trouble: Trouble) -> None:
    write(clinic, "bad")
    came, trouble.tries = HeldEvent.objects.get().received_at, 0
    due = [1, 2, 5, 15, 30, 60, 120, 240, 600, 1440]
    # Three days, each minute round a try: one that comes sooner or later than it should is seen elsewhere.
    looks = {*range(65), *range(0, 3 * 24 * 60, 20), *(at + near for at in due for near in (-1, 0, 1))}
    tried_at = [minute for minute in sorted(looks) if held.sweep(now=came + timedelta(minutes=minute))]
    assert tried_at == due
    assert (trouble.tries, HeldEvent.objects.get().replayed_at) == (10, None)


def test_the_clock_rings_for_it(clinic: Clinic, trouble: Trouble) -> None:
    assert "messaging.replay_all_held" in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    write(clinic, "bad")
    HeldEvent.objects.update(received_at=clock.now() - timedelta(minutes=2))
    trouble.words = ""
    held.replay_all_held()
    assert bodies(clinic) == ["bad"]


def test_mended_in_time_it_is_answered_and_only_once(clinic: Clinic, trouble: Trouble) -> None:
    write(clinic, "bad: I need an appointment")
    came, trouble.words = HeldEvent.objects.get().received_at, ""
    assert held.sweep(now=came + timedelta(minutes=5)) == 1
    assert held.sweep(now=came + timedelta(minutes=30)) == 0
    assert len(bodies(clinic)) == len(bodies(clinic, "outbound")) == 1


def test_later_than_ten_minutes_it_is_shown_to_staff_and_answered_by_nobody(
    clinic: Clinic, trouble: Trouble
) -> None:
    write(clinic, "bad: I need an appointment")
    came, trouble.words = HeldEvent.objects.get().received_at, ""
    assert held.sweep(now=came + timedelta(minutes=15)) == 1
    assert bodies(clinic) == ["bad: I need an appointment"]
    assert bodies(clinic, "outbound") == []
    with in_clinic(clinic):
        thread = Conversation.objects.get()
        assert (thread.work_state, thread.unread_count) == ("needs_reply", 1)


def test_one_bad_event_never_stops_the_next(clinic: Clinic, trouble: Trouble) -> None:
    for number, body in enumerate(("bad forever", "bad key", "bad once", "bad twice")):
        write(clinic, body, sender=f"+1646555019{number}")
    first, unreadable, *_ = HeldEvent.objects.order_by("received_at", "id")
    trouble.words = "bad forever"
    with connection.cursor() as cursor:  # encrypted under a key that is gone
        cursor.execute("UPDATE clinics_heldevent SET body = 'x' WHERE id = %s", [unreadable.pk])
    assert held.sweep(now=first.received_at + timedelta(minutes=6)) == 4
    assert bodies(clinic) == ["bad once", "bad twice"]
    still = HeldEvent.objects.filter(replayed_at=None).defer("body")
    assert {event.pk for event in still} == {first.pk, unreadable.pk}
    assert {event.tries for event in still} == {3}


def test_after_a_standstill_it_is_tried_once_and_not_ten_times_in_a_row(
    clinic: Clinic, trouble: Trouble
) -> None:
    write(clinic, "bad")
    came = HeldEvent.objects.get().received_at
    later = [came + timedelta(hours=3, minutes=minute) for minute in range(20)]
    assert [held.sweep(now=at) for at in later] == [1] + 19 * [0]


def test_two_sweeps_at_once_try_it_once(
    clinic: Clinic, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(clinic, "bad")
    at = HeldEvent.objects.get().received_at + timedelta(minutes=1)
    stale = list(held.waiting())
    assert held.sweep(now=at) == 1

    class Stale:
        def filter(self, *given: Any) -> list[HeldEvent]:
            return stale

    monkeypatch.setattr(held, "waiting", Stale)
    assert held.sweep(now=at) == 0


def test_a_number_whose_bell_was_lost_is_found_by_the_clock(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(message_form(clinic, "hola", To=f"whatsapp:{NEW}"), token=token_of(clinic))
    later = clock.now() + timedelta(hours=1)
    assert held.sweep(now=later) == 0, "nobody has the number yet"
    link_sender(
        clinic,
        phone_number=NEW,
        channel="whatsapp",
        provider="twilio",
        account_sid=account_of(clinic).external_id,
        now=clock.now(),
    )
    forget_routes()
    assert held.sweep(now=later) == 1
    assert bodies(clinic) == ["hola"]


def test_odd_content_is_left_to_operators(clinic: Clinic) -> None:
    post({**message_form(clinic), "From": "whatsapp:"}, token=token_of(clinic))
    assert held.sweep(now=clock.now() + timedelta(hours=1)) == 0


def test_a_failed_status_is_applied_later(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    from messaging import intake
    from tests.messaging.sent import call_back, sent_message

    def fail(*given: Any, **more: Any) -> bool:
        raise RuntimeError

    attempt = sent_message(clinic)
    with monkeypatch.context() as broken:
        broken.setattr(intake.statuses, "apply_status", fail)
        assert call_back(clinic, attempt, "delivered").status_code == 200
    assert HeldEvent.objects.get().to_number == number_of(clinic)
    assert held.sweep(now=clock.now() + timedelta(minutes=2)) == 1
    with in_clinic(clinic):
        assert Message.objects.get().status == "delivered"


# ── STOP and START that come late ────────────────────────────────────────────────────────────────────────────────
def stopped(clinic: Clinic) -> bool:
    with in_clinic(clinic):
        return ChannelConsent.objects.filter(opted_out_at__isnull=False).exists()


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_stop_counts_however_late_it_comes(clinic: Clinic, trouble: Trouble, channel: str) -> None:
    trouble.words = "STOP"
    write(clinic, "STOP", channel=channel)
    came, trouble.words = HeldEvent.objects.get().received_at, ""
    assert held.sweep(now=came + timedelta(minutes=15)) == 1
    assert stopped(clinic)
    assert bodies(clinic) == ["STOP"]
    assert bodies(clinic, "outbound") == []  # too late for an answer


@pytest.mark.parametrize("minutes", [5, 15])
@pytest.mark.parametrize(("held_word", "newer"), [("STOP", "START"), ("START", "STOP")])
def test_a_word_that_comes_late_does_not_undo_a_newer_one(
    clinic: Clinic, trouble: Trouble, held_word: str, newer: str, minutes: int
) -> None:
    trouble.words = held_word
    write(clinic, held_word, channel="sms")
    came, trouble.words = HeldEvent.objects.get().received_at, ""
    write(clinic, newer, channel="sms")
    assert held.sweep(now=came + timedelta(minutes=minutes)) == 1
    assert stopped(clinic) is (newer == "STOP")


def test_a_help_that_comes_late_is_left_to_staff(clinic: Clinic, trouble: Trouble) -> None:
    trouble.words = "HELP"
    write(clinic, "HELP")
    came, trouble.words = HeldEvent.objects.get().received_at, ""
    assert held.sweep(now=came + timedelta(minutes=15)) == 1
    assert bodies(clinic, "outbound") == []
    with in_clinic(clinic):
        assert Conversation.objects.get().work_state == "needs_reply"
