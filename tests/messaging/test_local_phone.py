"""The built-in phones: what they write comes in by the same door, what they get is ticked like the real thing."""

from typing import Any

import pytest

from clinics.models import Clinic, ProviderAccount, Sender
from clinics.queries import forget_routes
from clinics.tenancy import in_clinic
from messaging import inbound, local_phone, providers
from messaging.models import Attempt, Message, MessageStatus
from messaging.providers.base import Outbound
from messaging.providers.local.provider import PLAY_TASK, signed_request
from messaging.providers.local.script import Behaviour
from tests.messaging.hooks import PATIENT, number_of
from tests.messaging.sent import sent_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(clinic: Clinic) -> Clinic:
    """Return a clinic whose numbers belong to the built-in phones."""
    account = ProviderAccount.objects.get(provider="local", clinic=clinic)
    Sender.objects.filter(clinic=clinic).update(account=account)
    forget_routes()
    return clinic


def say(clinic: Clinic, body: str, **more: str) -> Any:
    with in_clinic(clinic):
        return local_phone.write(
            channel="whatsapp", from_address=PATIENT, to_number=number_of(clinic), body=body, **more
        )


def attempt_of(clinic: Clinic) -> Attempt:
    attempt = sent_message(clinic)
    account = ProviderAccount.objects.get(provider="local", clinic=clinic)
    with in_clinic(clinic):
        Attempt.objects.update(account=account)
    return attempt


def play(
    clinic: Clinic, attempt: Attempt, step: int, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """Run one bell of the delivery; return the next bell, if it rings one."""
    rung: list[dict[str, Any]] = []
    monkeypatch.setattr(local_phone.play_local_delivery, "apply_async", lambda **given: rung.append(given))
    with in_clinic(clinic):
        local_phone.play_local_delivery.run(str(attempt.pk), "LM1", step)
    return rung


def test_what_a_phone_writes_comes_in(demo: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound.dialogue, "answer", lambda stored, *, now: [])
    assert say(demo, "hola, necesito una cita", name="Ana").status == 200
    with in_clinic(demo):
        message = Message.objects.get()
        assert (message.body, message.address, message.channel) == (
            "hola, necesito una cita",
            PATIENT,
            "whatsapp",
        )


def test_its_answers_go_by_the_outbox(demo: Clinic) -> None:
    say(demo, "I need an appointment")
    with in_clinic(demo):
        assert Message.objects.get(direction="outbound").status == MessageStatus.QUEUED


def test_a_phone_of_another_clinic_is_refused(demo: Clinic, other_clinic: Clinic) -> None:
    from medsync.lib import clock
    from messaging import intake

    foreign = ProviderAccount.objects.get(provider="local", clinic=other_clinic)
    fields = {
        "id": "LM1",
        "account": foreign.external_id,
        "channel": "whatsapp",
        "from": PATIENT,
        "to": number_of(demo),
        "body": "hola",
    }
    request = signed_request(fields, foreign.auth_token)
    assert intake.receive_message(providers.get("local"), request, now=clock.now()).status == 403


def test_a_send_rings_for_its_delivery(demo: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr("medsync.lib.jobs.enqueue", lambda task, **given: rung.append((task, given)))
    with in_clinic(demo):
        receipt = providers.get("local").send(
            Outbound(
                account_sid="x",
                secret="y",
                channel="whatsapp",
                from_number=number_of(demo),
                to_address=PATIENT,
                body="hola",
                status_callback_url="https://medsync.example/s",
                ref="clinic.attempt",
            )
        )
    ((task, given),) = rung
    assert task == PLAY_TASK
    assert given == {
        "schema": demo.schema_name,
        "attempt_id": "attempt",
        "provider_message_id": receipt.provider_message_id,
    }


def test_the_ticks_are_played_one_after_the_other(demo: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = attempt_of(demo)
    seen = []
    (bell,) = play(demo, attempt, -1, monkeypatch)
    while bell:
        rung = play(demo, attempt, bell["kwargs"]["step"], monkeypatch)
        with in_clinic(demo):
            seen.append(Message.objects.get(pk=attempt.message_id).status)
        bell = rung[0] if rung else None
    assert seen == ["delivered", "read"]


def test_a_slow_phone_rings_late(demo: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = attempt_of(demo)
    with in_clinic(demo):
        local_phone.set_behaviour("whatsapp", PATIENT, Behaviour(deliver_after=20))
    (bell,) = play(demo, attempt, -1, monkeypatch)
    assert bell["countdown"] == 20


def test_a_broken_phone_shows_its_error(demo: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = attempt_of(demo)
    with in_clinic(demo):
        local_phone.set_behaviour("whatsapp", PATIENT, Behaviour(error_code="30003"))
    play(demo, attempt, 0, monkeypatch)
    with in_clinic(demo):
        message = Message.objects.get(pk=attempt.message_id)
        assert (message.status, message.error_code) == ("undelivered", "30003")


def test_the_phones_of_two_clinics_behave_apart(demo: Clinic, other_clinic: Clinic) -> None:
    with in_clinic(demo):
        local_phone.set_behaviour("whatsapp", PATIENT, Behaviour(error_code="30003"))
    with in_clinic(other_clinic):
        assert local_phone.behaviour_of("whatsapp", PATIENT) == Behaviour()


def test_a_bell_for_an_attempt_that_is_gone_does_nothing(
    demo: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = attempt_of(demo)
    with in_clinic(demo):
        Message.objects.all().delete()
    assert play(demo, attempt, 0, monkeypatch) == []
