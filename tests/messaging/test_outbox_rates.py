"""Who goes first and how fast: priorities before times, and never more of one number than its rate allows."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from clinics.models import Clinic, Sender, SenderPace
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import gate, providers
from messaging.models import Attempt, Message, MessagingSettings
from messaging.outbox import pacing, settling
from messaging.outbox.claiming import claim
from messaging.providers.base import ErrorKind, SendError
from tests.messaging.outbound import queued, sender_of, thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside(clinic: Clinic) -> Iterator[Clinic]:
    with in_clinic(clinic):
        MessagingSettings.objects.update_or_create(defaults={"quiet_from": time(0), "quiet_until": time(0)})
        yield clinic


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the worker is woken, in seconds from now."""
    bells: list[float] = []
    monkeypatch.setattr(
        "medsync.lib.jobs.enqueue", lambda task, *, schema, after=0, **ids: bells.append(after)
    )
    monkeypatch.setattr("django.db.transaction.on_commit", lambda do, *args, **kwargs: do())
    return bells


def owe(clinic: Clinic, count: int, *, purpose: str = gate.REMINDER, first: int = 0, **given: Any) -> None:
    for n in range(first, first + count):
        queued(thread(clinic, address=f"+1500555{n:04}", **given), f"{purpose} {n}", purpose=purpose)


def paced(clinic: Clinic, per_second: float | None, channel: str = "whatsapp") -> Sender:
    sender = sender_of(clinic, channel)
    Sender.objects.filter(pk=sender.pk).update(per_second=per_second)
    return sender


def purposes(count: int, now: datetime) -> list[str]:
    return [job.message.purpose for job in claim(now=now, limit=count)]


class TestPriorities:
    def test_answers_go_before_notices_and_notices_before_reminders(self, inside: Clinic) -> None:
        owe(inside, 3, purpose=gate.REMINDER)
        owe(inside, 3, purpose=gate.NOTICE, first=10)
        owe(inside, 2, purpose=gate.ANSWER, first=20)
        owe(inside, 1, purpose=gate.STAFF, first=30)
        now = clock.now()
        assert purposes(4, now) == ["answer", "answer", "staff", "notice"]
        assert purposes(9, now) == ["notice", "notice", "reminder", "reminder", "reminder"]

    def test_a_flood_of_reminders_holds_an_answer_back_for_one_batch_at_most(self, inside: Clinic) -> None:
        owe(inside, 1)
        model = Message.objects.get(direction="outbound")
        conversation_ids = [thread(inside, address=f"+1501555{n:04}").pk for n in range(60)]
        flood = []
        for conversation_id in conversation_ids:
            copy = Message.objects.get(pk=model.pk)
            copy.pk, copy.conversation_id = Message._meta.pk.get_default(), conversation_id  # type: ignore[union-attr]
            flood.append(copy)
        Message.objects.bulk_create(flood)
        now = clock.now()
        assert set(purposes(20, now)) == {"reminder"}
        owe(inside, 1, purpose=gate.ANSWER, first=100)
        assert purposes(20, clock.now())[0] == "answer"

    def test_a_reminder_that_waits_does_not_hold_back_what_is_said_in_its_thread(
        self, inside: Clinic
    ) -> None:
        conversation = thread(inside)
        queued(conversation, "tomorrow at 10", purpose=gate.REMINDER)
        Message.objects.filter(purpose="reminder").update(next_attempt_at=clock.now() + timedelta(hours=9))
        queued(conversation, "yes, of course", purpose=gate.STAFF)
        assert purposes(9, clock.now()) == ["staff"]

    def test_a_notice_that_is_tried_again_keeps_its_place_in_its_thread(self, inside: Clinic) -> None:
        conversation = thread(inside)
        queued(conversation, "your visit is on", purpose=gate.NOTICE)
        Message.objects.filter(purpose="notice").update(next_attempt_at=clock.now() + timedelta(seconds=5))
        queued(conversation, "see you then", purpose=gate.STAFF)
        assert purposes(9, clock.now()) == []


class TestRates:
    def test_no_more_than_its_rate_in_any_second(self, inside: Clinic) -> None:
        paced(inside, 5)
        owe(inside, 30)
        begun, taken = clock.now(), []
        for tenth in range(40):
            now = begun + timedelta(seconds=tenth / 10)
            taken += [now] * len(claim(now=now, limit=64))
        assert len(taken) == 20
        for at in taken:
            assert len([other for other in taken if at <= other < at + timedelta(seconds=1)]) <= 5

    def test_a_rate_below_one_leaves_time_between_two(self, inside: Clinic) -> None:
        paced(inside, 0.1)
        owe(inside, 3)
        begun = clock.now()
        taken = [len(claim(now=begun + timedelta(seconds=s), limit=64)) for s in (0, 5, 9.9, 10.1, 15, 20.2)]
        assert taken == [1, 0, 0, 1, 0, 1]

    def test_the_rest_waits_as_it_is_and_somebody_is_woken_for_it(
        self, inside: Clinic, rung: list[float]
    ) -> None:
        paced(inside, 2)
        owe(inside, 5)
        before = dict(Message.objects.filter(status="queued").values_list("pk", "next_attempt_at"))
        now = clock.now()
        assert len(claim(now=now, limit=64)) == 2
        rest = dict(Message.objects.filter(status="queued").values_list("pk", "next_attempt_at"))
        assert rest.items() <= before.items()
        assert len(rest) == 3
        rung.clear()
        pacing.ring_when_free(now=now)
        pacing.ring_when_free(now=now)
        assert len(rung) == 1, "one bell, however many ask"
        assert 0.9 <= rung[0] <= 1.2

    def test_nobody_is_woken_when_nothing_waits(self, inside: Clinic, rung: list[float]) -> None:
        paced(inside, 1)
        owe(inside, 1)
        now = clock.now()
        assert len(claim(now=now, limit=64)) == 1
        rung.clear()
        pacing.ring_when_free(now=now)
        assert rung == []

    def test_a_slow_number_does_not_hold_back_another(self, inside: Clinic) -> None:
        paced(inside, 1, "sms")
        owe(inside, 9, channel="sms")
        owe(inside, 4, first=50)
        now = clock.now()
        channels = [job.message.channel for job in claim(now=now, limit=3)]
        assert channels == ["sms"], "all three that were looked at are the slow number's"
        assert [job.message.channel for job in claim(now=now, limit=9)] == ["whatsapp"] * 4

    def test_of_a_slow_number_the_answer_goes_first(self, inside: Clinic) -> None:
        paced(inside, 1)
        owe(inside, 3)
        owe(inside, 1, purpose=gate.ANSWER, first=50)
        now = clock.now()
        assert purposes(9, now) == ["answer"]
        assert purposes(9, now + timedelta(seconds=1.01)) == ["reminder"]

    def test_what_the_gate_stops_takes_no_place(self, inside: Clinic) -> None:
        paced(inside, 1)
        owe(inside, 2)
        first = Message.objects.filter(direction="outbound").order_by("next_attempt_at", "id")[0]
        Message.objects.filter(pk=first.pk).update(expires_at=clock.now() - timedelta(minutes=1))
        assert len(claim(now=clock.now(), limit=9)) == 1
        first.refresh_from_db()
        assert (first.status, first.reason) == ("blocked", "too_late")

    def test_without_a_rate_of_its_own_the_providers_holds(self, inside: Clinic) -> None:
        assert providers.get("twilio").rate("whatsapp") == 80
        assert providers.get("twilio").rate("sms") == 1
        assert providers.get("local").rate("sms") is None
        owe(inside, 3, channel="sms")
        assert len(claim(now=clock.now(), limit=9)) == 1
        paced(inside, 100, "sms")
        assert len(claim(now=clock.now() + timedelta(seconds=1.1), limit=9)) == 2

    def test_a_number_without_a_limit_keeps_no_pace(self, inside: Clinic) -> None:
        from clinics.senders import link_sender

        local = link_sender(
            inside, phone_number="+12125550188", channel="sms", provider="local", now=clock.now()
        )
        sender = Sender.objects.select_related("account").get(pk=local.pk)
        for n in range(5):
            queued(thread(inside, address=f"+1500555{n:04}", channel="sms"), str(n), sender=sender)
        assert len(claim(now=clock.now(), limit=9)) == 5
        assert not SenderPace.objects.exists()
        assert Attempt.objects.count() == 5


def test_what_is_tried_again_soon_rings_for_itself(inside: Clinic, rung: list[float]) -> None:
    owe(inside, 2)
    now = clock.now()
    jobs = claim(now=now, limit=9)
    rung.clear()
    settling.settle(jobs[0], SendError("20429", ErrorKind.RETRY), now=now)
    assert 0.7 <= rung.pop() <= 1.5
    settling.settle(jobs[1], SendError("20429", ErrorKind.RETRY, retry_after=600), now=now)
    assert rung == [], "the sweep finds what waits for long"
