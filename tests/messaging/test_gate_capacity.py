"""How many people an account may reach outside of windows in 24 hours: counted once each, by all its clinics."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction

from clinics.models import Clinic, PersonReached, ProviderAccount
from clinics.tenancy import in_clinic
from medsync.lib import clock
from medsync.lib.ids import new_id
from messaging import catalog, gate
from messaging.gate import capacity
from messaging.models import Approval, ChannelConsent, ContentTemplate, Conversation, Message
from messaging.outbox.claiming import claim
from tests.messaging.outbound import queued, sender_of, thread
from tests.world import World

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
DAY = timedelta(hours=24)
SAID = catalog.Said("accepted", "en", {"doctor_name": "Dr. Vidal"})


@pytest.fixture
def account(clinic: Clinic) -> Iterator[ProviderAccount]:
    """Give the clinic's WhatsApp account room for four people, two of them kept for reminders."""
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        account = sender_of(clinic).account
        limit(account, 4)
        approve(account)
        yield account


def limit(account: ProviderAccount, people: int, share: int = 50) -> None:
    account.people_a_day, account.reminder_share = people, share
    account.save(update_fields=["people_a_day", "reminder_share"])


def approve(account: ProviderAccount) -> ContentTemplate:
    return ContentTemplate.objects.create(
        account=account,
        content_sid="HX" + "2" * 32,
        name="visit_accepted",
        key="accepted",
        language="en",
        content_type="twilio/text",
        body="{{1}} sees you.",
        variables=[{"n": "1", "name": "doctor_name"}],
        approval=Approval.APPROVED,
        created_at=NOW,
    )


def closed(clinic: Clinic, n: int) -> Conversation:
    """A patient who wrote three days ago and wants no SMS."""
    conversation = thread(clinic, address=f"+1500555{n:04}", last_inbound=timedelta(days=3))
    ChannelConsent.objects.create(contact_point=conversation.contact_point, channel="sms", care=False)
    return conversation


def sent_to(clinic: Clinic, n: int, *, purpose: str = gate.REMINDER, at: datetime = NOW) -> Message:
    return queued(closed(clinic, n), purpose=purpose, said=SAID, now=at)


def went(at: datetime = NOW) -> int:
    return len(claim(now=at, limit=50))


@pytest.mark.django_db
class TestTheLedger:
    def test_one_more_person_waits_until_the_oldest_falls_out(
        self, clinic: Clinic, account: ProviderAccount
    ) -> None:
        messages = [sent_to(clinic, n) for n in range(6)]
        assert went() == 4
        assert PersonReached.objects.count() == 4
        for message in messages:
            message.refresh_from_db()
        waits = [m for m in messages if m.status == "queued"]
        assert [(m.reason, m.next_attempt_at) for m in waits] == [("capacity", NOW + DAY)] * 2
        assert went(NOW + DAY - timedelta(seconds=1)) == 0
        assert went(NOW + DAY) == 2

    def test_when_it_is_full_a_message_is_told_so_when_it_is_stored(
        self, clinic: Clinic, account: ProviderAccount
    ) -> None:
        for n in range(4):
            sent_to(clinic, n)
        went()
        late = sent_to(clinic, 9, at=NOW + timedelta(minutes=20))
        assert (late.status, late.reason, late.next_attempt_at) == ("queued", "capacity", NOW + DAY)
        step = late.verdict["steps"][-1]
        assert (step["step"], step["evidence"]["used"], step["evidence"]["limit"]) == ("capacity", "4", "4")

    def test_the_same_person_counts_once(self, clinic: Clinic, account: ProviderAccount) -> None:
        limit(account, 1)
        conversation = closed(clinic, 1)
        for key in ("a", "b"):
            queued(conversation, purpose=gate.REMINDER, said=SAID, dedupe_key=key)
        assert went() == 1  # the elder of a thread goes first
        Message.objects.filter(status="sending").update(status="sent", next_attempt_at=None)
        assert went() == 1
        assert PersonReached.objects.count() == 1

    def test_inside_a_window_nobody_counts(self, clinic: Clinic, account: ProviderAccount) -> None:
        limit(account, 0)
        message = queued(thread(clinic), said=SAID)
        assert message.status == "queued"
        assert went() == 1
        assert not PersonReached.objects.exists()

    def test_other_texts_leave_the_part_that_is_kept_for_reminders(
        self, clinic: Clinic, account: ProviderAccount
    ) -> None:
        notices = [sent_to(clinic, n, purpose=gate.NOTICE) for n in range(3)]
        assert went() == 2
        reminders = [sent_to(clinic, n) for n in range(10, 13)]
        assert went() == 2
        for message in [*notices, *reminders]:
            message.refresh_from_db()
        assert [m.status for m in notices] == ["sending", "sending", "queued"]
        assert [m.status for m in reminders] == ["sending", "sending", "queued"]

    def test_reminders_that_came_first_take_nothing_from_the_other_part(
        self, clinic: Clinic, account: ProviderAccount
    ) -> None:
        for n in range(2):
            sent_to(clinic, n)
        assert went() == 2
        for n in range(10, 12):
            sent_to(clinic, n, purpose=gate.NOTICE)
        assert went() == 2

    def test_a_notice_that_would_have_to_wait_goes_by_sms_where_it_may(
        self, clinic: Clinic, account: ProviderAccount
    ) -> None:
        for n in range(2):
            sent_to(clinic, n, purpose=gate.NOTICE)
        went()
        conversation = thread(clinic, address="+15005550099", last_inbound=timedelta(days=3))
        message = queued(conversation, said=SAID)
        assert (message.status, message.channel, message.reason) == ("queued", "sms", "")

    def test_it_is_not_held_beyond_its_time(self, clinic: Clinic, account: ProviderAccount) -> None:
        limit(account, 0)
        message = queued(closed(clinic, 1), said=SAID, expires_at=NOW + timedelta(hours=3))
        assert (message.status, message.reason) == ("blocked", "too_late")

    def test_the_ledger_knows_nobodys_number(self, clinic: Clinic, account: ProviderAccount) -> None:
        sent_to(clinic, 1)
        went()
        (row,) = PersonReached.objects.all()
        assert "5005550001" not in str(row.__dict__)
        assert row.person == capacity.person("+15005550001")

    def test_all_spellings_of_a_number_are_one_person(self) -> None:
        assert capacity.person("+5215555550101") == capacity.person("+525555550101")
        assert capacity.person("US.1a2B") != capacity.person("US.1a2C")

    def test_who_fell_out_is_forgotten(self, clinic: Clinic, account: ProviderAccount) -> None:
        old = PersonReached.objects.create(account=account, person="x", at=NOW - DAY)
        sent_to(clinic, 1)
        went()
        assert not PersonReached.objects.filter(pk=old.pk).exists()


def test_two_at_once_take_exactly_what_there_is(committed: World) -> None:
    """Ten workers, as if of clinics that share an account, want ten people each; there is room for 37."""
    account = ProviderAccount.objects.get(external_id="AC" + "a" * 32)
    limit(account, 37, share=0)
    now, went, start = clock.now(), [], threading.Barrier(10)

    def work(worker: int) -> None:
        wanted = [
            capacity.Wanted(new_id(), f"+1500{worker:03}{n:04}", gate.NOTICE if n % 2 else gate.REMINDER)
            for n in range(10)
        ]
        start.wait(20)
        with transaction.atomic():
            waits = capacity.take(account, wanted, now=now)
        went.append(len(wanted) - len(waits))
        connection.close()

    workers = [threading.Thread(target=work, args=(n,)) for n in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sum(went) == 37
    assert PersonReached.objects.filter(account=account).count() == 37
