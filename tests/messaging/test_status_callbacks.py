"""What providers say of our messages: late, twice, too early and in any order, the end is the same."""

import itertools
import random
from typing import Any

import pytest

from clinics.models import Clinic, Counter, HeldEvent, Sender
from clinics.queries import forget_routes
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import callbacks
from messaging.models import RANK, Attempt, ChannelConsent, ConsentEvent, Conversation, Message, StatusEvent
from messaging.raising import raised
from tests.messaging.hooks import BASE, number_of, post, token_of
from tests.messaging.sent import call_back, sent_message, status_form

pytestmark = pytest.mark.django_db

SID = "SM" + "d" * 32


def state_of(clinic: Clinic, attempt: Attempt) -> tuple[Any, ...]:
    with in_clinic(clinic):
        a = Attempt.objects.get(pk=attempt.pk)
        m = Message.objects.get(pk=attempt.message_id)
        c = Conversation.objects.get(pk=m.conversation_id)
        return (
            a.state,
            a.rank,
            a.error_code,
            a.provider_id,
            m.status,
            m.error_code,
            c.last_status,
            c.failed_count,
        )


@pytest.mark.parametrize("status", ["sent", "delivered", "read"])
def test_the_ticks_rise(clinic: Clinic, status: str) -> None:
    attempt = sent_message(clinic)
    assert call_back(clinic, attempt, status).status_code == 200
    assert state_of(clinic, attempt) == (status, RANK[status], "", SID, status, "", status, 0)


def test_every_callback_stays_in_the_ledger(clinic: Clinic) -> None:
    attempt = sent_message(clinic)
    for status in ("delivered", "sent", "sent", "queued"):
        call_back(clinic, attempt, status)
    with in_clinic(clinic):
        assert sorted(e.status for e in StatusEvent.objects.all()) == ["delivered", "queued", "sent", "sent"]


_STORIES = [
    [("queued", ""), ("sent", ""), ("delivered", ""), ("read", "")],
    [("queued", ""), ("sent", ""), ("failed", "63016")],
    [("sent", ""), ("undelivered", "30003"), ("failed", "63016")],
    [("sent", ""), ("undelivered", "30008"), ("delivered", "")],
    [("failed", "63016"), ("failed", "30008"), ("failed", "")],
]


@pytest.mark.parametrize("story", _STORIES)
def test_all_permutations_with_duplicates_end_in_the_same_state(clinic: Clinic, story: list) -> None:
    ends = set()
    chance = random.Random(7)
    for order in itertools.permutations(story):
        doubled = [step for step in order for _ in range(chance.choice((1, 2)))]
        doubled.insert(chance.randrange(len(doubled) + 1), chance.choice(story))
        attempt = sent_message(clinic)
        for status, error in doubled:
            assert (
                call_back(
                    clinic, attempt, status, error=error, sid=f"SM{len(ends):02d}{attempt.pk.hex[2:]}"
                ).status_code
                == 200
            )
        state, rank, code, _, *rest = state_of(clinic, attempt)
        ends.add((state, rank, code, *rest[:3]))
        with in_clinic(clinic):
            Attempt.objects.all().delete()
    assert len(ends) == 1


@pytest.mark.parametrize("story", _STORIES)
def test_the_statement_is_the_rule(clinic: Clinic, story: list) -> None:
    for order in itertools.permutations(story):
        attempt = sent_message(clinic)
        expected = ("sending", 1, "")
        for status, error in order:
            call_back(clinic, attempt, status, error=error)
            expected = raised(*expected, status=status, error_code=error)
            assert state_of(clinic, attempt)[:3] == expected
        with in_clinic(clinic):
            Attempt.objects.all().delete()


def test_a_callback_before_the_sends_own_answer_binds_the_id(clinic: Clinic) -> None:
    attempt = sent_message(clinic, provider_id=None)
    call_back(clinic, attempt, "delivered")
    assert state_of(clinic, attempt)[3:5] == (SID, "delivered")


def test_a_callback_ends_unknown(clinic: Clinic) -> None:

    attempt = sent_message(clinic, state="unknown", unknown_since=clock.now(), error_code="no_answer")
    call_back(clinic, attempt, "queued")
    assert state_of(clinic, attempt)[:5] == ("sent", 2, "", SID, "sent")
    with in_clinic(clinic):
        assert Attempt.objects.get().unknown_since is None
        assert Message.objects.get().next_attempt_at is None


def test_news_overrule_what_we_concluded_from_silence(clinic: Clinic) -> None:
    """Looked up twice and not found, it was queued again: a late callback proves that it must not go again."""
    attempt = sent_message(clinic, state="failed", rank=3, error_code="absent")
    with in_clinic(clinic):
        Message.objects.update(status="queued")
    call_back(clinic, attempt, "queued")
    assert state_of(clinic, attempt)[:5] == ("sent", 2, "", SID, "sent")
    with in_clinic(clinic):
        assert Message.objects.get().next_attempt_at is None


def test_without_our_reference_the_providers_id_counts(clinic: Clinic) -> None:
    attempt = sent_message(clinic, state="sent", rank=2, provider_id=SID)
    call_back(clinic, None, "delivered")
    assert state_of(clinic, attempt)[0] == "delivered"


def test_an_unknown_id_is_counted_and_changes_nothing(clinic: Clinic) -> None:
    sent_message(clinic, provider_id="SM1")
    assert call_back(clinic, None, "delivered").status_code == 200
    assert Counter.objects.get(name="status.unknown.twilio").count == 1
    with in_clinic(clinic):
        assert not StatusEvent.objects.exists()


def test_clinic_account_and_sender_must_agree(clinic: Clinic, other_clinic: Clinic, world: Any) -> None:
    attempt = sent_message(clinic)
    gamma = world.clinics["gamma"]
    for other in (other_clinic, gamma):  # their own signature, our attempt
        foreign = call_back(other, attempt, "read")
        assert foreign.status_code == 200
        wrong_clinic = call_back(clinic, _named(other, attempt), "read")
        assert wrong_clinic.status_code == 200
    call_back(clinic, attempt, "read", From="whatsapp:+12125559999")
    call_back(clinic, attempt, "read", From=number_of(clinic))  # the SMS sender of the same number
    assert state_of(clinic, attempt)[0] == "sending"
    assert Counter.objects.get(name="status.unknown.twilio").count >= 4


def _named(clinic: Clinic, attempt: Attempt) -> Attempt:
    """Return an attempt whose callback URL names another one of a clinic that has none of that id."""
    return Attempt(pk=clinic.pk, message_id=attempt.message_id)


def test_another_id_of_the_provider_does_not_take_over_an_attempt(clinic: Clinic) -> None:
    attempt = sent_message(clinic, state="sent", rank=2, provider_id=SID)
    call_back(clinic, attempt, "failed", sid="SM" + "e" * 32, error="30008")
    assert state_of(clinic, attempt)[:4] == ("sent", 2, "", SID)


def test_an_id_that_another_attempt_has_is_not_bound_twice(clinic: Clinic) -> None:
    sent_message(clinic, state="sent", rank=2, provider_id=SID)
    second = sent_message(clinic)
    assert call_back(clinic, second, "delivered", sid=SID).status_code == 200
    assert state_of(clinic, second)[:4] == ("sending", 1, "", None)


def test_a_number_that_was_taken_off_still_hears_of_what_it_sent(clinic: Clinic) -> None:
    attempt = sent_message(clinic)
    Sender.objects.filter(clinic=clinic, channel="whatsapp").update(status="disabled", rank=None)
    forget_routes()

    form = {
        "MessageSid": SID,
        "MessageStatus": "delivered",
        "AccountSid": attempt.account.external_id,
        "From": "whatsapp:" + clinic.phone,
        "To": "whatsapp:+16465550101",
    }
    path = callbacks.status_url("whatsapp", clinic.pk, attempt.pk).removeprefix(BASE).split("#")[0]
    assert post(form, token="token-of-alpha", path=path).status_code == 200
    assert state_of(clinic, attempt)[0] == "delivered"


def test_a_message_shows_its_newest_attempt(clinic: Clinic) -> None:
    first = sent_message(clinic)
    with in_clinic(clinic):
        second = Attempt.objects.create(
            message=first.message, n=2, account=first.account, kind="rest", created_at=first.created_at
        )
    call_back(clinic, second, "sent", sid="SM" + "e" * 32)
    call_back(clinic, first, "failed", error="30008")
    assert state_of(clinic, second)[4] == "sent"
    assert state_of(clinic, first)[:3] == ("failed", 3, "30008")


def test_a_failure_needs_a_person_and_a_late_delivery_does_not(clinic: Clinic) -> None:
    attempt = sent_message(clinic)
    call_back(clinic, attempt, "undelivered", error="30003")
    call_back(clinic, attempt, "undelivered", error="30003")
    with in_clinic(clinic):
        thread = Conversation.objects.get()
        assert (thread.failed_count, thread.work_state) == (1, "needs_reply")
    call_back(clinic, attempt, "delivered")
    assert state_of(clinic, attempt)[4:] == ("delivered", "", "delivered", 0)


def test_a_stop_that_only_the_provider_heard_is_recorded(clinic: Clinic) -> None:
    attempt = sent_message(clinic)
    for _ in range(2):
        call_back(clinic, attempt, "failed", error="21610")
    with in_clinic(clinic):
        assert ChannelConsent.objects.get().opted_out_at is not None
        assert ConsentEvent.objects.get().source == "provider"


def test_an_odd_status_is_kept(clinic: Clinic) -> None:
    attempt = sent_message(clinic)
    assert call_back(clinic, attempt, "teleported").status_code == 200
    assert HeldEvent.objects.get().reason == "malformed"


@pytest.mark.parametrize("ref", ["x", "1.2", "%00", "a" * 500])
def test_a_senseless_reference_is_no_reference(clinic: Clinic, ref: str) -> None:

    attempt = sent_message(clinic, provider_id=SID)
    path = f"/api/webhooks/whatsapp/status?a={ref}"
    assert (
        post(status_form(clinic, "delivered", sid=SID), token=token_of(clinic), path=path).status_code == 200
    )
    assert state_of(clinic, attempt)[0] == "delivered"
