"""A send's own answer is one more piece of news: wherever it comes among the callbacks, the end is the same.

The callbacks go by the function behind the webhook, the answer by the outbox's own, each with the rows that it
took when the send began.
"""

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from clinics.models import Clinic
from clinics.queries import sender_for
from clinics.tenancy import in_clinic
from medsync.lib import clock
from medsync.lib.ids import new_id
from messaging import callbacks, statuses
from messaging.models import Attempt, Conversation, Message, MessageStatus, StatusEvent
from messaging.outbox import settling
from messaging.outbox.claiming import Job
from messaging.providers.base import DeliveryStatus, ErrorKind, Receipt, SendError, StatusUpdate
from tests.messaging.hooks import PATIENT, number_of
from tests.messaging.sent import sent_message

pytestmark = pytest.mark.django_db

Step = Callable[["Send"], object]


class Send:
    """A message that a worker has just taken, and what may be heard of it from now on."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.sid = clinic, f"SM{new_id().hex}"
        self.attempt = sent_message(clinic)
        self.number = number_of(clinic)
        with in_clinic(clinic):
            Conversation.objects.update(failed_count=0, work_state="waiting_patient", waiting_since=None)
            message = Message.objects.select_related("sender__account", "conversation").get(
                pk=self.attempt.message_id
            )
        self.job = Job(message, self.attempt)

    def hears(self, status: DeliveryStatus, error_code: str = "") -> None:
        """Take in a callback."""
        update = StatusUpdate(
            provider_message_id=self.sid,
            account_sid="",
            channel="whatsapp",
            status=status,
            error_code=error_code,
            from_address=self.number,
            to_address=PATIENT,
            our_ref=callbacks.ref(self.clinic.pk, self.attempt.pk),
        )
        route = sender_for("whatsapp", self.number)
        assert statuses.apply_status(update, account_id=self.attempt.account_id, route=route, now=clock.now())

    def ends(self, outcome: Receipt | SendError) -> None:
        """Settle the call to the provider."""
        with in_clinic(self.clinic):
            settling.settle(self.job, outcome, now=clock.now())

    def is_found(self, status: str, error_code: str = "") -> None:
        """Conclude a look at the provider's list that began while nothing was known."""
        with in_clinic(self.clinic):
            settling.taken(
                self.job.message,
                self.attempt,
                provider_id=self.sid,
                status=status,
                error_code=error_code,
                now=clock.now(),
            )

    def is_absent(self) -> None:
        """Conclude the second look that did not find it."""
        with in_clinic(self.clinic):
            settling.requeue(self.job.message, self.attempt, now=clock.now())

    def state(self) -> tuple[Any, ...]:
        """Return all that is stored of it, but for ids and times."""
        with in_clinic(self.clinic):
            a = Attempt.objects.get(pk=self.attempt.pk)
            m = Message.objects.get(pk=a.message_id)
            c = Conversation.objects.get(pk=m.conversation_id)
            assert (a.provider_id, m.provider_message_id) == (self.sid, self.sid)
            return (
                (a.state, a.rank, a.error_code, a.error_kind, a.unknown_since, a.settled_at is not None),
                (m.status, m.error_code, m.reason, m.next_attempt_at, m.lease_until),
                (c.last_status, c.failed_count),
            )

    def heard(self) -> set[tuple[str, str]]:
        """Return the ledger, each different line once."""
        with in_clinic(self.clinic):
            return set(StatusEvent.objects.filter(attempt=self.attempt).values_list("status", "error_code"))


def callback(status: DeliveryStatus, error_code: str = "") -> Step:
    return lambda send: send.hears(status, error_code)


def receipt(status: str) -> Step:
    return lambda send: send.ends(Receipt(provider_message_id=send.sid, status=status))


def error(kind: ErrorKind, code: str = "timeout") -> Step:
    return lambda send: send.ends(SendError(code, kind))


def found(status: str, error_code: str = "") -> Step:
    return lambda send: send.is_found(status, error_code)


ABSENT: Step = Send.is_absent

_STORIES: list[list[Step]] = [
    [callback("queued"), callback("sent"), callback("delivered"), callback("read")],
    [callback("sent"), callback("failed", "63016")],
    [callback("sent"), callback("undelivered", "30003"), callback("failed", "63016")],
    [callback("failed", "63016"), callback("failed", "30008"), callback("failed")],
    [callback("undelivered"), callback("undelivered", "30008"), callback("failed", "63016")],
    [callback("sent"), callback("undelivered", "30008"), callback("delivered")],
]


def all_orders(clinic: Clinic, steps: Sequence[Step]) -> set[tuple[Any, ...]]:
    """Play every order of the steps with some of them twice, at once and later; return the ends they came to."""
    chance, ends = random.Random(len(steps)), set()
    for order in itertools.permutations(steps):
        played = [step for step in order for _ in range(chance.choice((1, 2)))]
        played.insert(chance.randrange(len(played) + 1), chance.choice(played))
        send = Send(clinic)
        for step in played:
            step(send)
        ends.add((send.state(), frozenset(send.heard())))
        with in_clinic(clinic):
            Message.objects.all().delete()
    return ends


@pytest.mark.parametrize("story", _STORIES)
def test_the_sends_own_answer_may_come_anywhere(clinic: Clinic, story: list[Step]) -> None:
    assert len(all_orders(clinic, [*story, receipt("queued")])) == 1


@pytest.mark.parametrize("answer", ["sent", "failed", "a word that we do not know"])
@pytest.mark.parametrize("story", _STORIES[:3])
def test_whatever_the_answer_says(clinic: Clinic, story: list[Step], answer: str) -> None:
    assert len(all_orders(clinic, [*story[-2:], receipt(answer)])) == 1


@pytest.mark.parametrize("kind", list(ErrorKind))
@pytest.mark.parametrize("code", ["timeout", "63016"])
@pytest.mark.parametrize("story", _STORIES[:3])
def test_an_answer_that_was_wrong_changes_nothing(
    clinic: Clinic, story: list[Step], kind: ErrorKind, code: str
) -> None:
    """Whatever we took the call's end for: a callback proves that the message was taken."""
    assert len(all_orders(clinic, [*story[-2:], error(kind, code)])) == 1


@pytest.mark.parametrize("story", _STORIES)
def test_a_lost_answer_its_look_up_and_the_callbacks_meet_in_any_order(
    clinic: Clinic, story: list[Step]
) -> None:
    steps = [*story[-2:], error(ErrorKind.UNKNOWN), found("sent")]
    assert len(all_orders(clinic, steps)) == 1


@pytest.mark.parametrize("story", _STORIES)
def test_an_absence_concluded_too_early_is_overruled_in_any_order(clinic: Clinic, story: list[Step]) -> None:
    assert len(all_orders(clinic, [*story[-2:], error(ErrorKind.UNKNOWN), ABSENT])) == 1


def test_what_the_list_says_counts_as_a_callback_does(clinic: Clinic) -> None:
    ends = all_orders(
        clinic, [error(ErrorKind.UNKNOWN), found("failed", "63016"), callback("failed", "30008")]
    )
    ((_, message, thread), _) = ends.pop()
    assert not ends
    assert (message[:2], thread) == (("failed", "30008"), ("failed", 1))


def test_news_of_what_the_gate_stopped_on_its_second_try_takes_it_off_the_failed_ones(clinic: Clinic) -> None:
    send = Send(clinic)
    send.ends(SendError("timeout", ErrorKind.RETRY))
    with in_clinic(clinic):
        Message.objects.update(status=MessageStatus.BLOCKED, reason="window_closed", next_attempt_at=None)
        Conversation.objects.update(failed_count=1, last_status="blocked")
    send.hears("delivered")
    assert send.state()[1:] == (("delivered", "", "", None, None), ("delivered", 0))
