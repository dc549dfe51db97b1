"""What is put into the outbox, and what is refused before it gets there."""

from datetime import timedelta

import pytest

from clinics.models import Clinic, User
from clinics.senders import retire_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import outbox
from messaging.models import Attempt, ChannelConsent, Conversation, Message, MessagingSettings
from tests.messaging.outbound import inbound, queued, sender_of, thread

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inside(clinic: Clinic):
    with in_clinic(clinic):
        yield


def test_a_text_waits_queued_and_is_shown_last(clinic: Clinic) -> None:
    conversation = thread(clinic)
    message = queued(conversation)
    message.refresh_from_db()
    assert (message.status, message.direction, message.channel) == ("queued", "outbound", "whatsapp")
    assert message.next_attempt_at == message.created_at
    assert message.verdict["allowed"] is True
    conversation.refresh_from_db()
    assert conversation.last_message_id == message.pk
    assert (conversation.last_body, conversation.last_status) == (message.body, "queued")
    assert conversation.version == 2


def test_a_text_that_may_not_go_is_stored_with_its_reason(clinic: Clinic) -> None:
    conversation = thread(clinic, last_inbound=timedelta(hours=24))
    ChannelConsent.objects.create(
        contact_point=conversation.contact_point, channel="sms", care=False
    )  # or it would go by SMS
    message = queued(conversation)
    assert (message.status, message.reason, message.next_attempt_at) == ("blocked", "window_closed", None)
    conversation.refresh_from_db()
    assert (conversation.failed_count, conversation.work_state) == (1, "needs_reply")


def test_the_same_event_is_queued_once(clinic: Clinic) -> None:
    conversation = thread(clinic)
    first = queued(conversation, dedupe_key="event:1:patient")
    second = queued(conversation, "other words", dedupe_key="event:1:patient")
    assert second.pk == first.pk
    assert Message.objects.filter(direction="outbound").count() == 1


def test_an_answer_leaves_from_the_number_that_was_written_to(clinic: Clinic) -> None:
    conversation = thread(clinic)
    conversation.last_channel = "sms"
    message = queued(conversation, answers=Message.objects.get(direction="inbound"))
    assert (message.channel, message.sender_id) == ("whatsapp", sender_of(clinic).pk)


def test_without_a_number_nothing_is_sent(clinic: Clinic) -> None:
    conversation = thread(clinic)
    for channel in ("whatsapp", "sms"):
        retire_sender(sender_of(clinic, channel), now=clock.now())
    message = queued(conversation)
    assert (message.status, message.reason, message.sender_id) == ("blocked", "no_sender", None)


def test_surrogates_and_nul_are_stored_as_a_replacement(clinic: Clinic) -> None:
    assert queued(thread(clinic), "a\x00b\ud83d").body == "a�b�"


class TestInline:
    def test_it_is_born_sending_with_one_attempt(self, clinic: Clinic) -> None:
        conversation = thread(clinic)
        answers = Message.objects.get(direction="inbound")
        message = outbox.queue_inline(
            conversation, body="1) 9:00", purpose="answer", author="bot", now=clock.now(), answers=answers
        )
        attempt = Attempt.objects.get()
        assert (message.status, attempt.kind, attempt.n) == ("sending", "inline", 1)
        assert message.inline_attempt_id == attempt.pk
        assert message.answers_id == answers.pk

    def test_what_may_not_go_has_no_attempt(self, clinic: Clinic) -> None:
        conversation = thread(clinic, care=False)
        message = outbox.queue_inline(
            conversation,
            body="1) 9:00",
            purpose="answer",
            author="bot",
            now=clock.now(),
            answers=Message.objects.get(direction="inbound"),
        )
        assert (message.status, message.reason) == ("blocked", "no_consent")
        assert not Attempt.objects.exists()

    def test_it_can_be_switched_off(self, settings) -> None:
        assert outbox.answers_inline("twilio")
        assert not outbox.answers_inline("local")
        settings.MEDSYNC_INLINE_REPLIES = False
        assert not outbox.answers_inline("twilio")


class TestAMembersReply:
    def reply(self, conversation: Conversation, user: User, body: str = "Buenas tardes", **more) -> Message:
        return outbox.send_reply(conversation, body=body, user=user, now=more.pop("now", clock.now()), **more)

    def test_it_takes_the_thread_and_pauses_the_bot(
        self, clinic: Clinic, receptionist: User, owner: User
    ) -> None:
        conversation = thread(clinic)
        Conversation.objects.update(work_state="needs_reply", unread_count=2, waiting_since=clock.now())
        MessagingSettings.objects.update_or_create(pk=1, defaults={"bot_pause_minutes": 45})
        now = clock.now()
        message = self.reply(conversation, receptionist, now=now)
        conversation.refresh_from_db()
        assert (message.status, message.author, message.user_id) == ("queued", "staff", receptionist.pk)
        assert (conversation.work_state, conversation.waiting_since, conversation.unread_count) == (
            "waiting_patient",
            None,
            0,
        )
        assert conversation.bot_paused_until == now + timedelta(minutes=45)
        assert conversation.assignee_id == receptionist.pk
        self.reply(conversation, owner)
        conversation.refresh_from_db()
        assert conversation.assignee_id == receptionist.pk

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"last_inbound": timedelta(hours=24)}, "window_closed"),
            ({"care": None}, "no_consent"),
        ],
    )
    def test_what_may_not_go_is_refused_and_not_stored(
        self, clinic: Clinic, owner: User, change: dict, code: str
    ) -> None:
        conversation = thread(clinic, **change)
        with pytest.raises(outbox.GateRefused) as refused:
            self.reply(conversation, owner)
        assert refused.value.code == code
        assert refused.value.detail
        assert refused.value.remedy
        assert not Message.objects.filter(direction="outbound").exists()

    def test_after_an_opt_out_it_is_refused(self, clinic: Clinic, owner: User) -> None:
        conversation = thread(clinic)
        ChannelConsent.objects.update(opted_out_at=clock.now())
        with pytest.raises(outbox.GateRefused, match="opted_out"):
            self.reply(conversation, owner)

    @pytest.mark.parametrize(("body", "code"), [("", "empty"), (" \n ", "empty"), ("x" * 1601, "too_long")])
    def test_its_length_is_looked_at(self, clinic: Clinic, owner: User, body: str, code: str) -> None:
        with pytest.raises(outbox.BodyRefused, match=code):
            self.reply(thread(clinic), owner, body)

    def test_1600_characters_go(self, clinic: Clinic, owner: User) -> None:
        assert self.reply(thread(clinic), owner, "ñ" * 1600).status == "queued"

    def test_the_same_request_again_is_the_same_message(self, clinic: Clinic, owner: User) -> None:
        conversation = thread(clinic)
        first = self.reply(conversation, owner, client_message_id="k1")
        ChannelConsent.objects.update(opted_out_at=clock.now())  # also when it could not be sent any more
        assert self.reply(conversation, owner, client_message_id="k1").pk == first.pk
        with pytest.raises(outbox.KeyReused):
            self.reply(conversation, owner, "other words", client_message_id="k1")

    def test_a_colleague_who_was_faster_is_told_of(
        self, clinic: Clinic, owner: User, receptionist: User
    ) -> None:
        conversation = thread(clinic)
        seen = Message.objects.get(direction="inbound")
        earlier = self.reply(conversation, receptionist)
        with pytest.raises(outbox.AnsweredMeanwhile) as refused:
            self.reply(conversation, owner, after_message_id=seen.pk)
        assert (refused.value.by, refused.value.at) == (receptionist, earlier.created_at)
        assert self.reply(conversation, owner, after_message_id=earlier.pk).status == "queued"
        assert self.reply(conversation, owner).status == "queued"

    def test_own_messages_notes_and_the_bot_are_no_colleague(
        self, clinic: Clinic, owner: User, receptionist: User
    ) -> None:
        conversation = thread(clinic)
        seen = inbound(conversation, sender_of(clinic), at=clock.now())
        self.reply(conversation, owner)
        outbox.add_note(conversation, body="llamar", user=receptionist, now=clock.now())
        queued(conversation)
        assert self.reply(conversation, owner, "otra", after_message_id=seen.pk).status == "queued"

    def test_a_note_answers_nobody(self, clinic: Clinic, owner: User) -> None:
        conversation = thread(clinic)
        Conversation.objects.update(work_state="needs_reply")
        note = outbox.add_note(conversation, body="llamar mañana", user=owner, now=clock.now())
        conversation.refresh_from_db()
        assert (note.status, note.channel, note.kind, note.next_attempt_at) == (
            "received",
            "note",
            "note",
            None,
        )
        assert (conversation.work_state, conversation.last_kind) == ("needs_reply", "note")
        assert conversation.last_channel == "whatsapp"
