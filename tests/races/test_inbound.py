"""Webhooks that come at the same moment: stored once, answered once, one thread."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client

from clinics.models import Clinic, HeldEvent
from clinics.tenancy import in_clinic
from messaging import inbound
from messaging.models import (
    RANK,
    Attempt,
    ChannelConsent,
    ConsentEvent,
    Conversation,
    Message,
    StatusEvent,
    Window,
)
from scheduling.models import ContactAddress, ContactPoint, Patient
from tests.messaging.hooks import message_form, post, replies_in, token_of, write
from tests.messaging.sent import call_back, sent_message
from tests.world import World


def at_once(actions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the actions in threads that start together; return what they returned."""
    barrier = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(number: int, action: Callable[[], Any]) -> None:
        try:
            barrier.wait(30)
            results[number] = action()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def poster(clinic: Clinic, form: dict[str, str]) -> Callable[[], Any]:
    token = token_of(clinic)
    return lambda: post(form, token=token, client=Client())


def test_the_same_webhook_fifty_times_at_once_is_one_message_and_one_reply(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    form = message_form(clinic, "I need an appointment")
    responses = at_once([poster(clinic, form)] * 50)
    assert [r.status_code for r in responses] == [200] * 50
    with in_clinic(clinic):
        assert Message.objects.filter(direction="inbound").count() == 1
        reply = Message.objects.get(direction="outbound")
        assert Attempt.objects.count() == 1
        thread = Conversation.objects.get()
        assert thread.unread_count == 1
        assert Window.objects.count() == ContactPoint.objects.count() == ContactAddress.objects.count() == 1
        assert ConsentEvent.objects.count() == ChannelConsent.objects.count() == 1
    # While that reply is on its way every delivery of the webhook gets it: one reply, whichever answer counts.
    said = {said for response in responses for said in replies_in(response)}
    assert len(said) == 1
    assert next(iter(said))[0] == reply.body
    assert not HeldEvent.objects.exists()


def test_eight_messages_at_once_of_a_new_number_make_one_thread(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    forms = [message_form(clinic, f"message {n}") for n in range(8)]
    responses = at_once([poster(clinic, form) for form in forms])
    assert [r.status_code for r in responses] == [200] * 8
    with in_clinic(clinic):
        assert ContactPoint.objects.count() == Patient.objects.count() == 1
        assert Conversation.objects.get().unread_count == 8
        assert {m.body for m in Message.objects.filter(direction="inbound")} == {f["Body"] for f in forms}
        assert ConsentEvent.objects.filter(action="granted").count() == 1
    assert not HeldEvent.objects.exists()


def test_two_channels_at_once_of_one_new_person_make_one_thread(committed: World) -> None:
    clinic = committed.clinics["beta"]
    forms = [
        message_form(clinic, f"{channel} {n}", channel=channel, sender=sender)
        for n in range(4)
        for channel, sender in (("whatsapp", "+5215512345678"), ("sms", "+525512345678"))
    ]
    responses = at_once([poster(clinic, form) for form in forms])
    assert [r.status_code for r in responses] == [200] * 8
    with in_clinic(clinic):
        assert ContactPoint.objects.count() == Conversation.objects.count() == 1
        assert Message.objects.filter(direction="inbound").count() == 8


def test_many_people_at_once_are_as_many_threads(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    forms = [message_form(clinic, "hello", sender=f"+164655502{n:02d}") for n in range(16)]
    responses = at_once([poster(clinic, form) for form in forms])
    assert [r.status_code for r in responses] == [200] * 16
    with in_clinic(clinic):
        assert Conversation.objects.count() == ContactPoint.objects.count() == 16
    assert not HeldEvent.objects.exists()


def test_clinics_that_get_messages_at_once_keep_them_apart(committed: World) -> None:
    clinics = list(committed.clinics.values())
    actions = [
        poster(c, message_form(c, f"for {c.slug}", sender=f"+164655503{n:02d}"))
        for n in range(8)
        for c in clinics
    ]
    assert [r.status_code for r in at_once(actions)] == [200] * len(actions)
    for clinic in clinics:
        with in_clinic(clinic):
            bodies = list(Message.objects.filter(direction="inbound").values_list("body", flat=True))
            assert bodies == [f"for {clinic.slug}"] * 8


def test_callbacks_at_once_end_at_the_highest(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    for _ in range(5):
        attempt = sent_message(clinic)
        sid = f"SM{attempt.pk.hex}"
        steps = [s for s in ("queued", "sent", "delivered", "read") for _ in range(4)]
        responses = at_once([partial(call_back, clinic, attempt, step, sid=sid) for step in steps])
        assert [r.status_code for r in responses] == [200] * 16
        with in_clinic(clinic):
            attempt.refresh_from_db()
            assert (attempt.state, attempt.rank, attempt.provider_id) == ("read", RANK["read"], sid)
            assert Message.objects.get(pk=attempt.message_id).status == "read"
            assert StatusEvent.objects.filter(attempt=attempt).count() == 16


def test_a_redelivery_is_answered_again_only_while_the_reply_is_on_its_way(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    form = message_form(clinic, "I need an appointment")
    first = post(form, token=token_of(clinic))
    assert replies_in(post(form, token=token_of(clinic))) == replies_in(first) != []
    with in_clinic(clinic):
        attempt = Attempt.objects.get()
    call_back(clinic, attempt, "sent")
    assert replies_in(post(form, token=token_of(clinic))) == []
    again = write(clinic, form["Body"], MessageSid=form["MessageSid"])
    assert replies_in(again) == []


def test_after_a_deadlock_the_message_is_stored_once_more_from_the_top(
    committed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = committed.clinics["alpha"]
    tries: list[int] = []
    answer = inbound.dialogue.answer

    def deadlocked_first(stored: Any, *, now: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError from psycopg.errors.DeadlockDetected()
        return answer(stored, now=now)

    monkeypatch.setattr(inbound.dialogue, "answer", deadlocked_first)
    assert len(replies_in(write(clinic, "I need an appointment"))) == 1
    assert len(tries) == 2
    assert not HeldEvent.objects.exists()
    with in_clinic(clinic):
        assert Conversation.objects.get().unread_count == 1
