"""A STOP and a send in the same moment, many times: after the STOP's commit the provider takes nothing for the person."""

import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import outbox
from messaging.models import ChannelConsent, Conversation, Message
from tests.messaging.hooks import write
from tests.messaging.outbound import queued, thread
from tests.standin.twilio import TwilioStandIn
from tests.world import CLINICS, World

TIMES = 200
AT_ONCE = 4  # people who say STOP side by side while one worker sends to all


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioStandIn]:
    """Give a provider that takes its time, so that a STOP falls into it."""
    with TwilioStandIn(tokens={sid: token for *_, sid, token in CLINICS if sid}, delay=0.1) as standin:
        settings.TWILIO_API_BASE_URL = standin.base_url
        yield standin


def taken(twilio: TwilioStandIn, number: str) -> int:
    return sum(message.to.endswith(number) for message in twilio.accepted)


def test_after_the_stops_commit_nothing_is_accepted(committed: World, twilio: TwilioStandIn) -> None:
    clinic = committed.clinics["alpha"]
    after: dict[str, int] = {}
    won = lost = 0
    chance = random.Random(7)
    for batch in range(TIMES // AT_ONCE):
        channel = "sms" if batch % 2 else "whatsapp"
        numbers = [f"+1646556{batch * AT_ONCE + n:04}" for n in range(AT_ONCE)]
        with in_clinic(clinic):
            for number in numbers:
                queued(thread(clinic, address=number, channel=channel), f"Reminder {number}")
        _race(clinic, channel, numbers, twilio, after, [chance.uniform(0, 0.1) for _ in numbers])
        with in_clinic(clinic):
            outbox.work(now=clock.now())
            for number in numbers:
                at_commit = after[number]
                assert taken(twilio, number) == at_commit, "a send was accepted after the STOP was committed"
                won, lost = won + (at_commit == 0), lost + at_commit
                assert ChannelConsent.objects.get(contact_point__phone=number, channel=channel).opted_out_at
    assert (won + lost, twilio.twice) == (TIMES, [])
    assert won > TIMES // 20  # both orders were met
    assert lost > TIMES // 20
    with in_clinic(clinic):
        outbox.work(now=clock.now() + timedelta(hours=1))  # those that waited for their sender's rate
        states = Message.objects.filter(direction="outbound", body__startswith="Reminder")
        assert states.filter(status="sent").count() == lost
        assert states.filter(status="blocked", reason="opted_out").count() == won


def _race(
    clinic: Clinic,
    channel: str,
    numbers: list[str],
    twilio: TwilioStandIn,
    after: dict[str, int],
    waits: list[float],
) -> None:
    """Let one worker send while each person says STOP; note what the provider had taken when each STOP was answered."""
    start = threading.Barrier(len(numbers) + 1)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with in_clinic(clinic):
                Conversation.objects.exists()  # the connection stands
                start.wait(20)
                outbox.work(now=clock.now())
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    def stop(number: str, wait: float) -> None:
        try:
            start.wait(20)
            time.sleep(wait)
            assert write(clinic, "STOP", channel=channel, sender=number).status_code == 200
            after[number] = taken(twilio, number)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work)]
    threads += [threading.Thread(target=stop, args=pair) for pair in zip(numbers, waits, strict=True)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert not errors, errors
