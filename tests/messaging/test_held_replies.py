"""A reply that waits for the patient: an approved text knocks, the words go once when the patient writes."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinics.models import Clinic, ClinicClock, User
from clinics.queries import sender_for
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import held as webhooks
from messaging import inbound, outbox
from messaging.approved import holding
from messaging.approved.saying import say
from messaging.gate import windows
from messaging.models import ChannelConsent, Conversation, HeldReply, Message, Window
from messaging.providers.base import InboundMessage
from tests.messaging.approving import approved
from tests.messaging.hooks import PATIENT, write
from tests.messaging.outbound import queued, sender_of, thread
from tests.statements import statements
from tests.world import World

WORDS = "Good news: you can stop the drops on Thursday."
HOURS, DAYS = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def clinic(committed: World) -> Clinic:
    return committed.clinics["alpha"]


@pytest.fixture
def owner(clinic: Clinic) -> User:
    found: User = clinic.memberships.get(role="owner").user
    return found


def held(
    clinic: Clinic,
    owner: User,
    *,
    words: str = WORDS,
    address: str = PATIENT,
    wrote: timedelta = 2 * DAYS,
    closed_for: timedelta | None = None,
) -> Message:
    """Hold a reply for a patient who wrote so long ago, and return the waiting message.

    `closed_for`: so long ago WhatsApp refused a message, the window was closed before its time.
    """
    with in_clinic(clinic):
        conversation = thread(clinic, address=address, last_inbound=wrote)
        if closed_for is not None:
            refused = queued(conversation, purpose="staff", now=clock.now() - closed_for)
            assert windows.close(refused, now=clock.now() - closed_for)
        text = approved("knock") if not _texts() else _texts()[0]
        say(
            conversation,
            template=text,
            values={"patient_name": "Ana", "clinic_name": "Alpha"},
            hold=words,
            user=owner,
            now=clock.now(),
        )
        return Message.objects.get(body=words)


def _texts() -> list[Any]:
    from messaging.models import ContentTemplate

    return list(ContentTemplate.objects.all())


def shown(clinic: Clinic, message: Message) -> Message:
    with in_clinic(clinic):
        return Message.objects.get(pk=message.pk)


def outcome(clinic: Clinic) -> str:
    with in_clinic(clinic):
        return str(HeldReply.objects.get().outcome)


def test_the_knock_goes_now_and_the_words_wait(clinic: Clinic, owner: User) -> None:
    waiting = held(clinic, owner)
    with in_clinic(clinic):
        knock = Message.objects.get(kind="template")
        assert (knock.status, knock.purpose) == ("queued", "knock")
        assert (waiting.status, waiting.next_attempt_at) == ("held", None)
        assert HeldReply.objects.get().expires_at - clock.now() > timedelta(days=6, hours=23)
        assert Conversation.objects.get().last_message_id == knock.pk
    assert ClinicClock.objects.filter(clinic=clinic, job="held_replies").exists()


def test_the_patients_answer_releases_it_once_and_the_bot_is_silent(clinic: Clinic, owner: User) -> None:
    waiting = held(clinic, owner)
    write(clinic, "What is it?")
    message = shown(clinic, waiting)
    assert (message.status, message.reason) == ("queued", "")
    assert message.next_attempt_at is not None
    assert outcome(clinic) == "released"
    with in_clinic(clinic):
        conversation = Conversation.objects.get()
        assert conversation.last_message_id == message.pk
        assert conversation.work_state == "needs_reply"  # the patient asked something
        assert Message.objects.filter(author="bot").count() == 0
    write(clinic, "Hello?")
    with in_clinic(clinic):
        assert Message.objects.filter(body=WORDS).count() == 1
        assert HeldReply.objects.count() == 1


def test_the_button_of_the_knock_releases_it_and_asks_for_nothing_more(clinic: Clinic, owner: User) -> None:
    waiting = held(clinic, owner)
    write(clinic, "Show me", ButtonPayload="show", ButtonText="Show me")
    assert shown(clinic, waiting).status == "queued"
    with in_clinic(clinic):
        assert Conversation.objects.get().work_state == "waiting_patient"


def test_stop_instead_of_an_answer_sends_nothing_and_tells_staff(clinic: Clinic, owner: User) -> None:
    waiting = held(clinic, owner)
    write(clinic, "STOP")
    message = shown(clinic, waiting)
    assert (message.status, message.reason, message.next_attempt_at) == ("blocked", "opted_out", None)
    with in_clinic(clinic):
        conversation = Conversation.objects.get()
        assert (conversation.work_state, conversation.failed_count) == ("needs_reply", 1)
        outbox.work(now=clock.now())
    assert shown(clinic, waiting).status == "blocked"


def test_somebody_else_at_the_number_does_not_get_it(clinic: Clinic, owner: User) -> None:
    waiting = held(clinic, owner)
    write(clinic, "Wrong number")
    message = shown(clinic, waiting)
    assert (message.status, message.reason) == ("blocked", "wrong_number")


@pytest.mark.parametrize(("body", "reason"), [("Wrong number", "wrong_number"), ("STOP", "opted_out")])
def test_neither_who_says_no_in_a_webhook_that_is_processed_late(
    clinic: Clinic, owner: User, monkeypatch: pytest.MonkeyPatch, body: str, reason: str
) -> None:
    def fail(*_given: Any, **_more: Any) -> Any:
        raise RuntimeError

    waiting = held(clinic, owner)
    with monkeypatch.context() as broken:
        broken.setattr(inbound, "store", fail)
        write(clinic, body)
    assert webhooks.sweep(now=clock.now() + timedelta(minutes=15)) == 1
    with in_clinic(clinic):
        holding.sweep(now=clock.now() + timedelta(minutes=16))
        assert not Message.objects.filter(author="bot").exists()
    message = shown(clinic, waiting)
    assert (message.status, message.reason) == ("blocked", reason)


def test_an_answer_on_another_number_leaves_it_waiting(clinic: Clinic, owner: User) -> None:
    waiting = held(clinic, owner)
    write(clinic, "hi", channel="sms")
    assert shown(clinic, waiting).status == "held"
    write(clinic, "hi")
    assert shown(clinic, waiting).status == "queued"


def test_only_one_waits_in_a_thread(clinic: Clinic, owner: User) -> None:
    held(clinic, owner)
    with in_clinic(clinic):
        with pytest.raises(holding.HeldAlready):
            say(
                Conversation.objects.get(),
                template=_texts()[0],
                values={"patient_name": "Ana", "clinic_name": "Alpha"},
                hold="Something else",
                user=owner,
                now=clock.now(),
            )
        assert Message.objects.filter(kind="template").count() == 1  # no second knock either


def test_what_was_missed_is_released_by_the_clock(clinic: Clinic, owner: User) -> None:
    """The patient wrote while the reply was being stored: its own transaction did not see it."""
    waiting = held(clinic, owner)
    with in_clinic(clinic):
        Window.objects.update(last_inbound_at=clock.now())
        holding.sweep(now=clock.now())
    assert shown(clinic, waiting).status == "queued"
    assert outcome(clinic) == "released"


@pytest.mark.parametrize(
    ("wrote", "closed_for"),
    [(4 * HOURS, HOURS), (DAYS - timedelta(seconds=40), None)],
    ids=["WhatsApp closed it before its time", "its last minute"],
)
def test_the_clock_leaves_it_waiting_while_the_window_is_closed(
    clinic: Clinic, owner: User, wrote: timedelta, closed_for: timedelta | None
) -> None:
    """The patient wrote less than 24 hours ago, but before the reply was held: nobody has reacted yet."""
    waiting = held(clinic, owner, wrote=wrote, closed_for=closed_for)
    for later in (timedelta(seconds=20), timedelta(seconds=61), timedelta(hours=1)):
        with in_clinic(clinic):
            holding.sweep(now=clock.now() + later)
        assert (shown(clinic, waiting).status, outcome(clinic)) == ("held", "waiting")
    write(clinic, "What is it?")
    assert (shown(clinic, waiting).status, outcome(clinic)) == ("queued", "released")


def test_a_webhook_that_comes_when_its_window_is_over_leaves_it_waiting(clinic: Clinic, owner: User) -> None:
    waiting = held(clinic, owner)
    with in_clinic(clinic):
        sender = sender_of(clinic)
        route = sender_for("whatsapp", sender.phone_number)
        assert route is not None
        late = InboundMessage(
            event_id="SMlate",
            account_sid=sender.account.external_id,
            channel="whatsapp",
            from_address=PATIENT,
            from_phone=PATIENT,
            to_number=sender.phone_number,
            body="What is it?",
            occurred_at=clock.now() - DAYS,
        )
        inbound.store(late, route, clock.now(), inline=False)
    assert (shown(clinic, waiting).status, outcome(clinic)) == ("held", "waiting")
    write(clinic, "Well?")
    assert (shown(clinic, waiting).status, outcome(clinic)) == ("queued", "released")


def test_after_seven_days_a_person_must_find_another_way(clinic: Clinic, owner: User) -> None:
    waiting = held(clinic, owner)
    with in_clinic(clinic):
        holding.sweep(now=clock.now() + timedelta(days=6))
    assert shown(clinic, waiting).status == "held"
    with in_clinic(clinic):
        holding.sweep(now=clock.now() + timedelta(days=7, minutes=1))
        conversation = Conversation.objects.get()
        assert (conversation.work_state, conversation.failed_count) == ("needs_reply", 1)
    message = shown(clinic, waiting)
    assert (message.status, message.reason) == ("blocked", "held_expired")
    assert outcome(clinic) == "expired"
    with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
        write(clinic, "I am back")
    assert shown(clinic, waiting).status == "blocked"


def test_it_can_be_changed_and_dropped_until_it_goes(clinic: Clinic, owner: User, browse: Any) -> None:
    waiting = held(clinic, owner)
    page: Client = browse(owner)
    base = f"/c/{clinic.slug}/inbox/{waiting.conversation_id}/held/{waiting.pk}"
    assert page.post(f"{base}/reword/", {"body": "Other words"}).status_code == 302
    assert shown(clinic, waiting).body == "Other words"
    assert page.post(f"{base}/reword/", {"body": " "}, headers={"HX-Request": "true"}).status_code == 409
    assert page.post(f"{base}/drop/").status_code == 302
    assert shown(clinic, waiting).status == "cancelled"
    late = page.post(f"{base}/drop/", headers={"HX-Request": "true"})
    assert late.status_code == 409
    write(clinic, "hello")
    assert shown(clinic, waiting).status == "cancelled"


def test_the_thread_shows_it_until_the_patient_answers(clinic: Clinic, owner: User, browse: Any) -> None:
    waiting = held(clinic, owner)
    page: Client = browse(owner)
    url = f"/c/{clinic.slug}/inbox/{waiting.conversation_id}/"
    before = page.get(url).content.decode()
    assert "data-held " in before
    assert 'data-holds="true"' in before
    write(clinic, "hello")
    after = page.get(url).content.decode()
    assert "data-held " not in after
    assert WORDS in after


def test_a_message_costs_no_statement_more_while_nothing_waits(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic):
        thread(clinic, address=PATIENT)
        ChannelConsent.objects.update(care=True)
    write(clinic, "my appointment please")
    with statements() as sent:
        write(clinic, "my appointment please")
    assert not [one for one in sent if 'FROM "messaging_heldreply"' in one]
