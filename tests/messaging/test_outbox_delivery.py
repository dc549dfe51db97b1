"""From the queue to the provider: each outcome of a send ends where it should, and nothing goes twice."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, ProviderAccount
from clinics.senders import retire_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import catalog, outbox, providers
from messaging.models import Attempt, ChannelConsent, Conversation, Message, Question
from messaging.outbox import settling
from messaging.providers.base import ErrorKind, SendError
from scheduling.models import Task
from tests.messaging.approving import approved
from tests.messaging.outbound import PATIENT, inbound, queued, sender_of, thread
from tests.standin.twilio import Script, TwilioStandIn, refuse
from tests.world import CLINICS, World

LATER = timedelta(seconds=61)
#: An approved text of the starter set, as the provider has it.
RENDERED = (
    "Your visit at {{1}} is confirmed for {{2}} at {{3}} with {{4}}. Write to us here if you have a question."
)


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioStandIn]:
    tokens = {sid: token for *_, sid, token in CLINICS if sid}
    tokens[settings.TWILIO_ACCOUNT_SID] = settings.TWILIO_AUTH_TOKEN
    settings.OUTBOX_HTTP_DEADLINE = 1.5
    with TwilioStandIn(tokens=tokens) as standin:
        settings.TWILIO_API_BASE_URL = standin.base_url
        yield standin


@pytest.fixture
def inside(committed: World) -> Iterator[Clinic]:
    with in_clinic(committed.clinics["alpha"]):
        yield committed.clinics["alpha"]


def work(after: timedelta = timedelta()) -> int:
    return outbox.work(now=clock.now() + after)


def sweep(after: timedelta = timedelta()) -> None:
    outbox.sweep(now=clock.now() + after)


def state(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.status, message.error_code


def test_a_message_goes_once_with_both_numbers_and_our_reference(
    inside: Clinic, twilio: TwilioStandIn
) -> None:
    message = queued(thread(inside))
    assert work() == 1
    assert work() == 0
    (accepted,) = twilio.accepted
    attempt = Attempt.objects.get()
    assert (accepted.from_, accepted.to) == (f"whatsapp:{inside.phone}", f"whatsapp:{PATIENT}")
    assert accepted.ref == f"{inside.pk}.{attempt.pk}"
    assert accepted.status_callback.startswith("https://medsync.example/api/webhooks/whatsapp/status?a=")
    assert accepted.status_callback.endswith("#rc=2&rp=5xx,ct,rt")
    message.refresh_from_db()
    assert (message.status, message.provider_message_id, message.next_attempt_at) == (
        "sent",
        accepted.sid,
        None,
    )
    assert (attempt.provider_id, attempt.state, attempt.kind) == (accepted.sid, "sent", "rest")
    conversation = Conversation.objects.get()
    assert (conversation.last_status, conversation.failed_count) == ("sent", 0)


def test_an_sms_goes_by_its_own_channel(inside: Clinic, twilio: TwilioStandIn) -> None:
    queued(thread(inside, channel="sms"))
    work()
    assert twilio.accepted[0].to == PATIENT
    assert "/api/webhooks/sms/status?" in twilio.accepted[0].status_callback


def test_too_many_at_once_is_tried_again_later_and_not_before(inside: Clinic, twilio: TwilioStandIn) -> None:
    message = queued(thread(inside))
    twilio.script(Script(kind="429", retry_after="40"), "429")
    work()
    assert state(message) == ("queued", "20429")
    assert message.next_attempt_at >= clock.now() + timedelta(seconds=38)
    assert work(timedelta(seconds=30)) == 0
    assert work(timedelta(seconds=45)) == 1
    assert state(message)[0] == "queued"
    assert work(timedelta(seconds=120)) == 1
    assert state(message) == ("sent", "")
    assert [a.n for a in Attempt.objects.order_by("n")] == [1, 2, 3]
    assert len(twilio.accepted) == 1


def test_nobody_listening_is_tried_again(inside: Clinic, settings: Any) -> None:
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:9"
    message = queued(thread(inside))
    work()
    assert state(message) == ("queued", "unreachable")


def test_it_is_given_up_after_many_tries(inside: Clinic, twilio: TwilioStandIn) -> None:
    message = queued(thread(inside))
    Message.objects.filter(pk=message.pk).update(tries=settling.MAX_TRIES - 1)
    twilio.script("429")
    work()
    assert state(message) == ("failed", "20429")
    assert message.reason == "gave_up"


def test_delays_double_with_jitter_and_honour_the_provider() -> None:
    for tries, doubled in ((1, 1), (2, 2), (5, 16), (30, 300)):
        assert 0.75 * doubled <= settling.delay(tries, None) <= 1.25 * doubled
    assert settling.delay(1, 90.0) == 90.0
    assert settling.delay(1, 1e9) == 3600.0


def test_what_the_provider_refuses_for_good_fails_and_needs_a_reply(
    inside: Clinic, twilio: TwilioStandIn
) -> None:
    message = queued(thread(inside))
    twilio.script(refuse(21211))
    work()
    sweep(LATER)
    assert state(message) == ("failed", "21211")
    assert message.next_attempt_at is None
    conversation = Conversation.objects.get()
    assert (conversation.last_status, conversation.failed_count) == ("failed", 1)
    assert conversation.work_state == "needs_reply"
    assert twilio.requests == 1


def test_a_stop_that_only_the_carrier_knew_is_recorded(inside: Clinic, twilio: TwilioStandIn) -> None:
    conversation = thread(inside, channel="sms")
    queued(conversation)
    twilio.script(refuse(21610))
    work()
    assert ChannelConsent.objects.get().opted_out_at is not None
    assert queued(conversation, "otra").reason == "opted_out"


class TestARefusedAccount:
    def test_its_messages_wait_and_others_are_not_touched(
        self, committed: World, twilio: TwilioStandIn
    ) -> None:
        alpha, gamma = committed.clinics["alpha"], committed.clinics["gamma"]
        with in_clinic(alpha):
            messages = [queued(thread(alpha, address=f"+1500555{n:04}")) for n in range(3)]
            twilio.tokens["AC" + "a" * 32] = "rotated"
            work()
            assert {state(m) for m in messages} <= {("queued", "20003"), ("queued", "")}
            account = ProviderAccount.objects.get(external_id="AC" + "a" * 32)
            assert account.state == "refused"
            tried = twilio.requests
            assert work() == 0
            assert twilio.requests == tried
            late = queued(Conversation.objects.first(), "Otra cosa")
            assert (late.status, late.verdict["code"]) == ("queued", "account_refused")
        with in_clinic(gamma):
            message = queued(thread(gamma))
            work()
            assert state(message) == ("sent", "")

    def test_one_message_asks_again_now_and_then(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        messages = [queued(thread(inside, address=f"+1500555{n:04}")) for n in range(3)]
        twilio.tokens["AC" + "a" * 32] = "rotated"
        work()
        tried = twilio.requests
        sweep()
        sweep()
        assert twilio.requests == tried + 1
        twilio.tokens["AC" + "a" * 32] = "token-of-alpha"
        from django.core.cache import cache

        cache.clear()
        sweep()
        assert {state(m) for m in messages} == {("sent", "")}
        assert ProviderAccount.objects.get(external_id="AC" + "a" * 32).state == "active"
        assert len(twilio.accepted) == 3
        assert {m.tries for m in messages} == {1}


class TestALostAnswer:
    @pytest.mark.parametrize("script", ["accept_then_500", "accept_then_reset", "garbage", "empty", "no_sid"])
    def test_what_was_accepted_is_found_in_the_list(
        self, inside: Clinic, twilio: TwilioStandIn, script: str
    ) -> None:
        message = queued(thread(inside))
        twilio.script(script)
        work()
        assert state(message) == ("sent", "")
        assert Attempt.objects.get().provider_id == twilio.accepted[0].sid
        sweep(LATER)
        assert len(twilio.accepted) == 1

    def test_an_answer_that_never_ends_is_found_too(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        message = queued(thread(inside))
        twilio.script(Script(kind="accept_then_hang", seconds=10))
        work()
        assert state(message)[0] == "sent"
        assert len(twilio.accepted) == 1

    @pytest.mark.parametrize("script", ["500", "reset"])
    def test_absent_twice_is_sent_again_as_a_new_attempt(
        self, inside: Clinic, twilio: TwilioStandIn, script: str
    ) -> None:
        message = queued(thread(inside))
        twilio.script(script)
        work()
        assert state(message)[0] == "unknown"
        assert Conversation.objects.get().last_status == "unknown"
        sweep(timedelta(seconds=30))
        assert (state(message)[0], twilio.accepted) == ("unknown", [])
        sweep(LATER)
        assert state(message) == ("sent", "")
        assert len(twilio.accepted) == 1
        assert list(Attempt.objects.order_by("n").values_list("n", "error_code")) == [(1, "absent"), (2, "")]

    def test_a_list_that_does_not_answer_is_told_to_staff(
        self, inside: Clinic, twilio: TwilioStandIn
    ) -> None:
        conversation = thread(inside)
        message = queued(conversation)
        twilio.script("accept_then_reset")
        twilio.list_fails = 500
        work()
        for minutes in range(1, 10):
            sweep(timedelta(minutes=minutes))
        assert state(message)[0] == "unknown"
        task = Task.objects.get()
        assert (task.kind, task.contact_point_id) == ("check_delivery", conversation.contact_point_id)
        conversation.refresh_from_db()
        assert conversation.work_state == "needs_reply"
        twilio.list_fails = None
        sweep(timedelta(hours=2))
        assert state(message)[0] == "sent"
        task.refresh_from_db()
        assert task.done_at is not None
        assert len(twilio.accepted) == 1

    def test_of_two_equal_texts_each_finds_its_own(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        conversation = thread(inside)
        first, second = (queued(conversation, "1", dedupe_key=key) for key in ("a", "b"))
        twilio.script("ok", "accept_then_reset")
        work()
        assert (state(first)[0], state(second)[0]) == ("sent", "sent")
        ids = {a.provider_id for a in Attempt.objects.all()}
        assert ids == {m.sid for m in twilio.accepted}
        assert len(ids) == 2

    def test_a_worker_that_died_leaves_a_lease_that_ends(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        from messaging.outbox.claiming import claim

        message = queued(thread(inside))
        assert len(claim(now=clock.now(), limit=10)) == 1  # committed, and then: killed
        assert work() == 0
        sweep()
        assert state(message)[0] == "sending"
        sweep(timedelta(seconds=31))
        assert state(message)[0] == "unknown"
        sweep(timedelta(seconds=31) + LATER)
        assert state(message)[0] == "sent"
        assert len(twilio.accepted) == 1


class TestALostAnswerToAnApprovedText:
    """How the provider lists what it renders itself is its own affair: a list without our words proves nothing."""

    def outside(self, clinic: Clinic) -> Conversation:
        approved("accepted", body=RENDERED)
        return thread(clinic, last_inbound=timedelta(days=3))

    def said(self, conversation: Conversation, date: str = "Tuesday") -> Message:
        values = {"clinic_name": "Alpha", "date": date, "time": "9:00 AM", "doctor_name": "Dr. Vidal"}
        message = queued(conversation, "Confirmed!", said=catalog.Said("accepted", "en", values))
        assert message.template_id is not None
        return message

    @pytest.mark.parametrize(
        "listed",
        [RENDERED, RENDERED.replace(" ", "  ") + "\n", RENDERED.replace(" {{", "{{"), ""],
        ids=["as we render it", "wider", "closer", "without words"],
    )
    def test_it_is_found_in_the_list(self, inside: Clinic, twilio: TwilioStandIn, listed: str) -> None:
        message = self.said(self.outside(inside))
        assert message.template is not None
        twilio.rendered[message.template.content_sid] = listed
        twilio.script("accept_then_reset")
        work()
        sweep(LATER)
        sweep(2 * LATER)
        assert state(message) == ("sent", "")
        assert Attempt.objects.get().provider_id == twilio.accepted[0].sid
        assert len(twilio.accepted) == 1

    def test_other_words_between_the_same_numbers_are_not_taken_for_it(
        self, inside: Clinic, twilio: TwilioStandIn
    ) -> None:
        message = self.said(self.outside(inside))
        twilio.accept(
            "AC" + "a" * 32,
            {"From": f"whatsapp:{inside.phone}", "To": f"whatsapp:{PATIENT}", "Body": "Something else"},
        )
        twilio.script("500")
        work()
        assert state(message)[0] == "unknown"

    def test_of_two_without_words_the_nearer_in_time_is_taken(
        self, inside: Clinic, twilio: TwilioStandIn
    ) -> None:
        conversation = self.outside(inside)
        first, second = self.said(conversation, "Tuesday"), self.said(conversation, "Wednesday")
        later = timedelta(seconds=20)
        twilio.list_fails = 500
        twilio.script("500", "accept_then_reset")
        work()
        work(later)
        assert (state(first)[0], state(second)[0], len(twilio.accepted)) == ("unknown", "unknown", 1)
        twilio.accepted[0].created_at += later  # so much the second was later
        twilio.list_fails = None
        sweep(LATER)
        assert state(first)[0] == "unknown"  # what the list has is the second's
        sweep(2 * LATER)
        assert (state(first)[0], state(second)[0]) == ("sent", "sent")
        days = [one.content_variables["2"] for one in twilio.accepted]
        assert days == ["Wednesday", "Tuesday"]


class TestOrder:
    def test_a_thread_is_told_in_order(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        conversation = thread(inside)
        for n in range(5):
            queued(conversation, str(n))
        assert work() == 5
        assert [m.body for m in twilio.accepted] == ["0", "1", "2", "3", "4"]

    def test_what_is_not_settled_holds_the_next_for_a_while_only(
        self, inside: Clinic, twilio: TwilioStandIn
    ) -> None:
        conversation = thread(inside)
        first, second = queued(conversation, "1"), queued(conversation, "2")
        twilio.script(Script(kind="429", retry_after="600"))
        work()
        assert (state(first)[0], state(second)[0], twilio.accepted) == ("queued", "queued", [])
        assert work(timedelta(seconds=9)) == 0
        assert work(timedelta(seconds=11)) == 1
        assert [m.body for m in twilio.accepted] == ["2"]

    def test_threads_do_not_wait_for_each_other(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        queued(thread(inside, address="+15005550011"), "1")
        queued(thread(inside, address="+15005550012"), "2")
        twilio.script(Script(kind="429", retry_after="600"))
        work()
        assert len(twilio.accepted) == 1


class TestTheGateIsAskedAgain:
    def test_an_opt_out_in_between_stops_it(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        message = queued(thread(inside))
        ChannelConsent.objects.update(opted_out_at=clock.now())
        work()
        assert (*state(message), message.reason) == ("blocked", "", "opted_out")
        assert message.verdict["allowed"] is False
        assert (Conversation.objects.get().last_status, twilio.requests) == ("blocked", 0)

    def test_a_number_taken_off_in_between_stops_it(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        message = queued(thread(inside))
        retire_sender(sender_of(inside), now=clock.now())
        work()
        state(message)
        assert (message.status, message.reason, twilio.requests) == ("blocked", "no_sender", 0)

    def test_those_that_are_stopped_do_not_hide_the_others(
        self, inside: Clinic, twilio: TwilioStandIn
    ) -> None:
        for n in range(3):
            queued(thread(inside, address=f"+1500555{n:04}"), str(n))
        ChannelConsent.objects.filter(contact_point__phone__in=["+15005550000", "+15005550001"]).update(
            opted_out_at=clock.now()
        )
        assert outbox.work(now=clock.now(), limit=1) == 1
        assert [m.body for m in twilio.accepted] == ["2"]

    def test_a_window_that_closed_in_between_stops_it(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        almost = thread(inside, last_inbound=timedelta(hours=23, minutes=58))
        message = queued(
            almost, purpose="staff", author="staff"
        )  # a member's words never change their channel
        assert message.status == "queued"
        work(timedelta(minutes=2))
        state(message)
        assert (message.status, message.reason) == ("blocked", "window_closed")


class TestInlineAnswers:
    def answer(self, clinic: Clinic, at: datetime, asks: bool = False) -> Message:
        conversation = thread(clinic, now=at)
        message = outbox.queue_inline(
            conversation,
            body="1) 9:00",
            purpose="answer",
            author="bot",
            now=at,
            answers=Message.objects.get(direction="inbound"),
        )
        if asks:
            Question.objects.create(
                conversation=conversation,
                kind="pick_slot",
                asked_by=message,
                asked_at=at,
                expires_at=at + timedelta(days=1),
            )
        return message

    def test_workers_never_send_them(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        message = self.answer(inside, clock.now())
        work()
        sweep(timedelta(seconds=299))
        assert (state(message)[0], twilio.requests) == ("sending", 0)

    def test_without_a_callback_one_look_finds_them(self, inside: Clinic, twilio: TwilioStandIn) -> None:
        message = self.answer(inside, clock.now())
        accepted = twilio.note_inline_reply(
            "AC" + "a" * 32, f"whatsapp:{inside.phone}", f"whatsapp:{PATIENT}", "1) 9:00", ""
        )
        sweep(timedelta(seconds=301))
        assert state(message)[0] == "sent"
        assert Attempt.objects.get().provider_id == accepted.sid
        assert len(twilio.accepted) == 1

    def test_one_that_asks_and_never_left_goes_by_the_api(
        self, inside: Clinic, twilio: TwilioStandIn
    ) -> None:
        message = self.answer(inside, clock.now(), asks=True)
        sweep(timedelta(seconds=301))
        assert state(message)[0] == "sent"
        assert [m.direction for m in twilio.accepted] == ["outbound-api"]
        assert [a.kind for a in Attempt.objects.order_by("n")] == ["inline", "rest"]

    def test_one_that_asks_nothing_any_more_fails_and_needs_a_reply(
        self, inside: Clinic, twilio: TwilioStandIn
    ) -> None:
        message = self.answer(inside, clock.now(), asks=True)
        Question.objects.update(closed_at=clock.now())
        sweep(timedelta(seconds=301))
        assert (state(message)[0], message.reason) == ("failed", "not_taken")
        assert Conversation.objects.get().work_state == "needs_reply"
        assert twilio.accepted == []

    def test_one_that_something_newer_followed_is_not_sent_again(
        self, inside: Clinic, twilio: TwilioStandIn
    ) -> None:
        message = self.answer(inside, clock.now(), asks=True)
        queued(message.conversation, "newer")
        sweep(timedelta(seconds=301))
        assert state(message)[0] == "failed"
        assert [m.body for m in twilio.accepted] == ["newer"]


def test_the_built_in_phone_takes_it_at_once(inside: Clinic, monkeypatch: Any) -> None:
    from clinics.models import Sender
    from clinics.senders import link_sender

    rung: list[tuple[str, str]] = []
    monkeypatch.setattr(
        "medsync.lib.jobs.enqueue", lambda task, *, schema, **ids: rung.append((task, schema))
    )
    conversation = thread(inside)
    local = link_sender(inside, phone_number="+12125550188", channel="sms", provider="local", now=clock.now())
    message = queued(conversation, sender=Sender.objects.select_related("account").get(pk=local.pk))
    work()
    assert state(message)[0] == "sent"
    assert ("messaging.play_local_delivery", inside.schema_name) in rung


def test_a_provider_that_is_switched_off_fails_for_good(inside: Clinic, settings: Any) -> None:
    message = queued(thread(inside))
    settings.MESSAGING_PROVIDERS = ["messaging.providers.local:provider"]
    work()
    assert state(message) == ("failed", "provider_off")


def test_a_provider_that_breaks_its_contract_counts_as_unknown(
    inside: Clinic, twilio: TwilioStandIn, monkeypatch: Any
) -> None:
    message = queued(thread(inside))

    def broken(self: object, outbound: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(providers.get("twilio")), "send", broken)
    work()
    assert state(message) == ("unknown", "crash")


def test_a_send_that_would_outlive_its_lease_does_not_begin(
    inside: Clinic, twilio: TwilioStandIn, settings: Any
) -> None:
    settings.OUTBOX_LEASE = settings.OUTBOX_HTTP_DEADLINE - 1
    message = queued(thread(inside))
    outbox.work(now=clock.now(), limit=1)
    assert (state(message), twilio.requests) == (("queued", "late"), 0)


def test_errors_of_sends_name_nobody() -> None:
    assert str(SendError("21211", ErrorKind.PERMANENT)) == "permanent:21211"


def test_a_batch_costs_few_statements(inside: Clinic, twilio: TwilioStandIn) -> None:
    def cost(n: int) -> int:
        for i in range(n):
            queued(thread(inside, address=f"+1500556{n:02}{i:02}"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert work() == n
        return len(captured)

    cost(1)
    few, many = cost(2), cost(12)
    assert few <= 17, "two claims, of which one finds nothing, and what ended settled by one statement or two"
    assert many <= few + 8, "none of it is for each message; some of the ten more may end a moment later"


def test_the_patients_words_are_nowhere_but_in_the_row(
    inside: Clinic, twilio: TwilioStandIn, caplog: Any
) -> None:
    caplog.set_level("DEBUG")
    conversation = thread(inside)
    inbound(conversation, sender_of(inside), at=clock.now(), body="me duele")
    for script in ("accept_then_reset", "reset", "429", "401"):
        twilio.script(script)
        queued(conversation, "Su biopsia")
        sweep(LATER)
    assert "biopsia" not in caplog.text
    assert PATIENT not in caplog.text
