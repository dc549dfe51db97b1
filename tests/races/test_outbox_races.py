"""Several at once at one outbox: each message goes once, each key is stored once, one member answers first."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from clinics.models import Clinic, Sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import outbox, statuses
from messaging.models import Attempt, Conversation, Message, StatusEvent
from messaging.outbox import claiming, settling
from messaging.providers.base import Receipt
from tests.messaging.outbound import queued, thread
from tests.standin.twilio import TwilioStandIn
from tests.world import CLINICS, World


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioStandIn]:
    with TwilioStandIn(tokens={sid: token for *_, sid, token in CLINICS if sid}) as standin:
        settings.TWILIO_API_BASE_URL = standin.base_url
        yield standin


def at_once(clinic: Clinic, times: int, do: Callable[[int], Any]) -> list[Any]:
    """Run `do(n)` in as many threads inside the clinic; return results and exceptions in order."""
    start, results = threading.Barrier(times), [None] * times

    def run(n: int) -> None:
        try:
            with in_clinic(clinic):
                start.wait(20)
                results[n] = do(n)
        except Exception as error:
            results[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return results


def test_many_workers_and_sweepers_send_each_message_once(committed: World, twilio: TwilioStandIn) -> None:
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        threads = [thread(clinic, address=f"+1500555{n:04}") for n in range(20)]
        for conversation in threads:
            queued(conversation, f"{conversation.pk} 1")
            queued(conversation, f"{conversation.pk} 2")
    results = at_once(
        clinic,
        6,
        lambda n: outbox.sweep(now=clock.now()) if n % 2 else outbox.work(now=clock.now(), limit=7),
    )
    assert not [r for r in results if isinstance(r, Exception)]
    with in_clinic(clinic):
        outbox.work(now=clock.now())
        assert (len(twilio.accepted), twilio.twice) == (40, [])
        assert set(Message.objects.filter(direction="outbound").values_list("status", flat=True)) == {"sent"}
        assert Attempt.objects.count() == 40
    for conversation in threads:
        words = [m.body[-1] for m in twilio.accepted if m.body.startswith(str(conversation.pk))]
        assert words == ["1", "2"]


def test_two_workers_together_keep_to_the_rate_of_a_number(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        Sender.objects.filter(clinic=clinic).update(per_second=7)
        for n in range(40):
            queued(thread(clinic, address=f"+1500555{n:04}"), str(n))
    begun = clock.now()
    taken: list[tuple[int, int]] = []
    for half in range(4):  # two seconds
        now = begun + timedelta(seconds=half / 2)
        results = at_once(clinic, 4, lambda n, now=now: claiming.claim(now=now, limit=10))
        assert not [r for r in results if isinstance(r, Exception)]
        taken.append((half, sum(len(r) for r in results)))
    assert taken == [(0, 7), (1, 0), (2, 7), (3, 0)]


def test_two_batches_that_end_at_once_and_their_callbacks_leave_one_truth(
    committed: World,
) -> None:
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        threads = [thread(clinic, address=f"+1500555{n:04}") for n in range(12)]
        for conversation in threads:
            queued(conversation, "1")
        jobs = list(claiming.claim(now=clock.now(), limit=12))
        for job in jobs:
            assert job.message.sender is not None

    def act(n: int) -> None:
        if n < 2:  # a worker whose lease had run out, and the one that took over
            ended = [
                (job, Receipt(provider_message_id=f"SM{job.message.pk.hex}", status="queued")) for job in jobs
            ]
            settling.settle_all(ended if n else ended[::-1], now=clock.now())
            return
        for job in jobs[:: 1 if n % 2 else -1]:
            status = "delivered" if n < 4 else "read"
            update = settling.update_of(job.message, f"SM{job.message.pk.hex}", status)
            statuses.apply_here(
                update, account_id=job.attempt.account_id, attempt_id=job.attempt.pk, now=clock.now()
            )

    results = at_once(clinic, 6, act)
    assert not [r for r in results if isinstance(r, Exception)]
    with in_clinic(clinic):
        sent = Message.objects.filter(direction="outbound")
        assert set(sent.values_list("status", flat=True)) == {"read"}
        assert set(Attempt.objects.values_list("state", "error_code")) == {("read", "")}
        assert set(Conversation.objects.values_list("last_status", "failed_count")) == {("read", 0)}
        assert StatusEvent.objects.count() == 6 * 12


def test_a_reply_that_is_taken_back_while_workers_take_it_ends_one_way(
    committed: World, twilio: TwilioStandIn
) -> None:
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    with in_clinic(clinic):
        replies = [
            outbox.send_reply(
                thread(clinic, address=f"+1500555{n:04}"), body=f"reply {n}", user=owner, now=clock.now()
            )
            for n in range(10)
        ]

    def act(n: int) -> int:
        if n < 2:
            return outbox.work(now=clock.now())
        gone = 0
        for reply in replies[:: 1 if n % 2 else -1]:
            try:
                outbox.take_back(reply, by=owner, now=clock.now())
            except outbox.Gone:
                gone += 1
        return gone

    results = at_once(clinic, 4, act)
    assert not [r for r in results if isinstance(r, Exception)]
    with in_clinic(clinic):
        sent = {m.body for m in Message.objects.filter(status="sent")}
        cancelled = {m.body for m in Message.objects.filter(status="cancelled")}
    assert {m.body for m in twilio.accepted} == sent
    assert sent | cancelled == {reply.body for reply in replies}
    assert not sent & cancelled
    assert twilio.twice == []


def test_two_sweepers_look_up_a_lost_answer_once_each_time(committed: World, twilio: TwilioStandIn) -> None:
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        message = queued(thread(clinic))
        twilio.script("reset")
        outbox.work(now=clock.now())
    later = clock.now() + timedelta(seconds=61)
    results = at_once(clinic, 4, lambda n: outbox.sweep(now=later))
    assert not [r for r in results if isinstance(r, Exception)]
    with in_clinic(clinic):
        message.refresh_from_db()
        assert message.status == "sent"
        assert (len(twilio.accepted), Attempt.objects.count()) == (1, 2)


def test_one_event_told_by_many_is_queued_once(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        conversation = thread(clinic)
    results = at_once(clinic, 8, lambda n: queued(conversation, f"{n}", dedupe_key="event:1:patient"))
    assert len({message.pk for message in results}) == 1
    with in_clinic(clinic):
        assert Message.objects.filter(direction="outbound").count() == 1


def test_a_reply_that_is_sent_twice_at_once_is_stored_once(committed: World) -> None:
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    with in_clinic(clinic):
        conversation = thread(clinic)
    results = at_once(
        clinic,
        8,
        lambda n: outbox.send_reply(
            conversation, body="hola", user=owner, now=clock.now(), client_message_id="one"
        ),
    )
    assert len({message.pk for message in results}) == 1


def test_of_two_members_who_answer_at_once_one_is_told_of_the_other(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    users = [committed.users["owner@alpha.example"], committed.users["receptionist@alpha.example"]]
    with in_clinic(clinic):
        conversation = thread(clinic)
        seen = Message.objects.get()
    results = at_once(
        clinic,
        2,
        lambda n: outbox.send_reply(
            conversation, body=f"hola {n}", user=users[n], now=clock.now(), after_message_id=seen.pk
        ),
    )
    told = [r for r in results if isinstance(r, outbox.AnsweredMeanwhile)]
    assert len(told) == 1
    with in_clinic(clinic):
        (sent,) = Message.objects.filter(direction="outbound")
        assert told[0].by.pk == sent.user_id
        assert Conversation.objects.get().assignee_id == sent.user_id
