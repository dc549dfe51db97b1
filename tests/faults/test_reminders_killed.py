"""A worker is killed at random, thirty times, while a thousand reminders go out: each phone gets exactly one.

The provider makes it hard: of a hundred sends it refuses two for now and answers one with an error although it has
taken the message. The truth is what the stand-in accepted.

Another worker, that looks for the visits itself, is killed while it claims and queues: each visit gets its one text.
"""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import time as wall_time
from datetime import timedelta

import pytest

from clinics.models import Clinic, Sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import gate
from messaging.models import (
    Attempt,
    ChannelConsent,
    Conversation,
    Message,
    MessagingSettings,
    Question,
    ReminderClaim,
    Window,
)
from scheduling.models import Appointment, ContactAddress, ContactPoint
from tests.faults.running import PROJECT, until
from tests.messaging.outbound import queued, sender_of
from tests.messaging.reminding import rules, someone, visit_of
from tests.standin.server import Script
from tests.standin.twilio import TwilioStandIn
from tests.world import CLINICS, World

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

REMINDERS, KILLS = 1000, 30
VISITS, SWEEPS_KILLED = 120, 15
#: Of one number: so slow that the last worker still has something to lose.
A_SECOND = 24
TIMES = {
    "OUTBOX_HTTP_DEADLINE": "3",
    "OUTBOX_LEASE": "5",
    "OUTBOX_LOOK_AGAIN": "1",
    "OUTBOX_ORDER_WAIT": "1",
}


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    tokens = {sid: token for *_, sid, token in CLINICS if sid}
    odds = [(0.02, Script(kind="429")), (0.01, Script(kind="accept_then_500"))]
    with TwilioStandIn(tokens=tokens, odds=odds, delay=0.3) as standin:
        yield standin


class Mortal:
    """A worker that is born and killed again."""

    def __init__(self, clinic: Clinic, twilio: TwilioStandIn, *tasks: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.mortal", clinic.schema_name, *tasks],
            cwd=PROJECT,
            env={**os.environ, **TIMES, "TWILIO_API_BASE_URL": twilio.base_url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = 0

    def born(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.pid = int(self.process.stdout.readline())

    def killed(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.pid = 0

    def end(self) -> None:
        if self.pid:
            self.killed()
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait(20)


@pytest.fixture
def alpha(committed: World) -> Iterator[Clinic]:
    with in_clinic(committed.clinics["alpha"]):
        yield committed.clinics["alpha"]


@pytest.fixture
def worker(alpha: Clinic, twilio: TwilioStandIn) -> Iterator[Mortal]:
    worker = Mortal(alpha, twilio)
    yield worker
    worker.end()


@pytest.fixture
def reminding_worker(alpha: Clinic, twilio: TwilioStandIn) -> Iterator[Mortal]:
    worker = Mortal(alpha, twilio, "remind")
    yield worker
    worker.end()


@pytest.fixture(autouse=True)
def no_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsync.lib.jobs.enqueue", lambda task, **ids: None)


def owe(clinic: Clinic) -> set[str]:
    """Queue a reminder to as many people as there are reminders; return their addresses."""
    now, sender = clock.now(), sender_of(clinic)
    midnight = wall_time(0)  # the test runs at any time of the day
    MessagingSettings.objects.update_or_create(defaults={"quiet_from": midnight, "quiet_until": midnight})
    Sender.objects.filter(pk=sender.pk).update(per_second=A_SECOND)
    phones = [f"+1500{n:07}" for n in range(REMINDERS)]
    points = ContactPoint.objects.bulk_create(ContactPoint(match_key=p, phone=p) for p in phones)
    ContactAddress.objects.bulk_create(
        ContactAddress(contact_point=p, channel="whatsapp", address=p.phone) for p in points
    )
    ChannelConsent.objects.bulk_create(
        ChannelConsent(contact_point=p, channel="whatsapp", care=True) for p in points
    )
    threads = Conversation.objects.bulk_create(
        Conversation(contact_point=p, last_channel="whatsapp", last_sender=sender) for p in points
    )
    Window.objects.bulk_create(Window(conversation=t, sender=sender, last_inbound_at=now) for t in threads)
    for thread in threads:
        queued(thread, "Your visit is tomorrow at 10:00.", purpose=gate.REMINDER, sender=sender)
    return set(phones)


def test_each_phone_gets_exactly_one(alpha: Clinic, twilio: TwilioStandIn, worker: Mortal) -> None:
    owed = owe(alpha)
    chance, wait = random.Random(20), threading.Event()
    for _ in range(KILLS):
        seen, some = twilio.requests, chance.randint(1, 10)
        worker.born()
        until(
            lambda seen=seen, some=some: twilio.requests >= seen + some,
            seconds=60,
            what="it to send something",
        )
        wait.wait(chance.uniform(0, 0.4))  # the provider takes 0.3 s
        worker.killed()
    assert twilio.requests < REMINDERS, "the kills came too late to hurt"
    worker.born()
    reminders = Message.objects.filter(purpose=gate.REMINDER)
    until(
        lambda: not reminders.exclude(status="sent").exists(),
        seconds=600,
        what="all reminders to be sent",
        meanwhile=lambda: None,
    )
    copies = Counter(message.to.removeprefix("whatsapp:") for message in twilio.accepted)
    assert set(copies) == owed
    assert {phone for phone, count in copies.items() if count > 1} == set()
    assert set(reminders.values_list("provider_message_id", flat=True)) == {m.sid for m in twilio.accepted}
    ends = set(Attempt.objects.values_list("error_code", flat=True))
    assert {"20429", "absent"} <= ends, "nothing was refused, or no worker died between claim and send"


def test_each_visit_is_reminded_of_once_by_workers_that_die_while_they_claim(
    alpha: Clinic, twilio: TwilioStandIn, reminding_worker: Mortal
) -> None:
    now = clock.now()
    rules()
    for n in range(VISITS):
        patient, _ = someone(alpha, f"P{n}", now=now)
        visit_of(patient, now + timedelta(hours=20), created_at=now - timedelta(days=9))
    chance, wait = random.Random(7), threading.Event()
    claims, texts = ReminderClaim.objects.all(), Message.objects.filter(said__key="reminder_default")
    for _ in range(SWEEPS_KILLED):
        seen, some = claims.count(), chance.randint(1, 4)
        reminding_worker.born()
        until(lambda seen=seen, some=some: claims.count() >= seen + some, seconds=60, what="it to claim")
        wait.wait(chance.uniform(0, 0.1))
        reminding_worker.killed()
        until(
            lambda: (
                claims.count() == claims.filter(outcome="sent", message__in=texts).count() == texts.count()
            ),
            seconds=5,  # the database may still be about the last commit
            what="each claim to have its text, and each text its claim",
        )
    assert claims.count() < VISITS, "the kills came too late to hurt"
    reminding_worker.born()
    until(
        lambda: texts.filter(status="sent").count() == VISITS,
        seconds=600,
        what="all reminders to be sent",
        meanwhile=lambda: None,
    )
    copies = Counter(message.to.removeprefix("whatsapp:") for message in twilio.accepted)
    assert (len(copies), set(copies.values())) == (VISITS, {1})
    assert set(claims.values_list("message", "outcome")) == {(text.pk, "sent") for text in texts}
    assert Question.objects.filter(kind="confirm_visit", closed_at=None).count() == VISITS
    assert set(
        Appointment.objects.filter(pk__in=claims.values("subject_id")).values_list("attendance", flat=True)
    ) == {"asked"}
