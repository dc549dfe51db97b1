"""A number at Telnyx serves every feature: talk, booking, notices, ticks, STOP, and one text for each lost answer."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from clinics.carriers import master_account
from clinics.models import Clinic, HeldEvent, Sender
from clinics.queries import forget_routes
from clinics.senders import retire_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import gate, held, outbox
from messaging.models import Attempt, ChannelConsent, ConsentEvent, Conversation, Message
from scheduling import operations
from scheduling.models import Appointment, ContactAddress, Task
from tests.flows.telnyx_line import NUMBER, PATIENT, deliver, linked, post, write
from tests.standin import telnyx as standin
from tests.standin.server import Script, backwards, early, twice
from tests.standin.telnyx import KEY, PROFILE, PUBLIC_KEY, TelnyxStandIn, refuse
from tests.world import World


@pytest.fixture
def telnyx(settings: Any) -> Iterator[TelnyxStandIn]:
    settings.OUTBOX_HTTP_DEADLINE = 1.5
    with TelnyxStandIn(deliver=deliver, profiles=frozenset({PROFILE})) as running:
        settings.TELNYX_API_BASE_URL = running.base_url
        yield running


@pytest.fixture
def clinic(committed: World) -> Clinic:
    found = committed.clinics["alpha"]
    linked(found)
    return found


def work(clinic: Clinic, after: timedelta = timedelta()) -> None:
    with in_clinic(clinic):
        outbox.sweep(now=clock.now() + after)


def notice(clinic: Clinic, body: str = "Su cita está confirmada.") -> Message:
    """Return a message that waits in the thread of the patient, who wrote before."""
    with in_clinic(clinic):
        thread = Conversation.objects.get()
        return outbox.queue(thread, body=body, purpose=gate.NOTICE, author="system", now=clock.now())


def fresh(clinic: Clinic, message: Message) -> Message:
    with in_clinic(clinic):
        return Message.objects.get(pk=message.pk)


def test_a_patient_books_by_sms_and_is_told(clinic: Clinic, committed: World, telnyx: TelnyxStandIn) -> None:
    receptionist = committed.users["receptionist@alpha.example"]
    telnyx.callbacks = ("sent", "delivered")
    response = write("hola, necesito una cita")
    assert (response.status_code, response.content) == (200, b"")

    work(clinic)
    [offer] = telnyx.accepted
    assert (offer.from_, offer.to, offer.profile) == (NUMBER, PATIENT, PROFILE)
    assert "1. " in offer.body
    assert offer.status_callback.startswith("https://medsync.example/api/webhooks/sms/telnyx?a=")
    for thread in telnyx._threads:
        thread.join(10)
    write("2")
    work(clinic, timedelta(seconds=5))  # a number may send once a second
    with in_clinic(clinic):
        visit = Appointment.objects.get()
        assert visit.status == "pending_review"
        operations.accept(visit, by=receptionist, now=clock.now())
    for thread in telnyx._threads:
        thread.join(10)
    work(clinic, timedelta(seconds=10))
    for thread in telnyx._threads:
        thread.join(10)
    assert telnyx.accepted[-1].body.startswith("Su cita está confirmada: ")
    with in_clinic(clinic):
        told = Message.objects.get(purpose="notice")
        assert (told.status, told.channel, told.sender.phone_number) == ("delivered", "sms", NUMBER)
        assert Conversation.objects.get().work_state == "done"
    assert all(status == 200 for *_, status in telnyx.answers)
    assert telnyx.twice == []


def test_the_time_of_a_message_is_telnyxs(clinic: Clinic) -> None:
    write("hola", occurred_at="2026-11-21T10:00:00Z")
    with in_clinic(clinic):
        assert Message.objects.get(direction="inbound").occurred_at == datetime(
            2026, 11, 21, 10, 0, tzinfo=UTC
        )


def test_the_same_message_again_is_one_message(clinic: Clinic) -> None:
    for _ in range(3):
        assert write("hola", message_id="m-1").status_code == 200
    with in_clinic(clinic):
        assert Message.objects.filter(direction="inbound").count() == 1


def test_a_stop_that_telnyx_has_answered_is_kept_and_answered_by_nobody(
    clinic: Clinic, telnyx: TelnyxStandIn
) -> None:
    write("hola", message_id="m-1")
    with in_clinic(clinic):
        Message.objects.filter(direction="outbound").delete()
    assert write("STOP", autoresponse="STOP").status_code == 200
    work(clinic)
    assert telnyx.accepted == []
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(channel="sms").opted_out_at is not None
        assert not Message.objects.filter(direction="outbound").exists()
    assert notice(clinic).status == "blocked"
    write("START", autoresponse="START")
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(channel="sms").opted_out_at is None


@pytest.mark.parametrize("reported", [("START", "STOP"), ("STOP", "START")])
def test_of_stop_and_start_the_word_that_was_said_last_counts(
    clinic: Clinic, reported: tuple[str, str]
) -> None:
    """In whatever order they are reported, and also where Telnyx's clock is minutes behind ours."""
    said_at = clock.now() - timedelta(minutes=3)
    at = {word: (said_at + timedelta(seconds=n)).isoformat() for n, word in enumerate(("START", "STOP"))}
    for word in reported:
        write(word, autoresponse=word, occurred_at=at[word])
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(channel="sms").opted_out_at is not None


def test_a_stop_that_only_telnyx_knew_is_learned_from_its_refusal(
    clinic: Clinic, telnyx: TelnyxStandIn
) -> None:
    write("hola", autoresponse="HELP")
    telnyx.script(refuse(40300, 403))
    message = notice(clinic)
    work(clinic)
    assert (fresh(clinic, message).status, fresh(clinic, message).error_code) == ("failed", "40300")
    with in_clinic(clinic):
        assert ConsentEvent.objects.get(action="opted_out").source == "provider"


@pytest.mark.parametrize(
    "script",
    [
        early("sent", "delivered"),
        twice("sent", "delivered"),
        backwards("sent", "delivered"),
        Script(kind="accept_then_reset", callbacks=("sent", "delivered")),
    ],
    ids=["early", "twice", "backwards", "lost"],
)
def test_in_whatever_order_the_reports_come_it_is_delivered_once(
    clinic: Clinic, telnyx: TelnyxStandIn, script: Script
) -> None:
    write("hola", autoresponse="HELP")
    telnyx.script(script)
    message = notice(clinic)
    work(clinic)
    for thread in telnyx._threads:
        thread.join(10)
    work(clinic, timedelta(minutes=5))
    assert fresh(clinic, message).status == "delivered"
    assert len(telnyx.accepted) == 1


@pytest.mark.parametrize(
    "script", ["accept_then_reset", "accept_then_500", "garbage", "empty", "reset", "502"]
)
def test_a_lost_answer_is_one_text_and_nobody_is_asked(
    clinic: Clinic, telnyx: TelnyxStandIn, script: str
) -> None:
    write("hola", autoresponse="HELP")
    telnyx.script(script)
    message = notice(clinic)
    work(clinic)
    assert fresh(clinic, message).status == "sent"
    assert len(telnyx.accepted) == 1
    with in_clinic(clinic):
        assert Attempt.objects.filter(message=message).count() == 1
        assert not Task.objects.filter(kind="check_delivery").exists()


def test_a_lost_answer_is_not_sent_again_after_a_stop(clinic: Clinic, telnyx: TelnyxStandIn) -> None:
    write("hola", autoresponse="HELP")
    telnyx.script("reset", "reset")
    message = notice(clinic)
    work(clinic)
    assert fresh(clinic, message).status == "unknown"
    write("STOP", autoresponse="STOP")
    requests = telnyx.requests
    for minutes in (2, 10, 60):
        work(clinic, timedelta(minutes=minutes))
    assert telnyx.requests == requests
    assert telnyx.accepted == []
    with in_clinic(clinic):
        assert Task.objects.get(kind="check_delivery").done_at is None, "staff must know that nobody knows"


def test_a_stop_waits_for_what_is_handed_over_again(clinic: Clinic, telnyx: TelnyxStandIn) -> None:
    write("hola", autoresponse="HELP")
    telnyx.script("reset", "reset")
    notice(clinic)
    work(clinic)
    telnyx.delay = 0.7  # Telnyx takes it only after that

    def again() -> None:
        work(clinic, timedelta(minutes=2))
        connection.close()

    thread = threading.Thread(target=again)
    thread.start()
    while telnyx.requests < 3 and thread.is_alive():
        time.sleep(0.01)
    write("STOP", autoresponse="STOP")
    taken = len(telnyx.accepted)
    thread.join(20)
    assert taken == len(telnyx.accepted) == 1, "nothing is taken after the STOP was answered"


def test_a_key_is_not_relied_on_for_ever(clinic: Clinic, telnyx: TelnyxStandIn) -> None:
    write("hola", autoresponse="HELP")
    telnyx.script("reset", "reset")
    notice(clinic)
    work(clinic)
    requests = telnyx.requests
    work(clinic, timedelta(hours=2))
    assert telnyx.requests == requests


def test_a_limit_is_waited_for_as_long_as_telnyx_says(clinic: Clinic, telnyx: TelnyxStandIn) -> None:
    write("hola", autoresponse="HELP")
    telnyx.script(Script(kind="429", retry_after="90"))
    message, before = notice(clinic), clock.now()
    work(clinic)
    found = fresh(clinic, message)
    assert found.status == "queued"
    assert found.next_attempt_at - before > timedelta(seconds=89)


def test_a_landline_is_remembered(clinic: Clinic, telnyx: TelnyxStandIn) -> None:
    write("hola", autoresponse="HELP")
    telnyx.script(Script(callbacks=("undelivered",), error_code="40001"))
    with in_clinic(clinic):  # the number that wrote is another one than the one that is a landline
        ContactAddress.objects.update(address="+16465550178")
    message = notice(clinic)
    with in_clinic(clinic):
        Message.objects.filter(pk=message.pk).update(address="+16465550178")
    work(clinic)
    for thread in telnyx._threads:
        thread.join(10)
    assert fresh(clinic, message).error_code == "40001"
    with in_clinic(clinic):
        assert ContactAddress.objects.get(address="+16465550178").unusable == "landline"


class TestTheDoor:
    def test_what_nobody_signed_is_refused(self, clinic: Clinic) -> None:
        body = standin.event(
            "message.received", standin.received("x", from_=PATIENT, to=NUMBER, message_id="1")
        )
        signed = standin.sign(body)
        old = standin.sign(body, at=clock.now().timestamp() - 301)
        assert post(body, headers={}).status_code == 403
        assert post(body, headers={**signed, "telnyx-timestamp": "1"}).status_code == 403
        assert post(body, headers=old).status_code == 403
        assert post(body + b" ", headers=signed).status_code == 403
        assert post(body, headers=signed).status_code == 200

    def test_another_accounts_key_does_not_speak_for_this_number(self, clinic: Clinic) -> None:
        sender = Sender.objects.select_related("account").get(phone_number=NUMBER)
        sender.account.public_key = "A" * 43 + "="
        sender.account.save(update_fields=["public_key"])
        forget_routes()
        assert write("hola").status_code == 403
        with in_clinic(clinic):
            assert not Message.objects.exists()

    def test_the_platforms_own_account_speaks_for_numbers_nobody_has(
        self, clinic: Clinic, settings: Any
    ) -> None:
        assert write("hola", to="+12125550199").status_code == 403
        settings.TELNYX_PUBLIC_KEY, settings.TELNYX_API_KEY = PUBLIC_KEY, KEY
        assert write("hola", to="+12125550199").status_code == 200
        event = HeldEvent.objects.select_related("account").get()
        assert (event.reason, event.account.provider, event.account.is_master) == (
            "unknown_sender",
            "telnyx",
            True,
        )
        settings.TELNYX_PUBLIC_KEY = "A" * 43 + "="  # other keys, the same account
        assert master_account("telnyx").pk == event.account_id

    def test_only_json_is_taken_and_no_more_than_fits(self, clinic: Clinic) -> None:
        assert post(b"a=b", content_type="application/x-www-form-urlencoded").status_code == 415
        assert post(b"{" + b" " * 300_000).status_code == 413

    @pytest.mark.parametrize("kind", ["message.link_clicked", "call.initiated"])
    def test_what_concerns_no_message_is_answered_and_left(self, clinic: Clinic, kind: str) -> None:
        payload = standin.received("x", from_=PATIENT, to=NUMBER, message_id="1")
        assert post(standin.event(kind, payload)).status_code == 200
        assert post(standin.event(kind, payload), headers={}).status_code == 403
        assert not HeldEvent.objects.exists()

    def test_a_broken_event_is_kept_and_answered(self, clinic: Clinic) -> None:
        payload = standin.received("x", from_="", to=NUMBER, message_id="1")
        assert post(standin.event("message.received", payload)).status_code == 200
        assert HeldEvent.objects.get().reason == "malformed"

    @pytest.mark.parametrize("kind", ["RCS", "something_new"])
    def test_a_kind_of_message_that_nobody_knows_is_kept_and_answered(
        self, clinic: Clinic, kind: str
    ) -> None:
        payload = standin.received("hola", from_=PATIENT, to=NUMBER, message_id="1", type=kind)
        assert post(standin.event("message.received", payload)).status_code == 200
        assert HeldEvent.objects.get().reason == "malformed"

    def test_a_message_to_a_group_is_ours_wherever_our_number_stands(self, clinic: Clinic) -> None:
        payload = standin.received("hola", from_=PATIENT, to=NUMBER, message_id="1", type="MMS")
        payload["to"].insert(0, {"phone_number": "+12125550111", "status": "queued"})
        assert post(standin.event("message.received", payload)).status_code == 200
        with in_clinic(clinic):
            assert Message.objects.get(direction="inbound").body == "hola"

    def test_what_comes_for_a_number_taken_off_is_kept_until_it_is_back(self, clinic: Clinic) -> None:
        sender = Sender.objects.get(phone_number=NUMBER)
        retire_sender(sender, now=clock.real_now())
        assert write("hola, ¿siguen ahí?").status_code == 200
        assert HeldEvent.objects.get().reason == "unknown_sender"
        linked(clinic)
        assert held.replay_number("sms", NUMBER, now=clock.now()) == 1
        with in_clinic(clinic):
            assert Message.objects.get(direction="inbound").body == "hola, ¿siguen ahí?"
