"""A worker dies by SIGKILL, or the broker forgets all: nothing is lost, nothing goes twice.

The truth is what the stand-in Twilio accepted. Every message has words of its own, so that a second copy shows.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging.models import Attempt, Message
from tests.faults.running import Bell, Worker, until, valkey
from tests.messaging.outbound import queued, thread
from tests.standin.twilio import Script, TwilioStandIn
from tests.world import CLINICS, World

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

MESSAGES = 12


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioStandIn]:
    tokens = {sid: token for *_, sid, token in CLINICS if sid}
    with TwilioStandIn(tokens=tokens) as standin:
        yield standin


@pytest.fixture
def bell() -> Iterator[Bell]:
    with valkey() as server:
        yield Bell(server.url)


@pytest.fixture
def worker(bell: Bell, twilio: TwilioStandIn) -> Iterator[Worker]:
    url = bell.app.conf.broker_url.replace("redis+socket://", "unix://").replace("virtual_host", "db")
    worker = Worker(url, TWILIO_API_BASE_URL=twilio.base_url)
    yield worker
    worker.kill()


@pytest.fixture
def alpha(committed: World) -> Iterator[Clinic]:
    with in_clinic(committed.clinics["alpha"]):
        yield committed.clinics["alpha"]


def owe(clinic: Clinic, count: int = MESSAGES) -> set[str]:
    """Queue messages to as many people; return their words."""
    bodies = {f"Su cita {n}" for n in range(count)}
    for n, body in enumerate(sorted(bodies)):
        queued(thread(clinic, address=f"+1500555{n:04}"), body)
    return bodies


def all_sent() -> bool:
    return not Message.objects.filter(direction="outbound").exclude(status__in=["sent", "delivered"]).exists()


def came_out_right(twilio: TwilioStandIn, owed: set[str]) -> None:
    sent = [message.body for message in twilio.accepted]
    assert (sorted(sent), twilio.twice) == (sorted(owed), [])
    known = set(Message.objects.filter(direction="outbound").values_list("provider_message_id", flat=True))
    assert known == {message.sid for message in twilio.accepted}


def test_killed_before_the_provider_took_it(
    alpha: Clinic, twilio: TwilioStandIn, worker: Worker, bell: Bell
) -> None:
    owed = owe(alpha)
    twilio.script(*[Script(kind="hang", seconds=60)] * MESSAGES)
    worker.start()
    until(lambda: twilio.requests == MESSAGES, seconds=120, what="the sends to begin", meanwhile=bell.ring)
    worker.kill()
    assert twilio.accepted == []
    assert set(Message.objects.filter(direction="outbound").values_list("status", flat=True)) == {"sending"}
    worker.start()
    until(all_sent, seconds=120, what="everything to be sent", meanwhile=bell.ring)
    came_out_right(twilio, owed)
    assert Attempt.objects.filter(error_code="absent").count() == MESSAGES


def test_killed_after_the_provider_took_it(
    alpha: Clinic, twilio: TwilioStandIn, worker: Worker, bell: Bell
) -> None:
    owed = owe(alpha)
    twilio.script(*[Script(kind="accept_then_hang", seconds=60)] * MESSAGES)
    worker.start()
    until(lambda: len(twilio.accepted) == MESSAGES, seconds=120, what="it to take all", meanwhile=bell.ring)
    worker.kill()
    assert not Message.objects.filter(status="sent").exists()
    worker.start()
    until(all_sent, seconds=120, what="everything to be found", meanwhile=bell.ring)
    came_out_right(twilio, owed)
    assert twilio.requests == MESSAGES
    assert Attempt.objects.count() == MESSAGES


def test_killed_again_and_again_around_its_commits(
    alpha: Clinic, twilio: TwilioStandIn, worker: Worker, bell: Bell
) -> None:
    owed = owe(alpha, 60)
    twilio.delay = 0.05
    for part in (5, 20, 40):
        worker.start()
        until(
            lambda part=part: Message.objects.filter(status="sent").count() >= part,
            seconds=120,
            what=f"{part} to be sent",
            meanwhile=bell.ring,
        )
        worker.kill()
    worker.start()
    until(all_sent, seconds=120, what="everything to be sent", meanwhile=bell.ring)
    came_out_right(twilio, owed)


def test_a_broker_that_forgets_everything_loses_nothing(
    alpha: Clinic, twilio: TwilioStandIn, worker: Worker, bell: Bell
) -> None:
    owed = owe(alpha)
    for _ in owed:
        bell.send("messaging.deliver_outbox", alpha.schema_name)
    assert bell.waiting() == MESSAGES
    bell.flush()
    assert bell.waiting() == 0
    worker.start()
    until(all_sent, seconds=120, what="everything to be sent", meanwhile=bell.ring)
    came_out_right(twilio, owed)
