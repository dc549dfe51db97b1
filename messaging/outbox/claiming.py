"""Taking due messages out of the queue: after this commit each has an attempt, and only then is it sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from clinics.models import Sender
from messaging import confirmations, gate, threads
from messaging.models import Attempt, AttemptKind, Conversation, Direction, Message, MessageStatus
from messaging.outbox import breaker, later, pacing, rerouting, stopping

#: Not known yet whether it will reach the patient: what is said next in the thread waits for it.
UNSETTLED = (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN)


# A thread's columns for the inbox: many, and nothing to the outbox.
_LIST_COLUMNS = [
    f"conversation__{field.name}"
    for field in Conversation._meta.concrete_fields
    if field.name not in ("id", "contact_point", "last_message_id")
]


@dataclass(frozen=True, slots=True)
class Job:
    """A message with the attempt that was stored for sending it; its sender and account are selected."""

    message: Message
    attempt: Attempt


@transaction.atomic
def claim(*, now: datetime, limit: int, probe_account: UUID | None = None) -> Sequence[Job]:
    """Mark up to `limit` due messages as `sending`, each with a new attempt; return them for sending.

    Several workers take different ones; of all that are due the smallest priority goes first, and no more than
    their senders' rates allow. Of each thread only the oldest unsettled message is taken, for order is kept; one
    that waits longer than OUTBOX_ORDER_WAIT goes nevertheless, unless its elder can go right now. The gate is asked
    again: what it refuses becomes `blocked`, what it holds waits. `probe_account` takes messages of that account
    alone, which has been stopped, to see whether the provider takes them again.
    """
    going: list[Message] = []
    while not going:
        messages = list(
            _due(now, probe_account)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("conversation", "template")
            .defer(*_LIST_COLUMNS)
            .order_by("priority", "next_attempt_at", "id")[:limit]
        )
        if not messages:
            return ()
        messages = stopping.free_to_send(messages)  # of the others the sweeper finds what may still go
        if not messages:
            return ()
        rooms = pacing.room_for(_with_senders(messages), now=now)
        going = _passed(pacing.in_turn(messages, rooms), now)
        for message in going:
            if message.sender_id in rooms:
                rooms[message.sender_id].take(1)
        pacing.keep(rooms)
    attempts = [
        Attempt(
            message=m,
            n=m.attempts_so_far + 1,  # type: ignore[attr-defined]
            account_id=m.sender.account_id,  # type: ignore[union-attr]  # the gate lets nothing go without one
            kind=AttemptKind.REST,
            created_at=now,
        )
        for m in going
    ]
    _mark(attempts, now)
    for message in going:
        message.status = MessageStatus.SENDING
    later.come_due([m for m in going if m.send_at and not m.tries], now=now)
    for message in going:
        message.tries += 1
    return [Job(message, attempt) for message, attempt in zip(going, attempts, strict=True)]


_MARK = """
WITH taken AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(messages)s::uuid[], %(ns)s::int[], %(accounts)s::uuid[])
        AS taken (id, message_id, n, account_id)
),
marked AS (
    UPDATE messaging_message SET
        status = 'sending', reason = '', error_code = '', lease_until = %(lease)s, next_attempt_at = %(lease)s,
        tries = tries + 1, updated_at = %(now)s
    WHERE id = ANY(%(messages)s::uuid[])
)
INSERT INTO messaging_attempt
    (id, message_id, n, account_id, kind, state, rank, error_code, error_kind, looks, created_at)
SELECT id, message_id, n, account_id, 'rest', 'sending', 1, '', '', 0, %(now)s FROM taken
"""


def _mark(attempts: Sequence[Attempt], now: datetime) -> None:
    """Store the attempts, and that their messages are on their way; the rows are locked. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK,
            {
                "ids": [a.pk for a in attempts],
                "messages": [a.message_id for a in attempts],
                "ns": [a.n for a in attempts],
                "accounts": [a.account_id for a in attempts],
                "lease": now + timedelta(seconds=settings.OUTBOX_LEASE),
                "now": now,
            },
        )


def _with_senders(messages: Sequence[Message]) -> list[Sender]:
    """Give each message its sender with its account; return them, each read once for the whole batch."""
    ids = {m.sender_id for m in messages if m.sender_id is not None}
    senders = Sender.objects.select_related("account").in_bulk(list(ids))
    for message in messages:
        if message.sender_id is not None:
            message.sender = senders[message.sender_id]
    return list(senders.values())


def _due(now: datetime, probe_account: UUID | None) -> QuerySet[Message]:
    elder = Message.objects.filter(
        Q(created_at__lt=OuterRef("created_at"))
        | Q(created_at=OuterRef("created_at"), id__lt=OuterRef("id")),
        # What the clock begins is no part of the talk: only its like waits for it.
        Q(priority__lt=gate.PRIORITY[gate.REMINDER]) | Q(priority__lte=OuterRef("priority")),
        conversation=OuterRef("conversation"),
        direction=Direction.OUTBOUND,
        status__in=UNSETTLED,
        next_attempt_at__isnull=False,
    )
    goes_first = elder.filter(
        status=MessageStatus.QUEUED,
        next_attempt_at__lte=now,
        account=OuterRef("account"),
        priority__lte=OuterRef("priority"),
    )
    waited = now - timedelta(seconds=settings.OUTBOX_ORDER_WAIT)
    due = Message.objects.filter(
        ~Exists(elder) | (Q(created_at__lte=waited) & ~Exists(goes_first)),
        ~pacing.full(now=now),
        status=MessageStatus.QUEUED,
        next_attempt_at__lte=now,
    ).annotate(attempts_so_far=_attempts_so_far())
    if probe_account is not None:
        return due.filter(account=probe_account)
    return due.filter(breaker.open_accounts("account__"))


def _attempts_so_far() -> Coalesce:
    newest = Attempt.objects.filter(message=OuterRef("pk")).order_by("-n").values("n")[:1]
    return Coalesce(Subquery(newest), 0)


def _passed(messages: Sequence[Message], now: datetime) -> list[Message]:
    """Return those that the gate still lets go now; store what it says of the others, and when the held may go."""
    verdicts = gate.judge_again(messages, now=now)
    going = []
    for message in messages:
        verdict = verdicts[message.pk]
        if not verdict.allowed:
            if verdict.code != gate.WINDOW_CLOSED or not rerouting.another_way(message, now=now):
                _block(message, verdict, now)
        elif verdict.not_before is not None and verdict.not_before > now:
            _postpone(message, verdict, now)
        else:
            going.append(message)
    return going


def _postpone(message: Message, verdict: gate.Verdict, now: datetime) -> None:
    Message.objects.filter(pk=message.pk).update(
        reason=verdict.code,
        verdict=verdict.as_json(now),
        next_attempt_at=verdict.not_before,
        updated_at=now,
    )
    threads.touch(message.conversation_id, now=now)


def _block(message: Message, verdict: gate.Verdict, now: datetime) -> None:
    before = message.status
    Message.objects.filter(pk=message.pk).update(
        status=MessageStatus.BLOCKED,
        reason=verdict.code,
        verdict=verdict.as_json(now),
        next_attempt_at=None,
        lease_until=None,
        updated_at=now,
    )
    if message.purpose == gate.NOTICE:
        confirmations.blocked(message.pk, reason=verdict.code)
    if message.send_at and not message.tries:
        message.status = MessageStatus.BLOCKED
        threads.touch(message.conversation_id, now=now, message=message)
    threads.status_moved(
        message.conversation_id, message.pk, before=before, after=MessageStatus.BLOCKED, now=now
    )
