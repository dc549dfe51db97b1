"""What became of a message whose answer was lost: ask the provider's own list, and only then send again.

A provider that makes one text of two sends with one key has no need of a list: see `resending`.

A callback with our reference ends the question at any time. Without one the list is asked at once and after
OUTBOX_LOOK_AGAIN; absent twice means that it never arrived. A list that does not answer proves nothing: after a
while staff get a task, and the looking goes on.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from clinics.queries import secrets_of
from messaging import providers, threads
from messaging.models import (
    Attempt,
    AttemptKind,
    Direction,
    Message,
    MessageStatus,
    Question,
    WorkState,
)
from messaging.outbox import calls, matching, resending, settling
from messaging.outbox.claiming import Job
from messaging.providers.base import ErrorKind, ListedMessage, Receipt, SendError
from scheduling.models import Task, TaskKind

logger = logging.getLogger(__name__)

Answer = Sequence[ListedMessage] | Receipt | SendError

#: An absence must be seen this often before a message is sent again.
LOOKS = 2
#: A list that has not answered for so many times OUTBOX_LOOK_AGAIN is staff's to know.
PATIENCE = 5
#: How far the provider's clock may be from ours.
SKEW = timedelta(seconds=60)
INLINE_BEFORE, INLINE_AFTER = timedelta(seconds=5), timedelta(seconds=60)


def look(now: datetime, *, only: Sequence[UUID] | None = None, limit: int = 50) -> int:
    """Look up the messages that are due for it, or those of `only`; return how many. Outside of a transaction."""
    jobs = _take(now, only, limit)
    asked = {calls.submit(_question(job, now)): job for job in jobs}
    for call in as_completed(asked):
        _conclude(asked[call], call.result(), now)
    return len(jobs)


@transaction.atomic
def _take(now: datetime, only: Sequence[UUID] | None, limit: int) -> list[Job]:
    """Take rows for a look; nobody else takes them before it is over."""
    inline = Q(status=MessageStatus.SENDING, lease_until=None)
    due = Message.objects.filter(inline | Q(status=MessageStatus.UNKNOWN), next_attempt_at__lte=now)
    if only is not None:
        due = due.filter(pk__in=only)
    messages = list(
        due.select_for_update(skip_locked=True, of=("self",))
        .select_related("sender__account", "conversation")
        .order_by("next_attempt_at", "id")[:limit]
    )
    Message.objects.filter(pk__in=[m.pk for m in messages]).update(next_attempt_at=now + _pause())
    newest: dict[UUID, Attempt] = {}
    for attempt in Attempt.objects.filter(message__in=[m.pk for m in messages]).order_by("n"):
        newest[attempt.message_id] = attempt
    return [Job(m, newest[m.pk]) for m in messages if m.pk in newest]


def _pause() -> timedelta:
    return timedelta(seconds=max(settings.OUTBOX_LOOK_AGAIN, 0.1))  # zero would look at the same row for ever


def _frame(job: Job) -> tuple[datetime, datetime]:
    """Return since and until when the provider would have made the message of an attempt."""
    made = job.attempt.created_at
    if job.attempt.kind == AttemptKind.INLINE:
        return made - INLINE_BEFORE, made + INLINE_AFTER
    return made - SKEW, made + timedelta(seconds=settings.OUTBOX_LEASE) + SKEW


def _question(job: Job, now: datetime) -> Callable[[], Answer]:
    """Return what finds out: the provider's list, or the attempt itself under its key where that is one text."""
    return resending.call_for(job, now=now) if resending.is_possible(job) else partial(_ask, job)


def _ask(job: Job) -> Sequence[ListedMessage] | SendError:
    sender = job.message.sender
    assert sender is not None
    provider = sender.account.provider
    since, until = _frame(job)
    try:
        return providers.get(provider).list_recent(
            sender.account.external_id,
            next(iter(secrets_of(sender.account)), ""),
            from_number=sender.phone_number,
            to_address=job.message.address,
            channel=job.message.channel,  # type: ignore[arg-type]
            since=since,
            until=until,
        )
    except SendError as error:
        return error
    except providers.UnknownProvider:
        return SendError("provider_off", ErrorKind.PERMANENT)
    except Exception as error:  # a provider raises nothing else; that it did proves nothing about the message
        logger.error("provider %s broke its contract: %s", provider, type(error).__name__)
        return SendError("crash", ErrorKind.UNKNOWN)


def _conclude(job: Job, answer: Answer, now: datetime) -> None:
    if isinstance(answer, Receipt):
        _found_by_key(job, answer, now)
        return
    if resending.is_possible(job):
        resending.over(job)
    if isinstance(answer, SendError) and answer.kind is ErrorKind.PERMANENT and resending.is_possible(job):
        # Under its key a message that was taken would have been answered as taken.
        settling.fail(job.message, job.attempt, reason="refused", code=answer.code, kind=answer.kind, now=now)
        return
    if isinstance(answer, SendError):
        logger.warning("list for attempt %s did not answer: %s", job.attempt.pk, answer.code)
        _wait_for_list(job, now)
        return
    since, until = _frame(job)
    found = matching.find(job, answer, since=since, until=until)
    if found.wait:
        _later(job, now + min(_pause(), timedelta(seconds=5)))
    elif found.line is not None:
        line = found.line
        taken = settling.taken(
            job.message,
            job.attempt,
            provider_id=line.provider_message_id,
            status=line.status or "sent",
            error_code=line.error_code,
            now=now,
        )
        if taken:
            Task.objects.filter(dedupe_key=_task_key(job), done_at=None).update(done_at=now)
        logger.info("attempt %s was found in the provider's list", job.attempt.pk)
    elif job.attempt.kind == AttemptKind.INLINE:
        _inline_absent(job, now)
    else:
        _absent(job, now)


def _found_by_key(job: Job, receipt: Receipt, now: datetime) -> None:
    message_id = receipt.provider_message_id
    if settling.taken(job.message, job.attempt, provider_id=message_id, status=receipt.status, now=now):
        Task.objects.filter(dedupe_key=_task_key(job), done_at=None).update(done_at=now)
    logger.info("attempt %s was handed over once more under its key", job.attempt.pk)


def _later(job: Job, at: datetime) -> None:
    Message.objects.filter(pk=job.message.pk, status=job.message.status).update(next_attempt_at=at)


def _absent(job: Job, now: datetime) -> None:
    looks = job.attempt.looks + 1
    if looks >= LOOKS:
        settling.requeue(job.message, job.attempt, now=now)
        logger.warning("attempt %s never arrived: message %s is sent again", job.attempt.pk, job.message.pk)
        return
    Attempt.objects.filter(pk=job.attempt.pk).update(looks=F("looks") + 1)


def _inline_absent(job: Job, now: datetime) -> None:
    """Send an answer by the API when it still makes sense; else somebody must write."""
    message = job.message
    asks = Question.objects.filter(asked_by=message, closed_at=None, expires_at__gt=now).exists()
    newer = Message.objects.filter(
        Q(created_at__gt=message.created_at) | Q(created_at=message.created_at, id__gt=message.pk),
        conversation=message.conversation_id,
        direction=Direction.OUTBOUND,
        sender__isnull=False,
    ).exclude(status__in=[MessageStatus.BLOCKED, MessageStatus.FAILED, MessageStatus.CANCELLED])
    if asks and not newer.exists():
        settling.requeue(message, job.attempt, now=now)
    else:
        settling.fail(
            message, job.attempt, reason="not_taken", code="absent", kind=ErrorKind.UNKNOWN, now=now
        )


def _wait_for_list(job: Job, now: datetime) -> None:
    """Look again later, ever less often; after a while let staff know."""
    age = now - (job.attempt.unknown_since or job.attempt.created_at)
    _later(job, now + max(_pause(), min(age / 2, timedelta(hours=1))))
    overdue = PATIENCE * _pause()
    if job.attempt.kind == AttemptKind.INLINE:
        overdue += timedelta(seconds=settings.OUTBOX_INLINE_SETTLE)
    if age < overdue:
        return
    with transaction.atomic():
        task = Task(
            kind=TaskKind.CHECK_DELIVERY,
            contact_point_id=job.message.conversation.contact_point_id,
            appointment_id=job.message.appointment_id,
            dedupe_key=_task_key(job),
            due_at=now,
        )
        Task.objects.bulk_create([task], ignore_conflicts=True)
        if Task.objects.filter(pk=task.pk).exists():
            threads.touch(job.message.conversation_id, now=now, work_state=WorkState.NEEDS_REPLY)
            logger.error("message %s: the provider's list does not answer, staff must look", job.message.pk)


def _task_key(job: Job) -> str:
    return f"check_delivery:{job.message.pk}"
