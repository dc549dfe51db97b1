"""A webhook that came late lengthens no window: the provider's list says when the message was written."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from clinics import clocks
from clinics.models import Clinic, ClinicClock
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import written
from messaging.models import Message, Window
from tests.messaging.outbound import PATIENT, inbound, queued, sender_of, thread
from tests.standin.twilio import TwilioStandIn
from tests.world import CLINICS, World

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioStandIn]:
    tokens = {sid: token for *_, sid, token in CLINICS if sid}
    tokens[settings.TWILIO_ACCOUNT_SID] = settings.TWILIO_AUTH_TOKEN
    with TwilioStandIn(tokens=tokens) as standin:
        settings.TWILIO_API_BASE_URL = standin.base_url
        yield standin


@pytest.fixture
def inside(committed: World) -> Iterator[Clinic]:
    with in_clinic(committed.clinics["alpha"]):
        yield committed.clinics["alpha"]


def now() -> datetime:
    return clock.now().replace(microsecond=0)


def came(clinic: Clinic, twilio: TwilioStandIn, *, ago: timedelta, late: timedelta) -> Message:
    """A message that reached us so long ago, and was written so much earlier still."""
    conversation = thread(clinic, last_inbound=None)
    sender = sender_of(clinic)
    at = now() - ago
    Window.objects.create(conversation=conversation, sender=sender, last_inbound_at=at)
    message = inbound(conversation, sender, at=at)
    listed = twilio.accept(
        sender.account.external_id,
        {"From": f"whatsapp:{PATIENT}", "To": f"whatsapp:{sender.phone_number}", "Body": "hola"},
    )
    listed.direction, listed.status, listed.created_at = "inbound", "received", at - late
    Message.objects.filter(pk=message.pk).update(provider_message_id=listed.sid)
    message.refresh_from_db()
    return message


def test_in_the_last_hours_the_window_is_counted_from_when_it_was_written(
    inside: Clinic, twilio: TwilioStandIn
) -> None:
    message = came(inside, twilio, ago=23 * HOUR + 30 * MINUTE, late=40 * MINUTE)
    words = {"purpose": "staff", "sender": message.sender}
    assert queued(message.conversation, **words).status == "queued"

    assert written.ask(now=now()) == 1

    message.refresh_from_db()
    assert message.occurred_at == message.created_at - 40 * MINUTE
    window = Window.objects.get()
    assert window.last_inbound_at == message.occurred_at
    later = queued(message.conversation, "Otra cosa", **words)
    assert (later.status, later.reason) == ("blocked", "window_closed")
    asked = twilio.requests
    assert written.ask(now=now()) == 0
    assert twilio.requests == asked


@pytest.mark.parametrize("kind", ["reaction", "deletion"])
def test_a_reaction_since_then_hides_no_late_message(
    inside: Clinic, twilio: TwilioStandIn, kind: str
) -> None:
    message = came(inside, twilio, ago=23 * HOUR + 30 * MINUTE, late=40 * MINUTE)
    sign = inbound(message.conversation, sender_of(inside), at=now() - 5 * HOUR, body="👍")
    Message.objects.filter(pk=sign.pk).update(kind=kind, provider_message_id="SMsign")

    assert written.ask(now=now()) == 1
    assert Window.objects.get().last_inbound_at == message.created_at - 40 * MINUTE


def test_a_message_that_came_at_once_keeps_its_window(inside: Clinic, twilio: TwilioStandIn) -> None:
    message = came(inside, twilio, ago=23 * HOUR, late=timedelta())

    assert written.ask(now=now()) == 0
    assert Window.objects.get().last_inbound_at == message.created_at


@pytest.mark.parametrize("ago", [21 * HOUR, 25 * HOUR], ids=["long before the end", "after the end"])
def test_nobody_asks_when_it_does_not_matter(inside: Clinic, twilio: TwilioStandIn, ago: timedelta) -> None:
    came(inside, twilio, ago=ago, late=40 * MINUTE)

    assert written.ask(now=now()) == 0
    assert not twilio.requests


def test_a_list_that_does_not_answer_is_asked_again(inside: Clinic, twilio: TwilioStandIn) -> None:
    came(inside, twilio, ago=23 * HOUR, late=40 * MINUTE)
    twilio.list_fails = 500
    assert written.ask(now=now()) == 0

    twilio.list_fails = 0
    assert written.ask(now=now()) == 1


def test_only_clinics_with_a_real_number_are_visited_and_once_an_hour(committed: World) -> None:
    written.keep_clocks()
    written.keep_clocks()

    due = clocks.due(written.JOB, clock.real_now())
    assert {clinic.slug for clinic in due} == {
        sender.clinic.slug
        for clinic in committed.clinics.values()
        for sender in clinic.senders.filter(channel="whatsapp").exclude(account__provider="local")
    }
    for clinic in due:
        with in_clinic(clinic):
            written.ask(now=clock.now())
    assert not clocks.due(written.JOB, clock.real_now())
    assert ClinicClock.objects.filter(job=written.JOB).count() == len(due)
