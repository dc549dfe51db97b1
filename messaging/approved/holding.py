"""A member's reply that waits for the patient: an approved text knocks, and the words go when the patient writes.

Released once, by a guarded UPDATE, in the transaction of the patient's message; a clock looks for what that missed
(the patient wrote while it was being stored) and ends what has waited too long. While the window is closed it waits
on: only the patient opens one.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from clinics import clocks
from clinics.models import User
from medsync.lib import jobs
from messaging import gate, threads
from messaging.gate import codes
from messaging.models import (
    Author,
    Conversation,
    Direction,
    HeldOutcome,
    HeldReply,
    Message,
    MessageStatus,
    Window,
    WorkState,
)
from messaging.outbox.queueing import DELIVER
from messaging.outbox.replying import checked
from messaging.stored import Stored
from scheduling.locks import retrying

KEPT_FOR = timedelta(days=7)
#: So much later than what it stands below in the thread: its knock, then the patient's message.
BELOW = timedelta(milliseconds=1)
#: The first look of the clock: by then a message that came while the reply was being stored is there.
LOOK_AFTER = timedelta(seconds=60)


class HeldAlready(Exception):
    """A reply waits in this thread already."""

    code = "held_already"


class NotHeld(Exception):
    """It has gone, ended, or was taken back."""

    code = "not_held"


def hold(conversation: Conversation, *, body: str, knock: Message, user: User, now: datetime) -> HeldReply:
    """Store words that go when the patient writes to the knock's number; inside the knock's transaction.

    Raises HeldAlready.
    """
    message = Message(
        conversation=conversation,
        direction=Direction.OUTBOUND,
        channel=knock.channel,
        author=Author.STAFF,
        user=user,
        sender_id=knock.sender_id,
        account_id=knock.account_id,
        address=knock.address,
        body=body,
        status=MessageStatus.HELD,
        purpose=gate.STAFF,
        priority=gate.PRIORITY[gate.STAFF],
        written_at=now,
        created_at=now + BELOW,
    )
    held = HeldReply(
        conversation=conversation,
        message=message,
        knock=knock,
        expires_at=now + KEPT_FOR,
        created_at=now,
    )
    try:
        with transaction.atomic():
            Message.objects.bulk_create([message])
            HeldReply.objects.bulk_create([held])
    except IntegrityError as error:
        raise HeldAlready from error
    return held


def wake(*, now: datetime) -> None:
    """Have the clock look after a reply that was just stored."""
    clocks.wake(clocks.HELD_REPLIES, now + LOOK_AFTER)


def waiting_in(conversation_id: UUID) -> HeldReply | None:
    """Return the reply that waits in a thread; one statement."""
    return (
        HeldReply.objects.filter(conversation=conversation_id, outcome=HeldOutcome.WAITING)
        .select_related("message__user")
        .first()
    )


@retrying
@transaction.atomic
def drop(conversation_id: UUID, message_id: UUID, *, now: datetime) -> None:
    """Take a reply back that waits. Raises NotHeld."""
    held = _waiting(conversation_id, message_id)
    if held is None or not _end(held.pk, HeldOutcome.CANCELLED, now):
        raise NotHeld
    Message.objects.filter(pk=message_id, status=MessageStatus.HELD).update(
        status=MessageStatus.CANCELLED, updated_at=now
    )
    threads.touch(conversation_id, now=now)


@retrying
@transaction.atomic
def reword(conversation_id: UUID, message_id: UUID, *, body: str, user: User, now: datetime) -> None:
    """Change the words of a reply that waits; whoever changes them signs them. Raises NotHeld, BodyRefused."""
    body = checked(body)
    held = _waiting(conversation_id, message_id)
    changed = held and Message.objects.filter(pk=message_id, status=MessageStatus.HELD).update(
        body=body, user=user, updated_at=now
    )
    if not changed:
        raise NotHeld
    threads.touch(conversation_id, now=now)


def release(stored: Stored, *, now: datetime, refuse: str = "") -> list[Message]:
    """Let the reply of a thread go, in the transaction of the patient's message; return it, queued or refused.

    Only when it was written to the number that the reply leaves from. The gate is asked as the ledger stands by now:
    after a STOP it says no, and staff find the thread with the reason; `refuse` is a reason of the caller's (who
    wrote is somebody else). What reached us when its window was over already leaves the reply waiting. Changes
    `stored.conversation` in memory.
    """
    conversation = stored.conversation
    wrote_at = min(stored.message.occurred_at or stored.message.created_at, stored.message.created_at)
    held = (
        HeldReply.objects.filter(
            conversation=conversation, outcome=HeldOutcome.WAITING, message__sender=stored.message.sender_id
        )
        .select_related("message__user")
        .first()
    )
    if held is None:
        return []
    message = held.message
    verdict = gate.judge(
        gate.answering_facts(
            sender_id=stored.route.sender_id,
            account_id=stored.route.account_id,
            consent=stored.consent,
            last_inbound_at=wrote_at,
        ),
        channel=message.channel,
        purpose=message.purpose,
        body=message.body,
        now=now,
    )
    refusal = refuse or ("" if verdict.allowed else verdict.code)
    if refusal == codes.WINDOW_CLOSED or not _end(held.pk, HeldOutcome.RELEASED, now):
        return []
    _settle(held, verdict, refusal, now)
    if refusal:
        conversation.failed_count += 1
        conversation.work_state = WorkState.NEEDS_REPLY
        conversation.waiting_since = conversation.waiting_since or now
    elif stored.message.payload.get("button"):  # "Show me" asks for nothing more
        conversation.work_state = WorkState.WAITING
        conversation.waiting_since = stored.waiting_since_before
    return [message]


def sweep(*, now: datetime) -> None:
    """Release what the patient's message missed, and end what has waited too long. Idempotent."""
    for held in _overlooked(now):
        _release_late(held, now)
    for held in _expired(now):
        _expire(held, now)
    with clocks.visit(clocks.HELD_REPLIES, now=now) as visit:
        ends = HeldReply.objects.filter(outcome=HeldOutcome.WAITING).order_by("expires_at")
        visit.next_at = ends.values_list("expires_at", flat=True).first()
        if visit.next_at is None:
            visit.sleep()


def _overlooked(now: datetime) -> list[HeldReply]:
    """Return replies whose number was written to so lately that it may be written from freely."""
    wrote = Window.objects.filter(
        conversation=OuterRef("conversation"),
        sender=OuterRef("message__sender"),
        last_inbound_at__gt=now - gate.WINDOW,
    )
    rows = HeldReply.objects.filter(Exists(wrote), outcome=HeldOutcome.WAITING)
    return list(rows.select_related("message__sender__account", "conversation").order_by("id"))


def _expired(now: datetime) -> list[HeldReply]:
    rows = HeldReply.objects.filter(outcome=HeldOutcome.WAITING, expires_at__lte=now)
    return list(rows.select_related("message").order_by("id")[:500])


@retrying
@transaction.atomic
def _release_late(held: HeldReply, now: datetime) -> None:
    """Let one go that may, or say why not; where WhatsApp keeps the window closed it waits on."""
    message = held.message
    facts = gate.facts_for([message])[message.pk]
    verdict = gate.judge(facts, channel=message.channel, purpose=message.purpose, body=message.body, now=now)
    refusal = "" if verdict.allowed else verdict.code
    if refusal == codes.WINDOW_CLOSED or not _end(held.pk, HeldOutcome.RELEASED, now):
        return
    _settle(held, verdict, refusal, now)
    threads.touch(held.conversation_id, now=now, message=message, **(threads.failing(now) if refusal else {}))


@retrying
@transaction.atomic
def _expire(held: HeldReply, now: datetime) -> None:
    """The patient never came: the thread needs a person."""
    if not _end(held.pk, HeldOutcome.EXPIRED, now):
        return
    Message.objects.filter(pk=held.message_id, status=MessageStatus.HELD).update(
        status=MessageStatus.BLOCKED, reason=codes.HELD_EXPIRED, updated_at=now
    )
    threads.status_moved(
        held.conversation_id,
        held.message_id,
        before=MessageStatus.HELD,
        after=MessageStatus.BLOCKED,
        now=now,
    )


def _settle(held: HeldReply, verdict: gate.Verdict, refusal: str, now: datetime) -> None:
    """Put a released reply into the outbox, or keep why it may not go."""
    message = held.message
    message.verdict = verdict.as_json(now)
    message.updated_at = now
    message.created_at = now + BELOW  # it is said now, whenever it was written, and after what it answers
    message.reason = refusal
    if refusal:
        message.status, message.next_attempt_at = MessageStatus.BLOCKED, None
    else:
        message.status, message.next_attempt_at = MessageStatus.QUEUED, verdict.not_before or now
        jobs.enqueue_on_commit(DELIVER)
    message.save(update_fields=["status", "next_attempt_at", "reason", "verdict", "created_at", "updated_at"])


def _end(held_id: UUID, outcome: HeldOutcome, now: datetime) -> bool:
    """End the waiting, once; whoever comes second finds nothing."""
    return bool(
        HeldReply.objects.filter(pk=held_id, outcome=HeldOutcome.WAITING).update(
            outcome=outcome, ended_at=now
        )
    )


def _waiting(conversation_id: UUID, message_id: UUID) -> HeldReply | None:
    return HeldReply.objects.filter(
        conversation=conversation_id, message=message_id, outcome=HeldOutcome.WAITING
    ).first()
