"""The 24-hour window: its edges, late webhooks, what WhatsApp itself says, and what goes when it is closed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, Sender, User
from clinics.queries import sender_for
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import catalog, gate, inbound, outbox
from messaging.gate import windows
from messaging.models import Approval, ChannelConsent, ContentTemplate, Conversation, Message, Window
from messaging.outbox.claiming import claim
from messaging.providers.base import InboundMessage
from tests.messaging.outbound import PATIENT, queued, sender_of, thread

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
SAID = catalog.Said("accepted", "en", {"doctor_name": "Dr. Vidal", "date": "Tuesday", "time": "9:00 AM"})


@pytest.fixture(autouse=True)
def _inside(clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        yield


def approved(clinic: Clinic, **changes: object) -> ContentTemplate:
    """Store an approved text for accepted visits."""
    values = {
        "account": sender_of(clinic).account,
        "content_sid": "HX" + "1" * 32,
        "name": "visit_accepted",
        "key": "accepted",
        "language": "en",
        "content_type": "twilio/text",
        "body": "Your visit on {{1}} at {{2}} with {{3}} is confirmed.",
        "variables": [
            {"n": str(n), "name": name} for n, name in enumerate(("date", "time", "doctor_name"), 1)
        ],
        "approval": Approval.APPROVED,
        "created_at": NOW,
    }
    return ContentTemplate.objects.create(**{**values, **changes})


def no_sms(conversation: Conversation) -> None:
    ChannelConsent.objects.update_or_create(
        contact_point=conversation.contact_point, channel="sms", defaults={"care": False}
    )


def comes(
    clinic: Clinic, sender: Sender, *, written: datetime | None, event_id: str = "T1", **fields: Any
) -> Conversation:
    """A message reaches us now; its provider says when it was written, or does not."""
    route = sender_for(sender.channel, sender.phone_number)
    assert route is not None
    event = InboundMessage(
        event_id=event_id,
        account_sid=sender.account.external_id,
        channel="whatsapp",
        from_address=PATIENT,
        from_phone=PATIENT,
        to_number=sender.phone_number,
        **{"body": "Gracias, hasta luego", "occurred_at": written, **fields},
    )
    with in_clinic(clinic):
        outcome = inbound.store(event, route, clock.now(), inline=False)
        return Conversation.objects.get(pk=outcome.conversation_id)


@pytest.mark.parametrize(
    ("age", "goes"),
    [
        (timedelta(hours=23, minutes=58, seconds=59), True),
        (timedelta(hours=23, minutes=59, seconds=1), False),
        (timedelta(hours=24, seconds=1), False),
    ],
    ids=["23:58:59", "23:59:01", "24:00:01"],
)
def test_a_members_words_go_until_a_minute_before_the_end(
    clinic: Clinic, owner: User, age: timedelta, goes: bool
) -> None:
    conversation = thread(clinic, last_inbound=age)
    if goes:
        assert outbox.send_reply(conversation, body="Sí", user=owner, now=NOW).status == "queued"
    else:
        with pytest.raises(outbox.GateRefused, match="window_closed"):
            outbox.send_reply(conversation, body="Sí", user=owner, now=NOW)
    assert not Message.objects.filter(channel="sms").exists()


class TestALateWebhook:
    def test_the_window_counts_from_when_the_provider_says_it_was_written(self, clinic: Clinic) -> None:
        written = NOW - timedelta(minutes=40)
        conversation = comes(clinic, sender_of(clinic), written=written)
        assert Window.objects.get().last_inbound_at == written
        assert conversation.window_closes_at == written + timedelta(hours=24)

    def test_without_word_of_the_provider_it_counts_from_when_it_came(self, clinic: Clinic) -> None:
        comes(clinic, sender_of(clinic), written=None)
        assert Window.objects.get().last_inbound_at == NOW

    def test_a_provider_whose_clock_is_ahead_gives_no_longer_window(self, clinic: Clinic) -> None:
        comes(clinic, sender_of(clinic), written=NOW + timedelta(minutes=5))
        assert Window.objects.get().last_inbound_at == NOW

    def test_one_that_comes_a_day_late_opens_nothing_and_is_not_answered_freely(self, clinic: Clinic) -> None:
        comes(clinic, sender_of(clinic), written=NOW - timedelta(hours=25))
        assert Window.objects.get().last_inbound_at == NOW - timedelta(hours=25)
        assert not Message.objects.filter(direction="outbound", status="queued").exists()

    def test_a_list_that_knows_the_time_later_corrects_it(self, clinic: Clinic) -> None:
        conversation = comes(clinic, sender_of(clinic), written=None)
        written = NOW - timedelta(minutes=40)
        message = Message.objects.get(direction="inbound")
        assert windows.wrote_at(message.pk, at=written, now=NOW)
        assert Window.objects.get().last_inbound_at == written
        conversation.refresh_from_db()
        assert conversation.window_closes_at == written + timedelta(hours=24)
        assert not windows.wrote_at(message.pk, at=written, now=NOW)

    def test_a_newer_message_keeps_the_window(self, clinic: Clinic) -> None:
        comes(clinic, sender_of(clinic), written=None)
        first = Message.objects.get(direction="inbound")
        with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
            comes(clinic, sender_of(clinic), written=None, event_id="T2")
        assert not windows.wrote_at(first.pk, at=NOW - timedelta(hours=2), now=NOW)
        assert Window.objects.get().last_inbound_at == NOW + timedelta(minutes=5)

    @pytest.mark.parametrize(
        "sign",
        [
            {"kind": "reaction", "body": "👍", "replied_to_id": "SMgone"},
            {"kind": "deletion", "body": "", "replied_to_id": "SMgone"},
            {"kind": "unsupported", "body": "VOICE_CALL_REQUEST"},
        ],
        ids=["reaction", "deletion", "notice"],
    )
    def test_what_opens_no_window_keeps_none_open(self, clinic: Clinic, sign: dict[str, str]) -> None:
        comes(clinic, sender_of(clinic), written=None)
        first = Message.objects.get(direction="inbound")
        with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
            comes(clinic, sender_of(clinic), written=None, event_id="T2", opens_window=False, **sign)
        written = NOW - timedelta(minutes=40)
        assert windows.wrote_at(first.pk, at=written, now=NOW + timedelta(minutes=6))
        assert Window.objects.get().last_inbound_at == written


class TestWhatWhatsappSays:
    def test_a_refused_message_closes_the_window_until_the_patient_writes(
        self, clinic: Clinic, owner: User
    ) -> None:
        conversation = thread(clinic)
        message = outbox.send_reply(conversation, body="Sí", user=owner, now=NOW)
        assert windows.close(message, now=NOW + timedelta(minutes=1))
        assert not windows.close(message, now=NOW + timedelta(minutes=1))
        with pytest.raises(outbox.GateRefused, match="window_closed"):
            outbox.send_reply(conversation, body="Otra", user=owner, now=NOW + timedelta(minutes=2))
        conversation.refresh_from_db()
        assert conversation.window_closes_at == NOW + timedelta(minutes=1)
        Window.objects.update(last_inbound_at=NOW + timedelta(minutes=3))
        later = NOW + timedelta(minutes=4)
        assert outbox.send_reply(conversation, body="Otra", user=owner, now=later).status == "queued"

    def test_what_the_patient_wrote_since_keeps_it_open(self, clinic: Clinic, owner: User) -> None:
        conversation = thread(clinic)
        message = outbox.send_reply(conversation, body="Sí", user=owner, now=NOW)
        Window.objects.update(last_inbound_at=NOW + timedelta(minutes=1))
        assert not windows.close(message, now=NOW + timedelta(minutes=2))


class TestASystemMessageOutside:
    def test_it_goes_as_the_approved_text_of_its_key(self, clinic: Clinic) -> None:
        conversation = thread(clinic, last_inbound=timedelta(days=3))
        template = approved(clinic)
        message = queued(conversation, "Confirmed!", said=SAID)
        assert (message.status, message.channel, message.kind) == ("queued", "whatsapp", "template")
        assert message.template_id == template.pk
        assert message.payload["variables"] == {"1": "Tuesday", "2": "9:00 AM", "3": "Dr. Vidal"}
        assert message.body == "Your visit on Tuesday at 9:00 AM with Dr. Vidal is confirmed."
        window = next(s for s in message.verdict["steps"] if s["step"] == "window")
        assert (window["ok"], window["evidence"]["template_name"]) == (True, "visit_accepted")

    def test_while_the_window_is_open_it_goes_in_its_own_words(self, clinic: Clinic) -> None:
        approved(clinic)
        message = queued(thread(clinic), "Confirmed!", said=SAID)
        assert (message.template_id, message.body) == (None, "Confirmed!")

    @pytest.mark.parametrize(
        "change",
        [{"approval": Approval.PENDING}, {"approval": Approval.PAUSED}, {"language": "zh"}, {"key": "moved"}],
        ids=["pending", "paused", "language", "key"],
    )
    def test_without_a_usable_text_it_goes_by_sms(self, clinic: Clinic, change: dict) -> None:
        approved(clinic, **change)
        message = queued(thread(clinic, last_inbound=timedelta(days=3)), "Confirmed!", said=SAID)
        assert (message.status, message.channel, message.body) == ("queued", "sms", "Confirmed!")
        channel = message.verdict["steps"][0]
        assert channel["step"] == "channel"
        assert channel["evidence"] == {
            "how": "elsewhere", "instead_of": "whatsapp", "because": "window_closed",
        }  # fmt: skip

    def test_a_text_with_a_value_missing_is_not_sent_with_a_hole(self, clinic: Clinic) -> None:
        approved(clinic)
        said = catalog.Said("accepted", "en", {"date": "Tuesday", "time": "9:00 AM"})
        message = queued(thread(clinic, last_inbound=timedelta(days=3)), "Confirmed!", said=said)
        assert (message.channel, message.template_id) == ("sms", None)

    def test_by_neither_it_is_blocked_and_says_so(self, clinic: Clinic) -> None:
        conversation = thread(clinic, last_inbound=timedelta(days=3))
        no_sms(conversation)
        message = queued(conversation, "Confirmed!", said=SAID)
        assert (message.status, message.reason, message.channel) == ("blocked", "window_closed", "whatsapp")

    def test_an_answer_stays_where_the_patient_wrote(self, clinic: Clinic) -> None:
        conversation = thread(clinic, last_inbound=timedelta(days=3))
        answers = Message.objects.get(direction="inbound")
        message = queued(conversation, purpose=gate.ANSWER, author="bot", answers=answers)
        assert (message.status, message.reason, message.channel) == ("blocked", "window_closed", "whatsapp")


class TestAWindowThatClosesWhileAMessageWaits:
    """Stored two minutes before the end, taken by a worker three minutes later."""

    late = NOW + timedelta(minutes=3)

    def waiting(self, clinic: Clinic, **values: object) -> Message:
        conversation = thread(clinic, last_inbound=timedelta(hours=23, minutes=58))
        message = queued(conversation, "Confirmed!", **values)
        assert (message.status, message.template_id) == ("queued", None)
        return message

    def taken(self) -> Message:
        jobs = claim(now=self.late, limit=10)
        return jobs[0].message if jobs else Message.objects.get(direction="outbound")

    def test_it_goes_as_its_approved_text(self, clinic: Clinic) -> None:
        template = approved(clinic)
        self.waiting(clinic, said=SAID)
        message = self.taken()
        assert (message.status, message.template_id) == ("sending", template.pk)
        assert message.body == "Your visit on Tuesday at 9:00 AM with Dr. Vidal is confirmed."

    def test_without_one_it_goes_by_sms(self, clinic: Clinic) -> None:
        self.waiting(clinic, said=SAID)
        message = self.taken()
        assert (message.status, message.channel, message.body) == ("sending", "sms", "Confirmed!")

    def test_a_members_words_are_not_replaced(self, clinic: Clinic) -> None:
        approved(clinic)
        self.waiting(clinic, purpose=gate.STAFF, author="staff", said=SAID)
        message = self.taken()
        assert (message.status, message.reason, message.channel) == ("blocked", "window_closed", "whatsapp")
