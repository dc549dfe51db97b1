"""Taking due messages out of the queue: after this commit each has an attempt, and only then is it sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from clinics.models import ProviderAccount
from messaging import gate, threads
from messaging.models import Attempt, AttemptKind, Direction, Message, MessageStatus
from messaging.outbox import later

#: Not known yet whether it will reach the patient: what is said next in the thread waits for it.
UNSETTLED = (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Job:
    """A message with the attempt that was stored for sending it; its sender and account are selected."""

    message: Message
    attempt: Attempt


@transaction.atomic
def claim(*, now: datetime, limit: int, probe_account: UUID | None = None) -> Sequence[Job]:
    """Mark up to `limit` due messages as `sending`, each with a new attempt; return them for sending.

    Several workers take different ones. Of each thread only the oldest unsettled message is taken, for order is
    kept; one that waits longer than OUTBOX_ORDER_WAIT goes nevertheless, unless its elder can go right now. The
    gate is asked again: what it refuses becomes `blocked`, what it holds waits. `probe_account` takes messages of
    that account alone, which the provider has refused, to see whether it takes them again.
    """
    going: list[Message] = []
    while not going:
        messages = list(
            _due(now, probe_account)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("sender__account", "conversation", "template")
            .order_by("next_attempt_at", "id")[:limit]
        )
        if not messages:
            return ()
        going = _passed(messages, now)
    numbers = dict(
        Attempt.objects.filter(message__in=[m.pk for m in going])
        .values_list("message_id")
        .annotate(Max("n"))
        .order_by()
    )
    lease = now + timedelta(seconds=settings.OUTBOX_LEASE)
    Message.objects.filter(pk__in=[m.pk for m in going]).update(
        status=MessageStatus.SENDING,
        reason="",
        error_code="",
        lease_until=lease,
        next_attempt_at=lease,
        tries=F("tries") + 1,
        updated_at=now,
    )
    attempts = Attempt.objects.bulk_create(
        Attempt(
            message=m,
            n=numbers.get(m.pk, 0) + 1,
            account_id=m.sender.account_id,  # type: ignore[union-attr]  # the gate lets nothing go without one
            kind=AttemptKind.REST,
            created_at=now,
        )
        for m in going
    )
    for message in going:
        message.status = MessageStatus.SENDING
    later.come_due([m for m in going if m.send_at and not m.tries], now=now)
    for message in going:
        message.tries += 1
    return [Job(message, attempt) for message, attempt in zip(going, attempts, strict=True)]


def _due(now: datetime, probe_account: UUID | None) -> QuerySet[Message]:
    elder = Message.objects.filter(
        Q(created_at__lt=OuterRef("created_at"))
        | Q(created_at=OuterRef("created_at"), id__lt=OuterRef("id")),
        conversation=OuterRef("conversation"),
        direction=Direction.OUTBOUND,
        status__in=UNSETTLED,
        next_attempt_at__isnull=False,
    )
    goes_first = elder.filter(
        status=MessageStatus.QUEUED, next_attempt_at__lte=now, account=OuterRef("account")
    )
    waited = now - timedelta(seconds=settings.OUTBOX_ORDER_WAIT)
    due = Message.objects.filter(
        ~Exists(elder) | (Q(created_at__lte=waited) & ~Exists(goes_first)),
        status=MessageStatus.QUEUED,
        next_attempt_at__lte=now,
    )
    if probe_account is not None:
        return due.filter(account=probe_account)
    return due.filter(account__state=ProviderAccount.State.ACTIVE)


def _passed(messages: Sequence[Message], now: datetime) -> list[Message]:
    """Return those that the gate still lets go now; store what it says of the others, and when the held may go."""
    verdicts = gate.judge_again(messages, now=now)
    going = []
    for message in messages:
        verdict = verdicts[message.pk]
        if not verdict.allowed:
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
    if message.send_at and not message.tries:
        message.status = MessageStatus.BLOCKED
        threads.touch(message.conversation_id, now=now, message=message)
    threads.status_moved(
        message.conversation_id, message.pk, before=before, after=MessageStatus.BLOCKED, now=now
    )
