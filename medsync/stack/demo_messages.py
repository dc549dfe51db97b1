"""The demo's messages: rows as the webhook, the outbox and the callbacks would have left them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from clinics.models import Channel, Clinic, Sender, User
from medsync.stack.demo_plan import BOT, NOTE, PATIENT, STAFF, SYSTEM, Talk
from messaging import catalog, datewords, gate
from messaging.language import nearest
from messaging.models import (
    RANK,
    Attempt,
    AttemptKind,
    Author,
    ChannelConsent,
    ConsentAction,
    ConsentEvent,
    ConsentSource,
    Conversation,
    Direction,
    Kind,
    Message,
    MessageStatus,
    Purpose,
    StatusEvent,
    Window,
    WorkState,
)
from messaging.providers.local.provider import new_message_id
from messaging.slotlists import numbered
from scheduling.models import Appointment, ContactPoint

_FREE_FOR = timedelta(hours=24)
_AUTHORS = {
    PATIENT: Author.PATIENT,
    BOT: Author.BOT,
    STAFF: Author.STAFF,
    SYSTEM: Author.SYSTEM,
    NOTE: Author.STAFF,
}
_PURPOSES = {BOT: "answer", STAFF: "staff", SYSTEM: "notice"}
# What the phone reported, and how many seconds after the message was written.
_COURSE = (("sent", 1), ("delivered", 3), ("read", 40))


def write_thread(
    clinic: Clinic,
    talk: Talk,
    *,
    point: ContactPoint,
    sender: Sender,
    staff: User,
    visit: Appointment | None,
    other_times: Iterator[datetime],
    now: datetime,
) -> Conversation:
    """Store one thread; the clinic is entered."""
    words = _Words(clinic, talk, visit, other_times)
    thread = Conversation.objects.create(contact_point=point)
    said: list[Message] = []
    last_inbound: datetime | None = None
    for number, line in enumerate(talk.lines):
        ago, who, text = line[:3]
        # Two lines of one minute keep their order.
        at = now - timedelta(minutes=ago) + timedelta(seconds=2 * number)
        message = _message(thread, talk, who, words.of(text), sender=sender, staff=staff, at=at)
        if who == PATIENT:
            last_inbound = at
        elif who != NOTE:
            outcome = line[3] if len(line) > 3 else _best(talk.channel)
            _settle(message, outcome, sender=sender, last_inbound=last_inbound, appointment=visit, text=text)
        said.append(message)
    _consent(point, talk, said[0])
    _summary(thread, talk, said, sender=sender, last_inbound=last_inbound)
    return thread


def _best(channel: str) -> str:
    return "read" if channel == Channel.WHATSAPP else "delivered"


class _Words:
    """The product's own words in the thread's language."""

    def __init__(
        self, clinic: Clinic, talk: Talk, visit: Appointment | None, other_times: Iterator[datetime]
    ) -> None:
        self.clinic, self.visit, self.other_times = clinic, visit, other_times
        self.language, self.channel = nearest(talk.language or clinic.language), talk.channel

    def of(self, text: str) -> str:
        """Return what a line says."""
        if text == "@offer":
            return self._offer()
        if text.startswith("@"):
            return self._text(text[1:])
        return text.replace("{visit}", self._when(self.visit.starts_at) if self.visit else "")

    def _offer(self) -> str:
        times = [next(self.other_times), next(self.other_times)]
        if self.visit:
            times = sorted([times[0], self.visit.starts_at])
        heads = [
            self._text("intro"),
            self._text("offer_first"),
        ]
        return "\n".join([*heads, numbered([self._when(at) for at in times]), self._text("offer_end")])

    def _text(self, key: str) -> str:
        return catalog.text(key, self.language, channel=self.channel, **self._values())

    def _values(self) -> dict[str, str]:
        values = {"clinic_name": self.clinic.name}
        if self.visit:
            at, zone = self.visit.starts_at, self.visit.zone
            values |= {
                "when": self._when(at),
                "date": datewords.day(at, zone=zone, language=self.language, country=self.clinic.country),
                "time": datewords.time(at, zone=zone, language=self.language, country=self.clinic.country),
                "doctor_name": self.visit.practitioner.name,
            }
        return values

    def _when(self, at: datetime) -> str:
        return datewords.when(at, zone=self.clinic.zone, language=self.language, country=self.clinic.country)


def _message(
    thread: Conversation, talk: Talk, who: str, body: str, *, sender: Sender, staff: User, at: datetime
) -> Message:
    inbound, note = who == PATIENT, who == NOTE
    return Message.objects.create(
        conversation=thread,
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
        channel="note" if note else talk.channel,
        kind=Kind.NOTE if note else Kind.TEXT,
        author=_AUTHORS[who],
        user=staff if who in (STAFF, NOTE) else None,
        sender=None if note else sender,
        account=None if note else sender.account,
        address="" if note else talk.number,
        body=body,
        language=talk.language,
        status=MessageStatus.RECEIVED if inbound or note else MessageStatus.SENT,
        purpose=_PURPOSES.get(who, ""),
        provider_message_id=None if note else new_message_id(),
        occurred_at=at if inbound else None,
        created_at=at,
    )


def _settle(
    message: Message,
    outcome: str,
    *,
    sender: Sender,
    last_inbound: datetime | None,
    appointment: Appointment | None,
    text: str,
) -> None:
    """Give an outbound message its verdict, its one attempt and what was reported of it."""
    status, _, code = outcome.partition(":")
    facts = gate.Facts(
        sender_id=sender.pk,
        sender_active=True,
        account_id=sender.account_id,
        care=True,
        last_inbound_at=last_inbound,
    )
    at = message.created_at
    verdict = gate.judge(facts, channel=message.channel, purpose=message.purpose, body=message.body, now=at)
    message.verdict = verdict.as_json(at)
    message.status, message.error_code = status, code
    message.reason = "not_delivered" if code else ""
    if text in ("@requested", "@accepted"):
        message.appointment = appointment
    message.tries = 1
    message.save()
    attempt = Attempt.objects.create(
        message=message,
        n=1,
        account_id=sender.account_id,
        provider_id=message.provider_message_id,
        kind=AttemptKind.REST,
        state=status,
        rank=RANK[status],
        error_code=code,
        created_at=at,
        settled_at=at + timedelta(seconds=1),
    )
    course = [("sent", 1), (status, 20)] if code else _COURSE[: 1 + [s for s, _ in _COURSE].index(status)]
    StatusEvent.objects.bulk_create(
        StatusEvent(
            attempt=attempt,
            status=s,
            error_code=code if s == status else "",
            at=at + timedelta(seconds=seconds),
        )
        for s, seconds in course
    )


def _consent(point: ContactPoint, talk: Talk, first: Message) -> None:
    """Whoever writes agrees to be answered; STOP takes it back."""
    ChannelConsent.objects.create(
        contact_point=point,
        channel=talk.channel,
        care=True,
        opted_out_at=first.created_at if talk.opted_out else None,
    )
    action, purpose, source = ConsentAction.GRANTED, Purpose.CARE, ConsentSource.WROTE_IN
    if talk.opted_out:
        action, purpose, source = ConsentAction.OPTED_OUT, Purpose.ALL, ConsentSource.KEYWORD
    ConsentEvent.objects.create(
        contact_point=point,
        channel=talk.channel,
        purpose=purpose,
        action=action,
        source=source,
        message=first,
        at=first.created_at,
    )


def _summary(
    thread: Conversation, talk: Talk, said: list[Message], *, sender: Sender, last_inbound: datetime | None
) -> None:
    """Keep on the thread what the list shows."""
    last = max(said, key=lambda message: message.created_at)
    window = None
    if last_inbound and talk.channel == Channel.WHATSAPP:
        Window.objects.create(conversation=thread, sender=sender, last_inbound_at=last_inbound)
        window = last_inbound + _FREE_FOR
    failed = sum(m.status in (MessageStatus.FAILED, MessageStatus.UNDELIVERED) for m in said)
    Conversation.objects.filter(pk=thread.pk).update(
        work_state=WorkState(talk.work),
        unread_count=talk.unread,
        waiting_since=_waiting_since(said) if talk.work == WorkState.NEEDS_REPLY else None,
        last_message_id=last.pk,
        last_message_at=last.created_at,
        last_body=last.body[:200],
        last_author=last.author,
        last_kind=last.kind,
        last_status=last.status,
        last_channel=talk.channel,
        last_sender=sender,
        window_closes_at=window,
        failed_count=failed,
        episode_started_at=said[0].created_at,
        introduced_at=said[0].created_at,
        created_at=said[0].created_at,
        updated_at=last.created_at,
    )


def _waiting_since(said: list[Message]) -> datetime:
    """Return when the patient's first message came that no member has answered."""
    waiting = None
    for message in said:
        if message.direction == Direction.INBOUND:
            waiting = waiting or message.created_at
        elif message.author == Author.STAFF and message.kind != Kind.NOTE:
            waiting = None
    return waiting or said[-1].created_at
