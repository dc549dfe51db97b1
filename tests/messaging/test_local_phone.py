"""The built-in phones: what they write comes in by the same door, what they get is ticked like the real thing."""

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import Clinic, ProviderAccount, Sender
from clinics.queries import forget_routes
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import inbound, local_phone, providers, tasks
from messaging.models import Attempt, Message, MessageStatus
from messaging.providers.base import Outbound
from messaging.providers.local.lines import behaviour_of, set_behaviour
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
        set_behaviour("whatsapp", PATIENT, Behaviour(deliver_after=20))
    (bell,) = play(demo, attempt, -1, monkeypatch)
    assert bell["countdown"] == 20


def test_a_broken_phone_shows_its_error(demo: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = attempt_of(demo)
    with in_clinic(demo):
        set_behaviour("whatsapp", PATIENT, Behaviour(error_code="30003"))
    play(demo, attempt, 0, monkeypatch)
    with in_clinic(demo):
        message = Message.objects.get(pk=attempt.message_id)
        assert (message.status, message.error_code) == ("undelivered", "30003")


def test_the_phones_of_two_clinics_behave_apart(demo: Clinic, other_clinic: Clinic) -> None:
    with in_clinic(demo):
        set_behaviour("whatsapp", PATIENT, Behaviour(error_code="30003"))
    with in_clinic(other_clinic):
        assert behaviour_of("whatsapp", PATIENT) == Behaviour()


def test_a_bell_for_an_attempt_that_is_gone_does_nothing(
    demo: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = attempt_of(demo)
    with in_clinic(demo):
        Message.objects.all().delete()
    assert play(demo, attempt, 0, monkeypatch) == []


# ── Bells that the broker lost ───────────────────────────────────────────────────────────────────────────────────
SENT = {"state": "sent", "rank": 2, "provider_id": "LM1"}


@pytest.fixture
def lost(demo: Clinic, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """Return what was sent to a phone a moment ago, and no bell ever rings."""
    monkeypatch.setattr(local_phone.play_local_delivery, "apply_async", lambda **given: None)
    return sent_to_phone(demo)


def sent_to_phone(clinic: Clinic, **fields: Any) -> Attempt:
    account = ProviderAccount.objects.get(provider="local", clinic=clinic)
    with in_clinic(clinic):
        Message.objects.update(next_attempt_at=None)
    attempt = sent_message(clinic, **{**SENT, "account": account, "settled_at": clock.now(), **fields})
    with in_clinic(clinic):
        Message.objects.update(next_attempt_at=None)
    return attempt


def swept(clinic: Clinic, attempt: Attempt, **later: float) -> str:
    """Sweep the clinic's phones some time after the send; return how the message stands."""
    now = clock.now() + timedelta(**later)
    with in_clinic(clinic):
        assert local_phone.is_due(now) == bool(local_phone.sweep(now=now))
        return Message.objects.get(pk=attempt.message_id).status


def test_a_lost_bell_is_made_up_for(demo: Clinic, lost: Attempt) -> None:
    assert [swept(demo, lost, seconds=s) for s in (5, 60, 70, 80)] == ["sent", "delivered", "read", "read"]


def test_a_slow_phone_is_given_its_time(demo: Clinic, lost: Attempt) -> None:
    with in_clinic(demo):
        set_behaviour("whatsapp", PATIENT, Behaviour(deliver_after=40))
    assert [swept(demo, lost, seconds=s) for s in (30, 50, 60)] == ["sent", "sent", "delivered"]


def test_a_phone_that_does_not_read_stays_delivered(demo: Clinic, lost: Attempt) -> None:
    with in_clinic(demo):
        set_behaviour("whatsapp", PATIENT, Behaviour(reads=False))
    assert [swept(demo, lost, seconds=s) for s in (60, 70)] == ["delivered", "delivered"]


def test_a_broken_phone_breaks_late_too(demo: Clinic, lost: Attempt) -> None:
    with in_clinic(demo):
        set_behaviour("whatsapp", PATIENT, Behaviour(error_code="30003"))
    assert [swept(demo, lost, seconds=s) for s in (60, 70)] == ["undelivered", "undelivered"]


def test_after_a_day_nobody_looks_any_more(demo: Clinic, lost: Attempt) -> None:
    assert swept(demo, lost, hours=25) == "sent"


def test_a_real_providers_message_is_never_played(clinic: Clinic) -> None:
    attempt = sent_message(clinic, **SENT, settled_at=clock.now())
    assert swept(clinic, attempt, minutes=5) == "sent"


def test_the_clock_looks_only_where_phones_are(
    demo: Clinic, other_clinic: Clinic, lost: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, str]] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, *, schema: rung.append((task, schema)))
    looked: list[Any] = []
    is_due = local_phone.is_due
    monkeypatch.setattr(local_phone, "is_due", lambda now: bool(looked.append(now) or is_due(now)))
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    tasks.sweep_outboxes()
    assert rung == [("messaging.sweep_phones", demo.schema_name)]
    assert len(looked) == 1
    tasks.sweep_phones.apply(headers={"schema": demo.schema_name})
    with in_clinic(demo):
        assert Message.objects.get(pk=lost.message_id).status == "delivered"
