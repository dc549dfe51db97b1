"""Which line of a provider's list is a message whose answer was lost.

The addresses, the direction and the time must fit, and the words: but how a provider lists an approved text, which
it renders itself, is its own affair. There it may be spaced otherwise, or have no words at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from messaging.models import Attempt, AttemptKind, Message, MessageStatus
from messaging.outbox.claiming import Job
from messaging.providers.base import ListedMessage


@dataclass(frozen=True, slots=True)
class Found:
    """What a list says of an attempt."""

    line: ListedMessage | None  # None: the list does not have it
    wait: bool = False  # a twin is on its way just now, so that the list cannot tell them apart


def find(job: Job, lines: Sequence[ListedMessage], *, since: datetime, until: datetime) -> Found:
    """Return the listed message that can only be this attempt's."""
    message, attempt = job.message, job.attempt
    direction = "reply" if attempt.kind == AttemptKind.INLINE else "api"
    fitting = [
        line
        for line in lines
        if line.direction == direction
        and line.to_address == message.address
        and _may_read(line, message)
        and since <= line.created_at <= until
    ]
    if not fitting:
        return Found(None)
    bound = set(
        Attempt.objects.filter(
            account_id=attempt.account_id, provider_id__in=[line.provider_message_id for line in fitting]
        ).values_list("provider_id", flat=True)
    )
    free = [line for line in fitting if line.provider_message_id not in bound]
    if free and message.template_id:
        free = _not_anothers(free, job)
    if not free:
        return Found(None)
    sending = _others(job).filter(message__status=MessageStatus.SENDING, unknown_since=None)
    if sending.filter(_twins(message)).exists():
        return Found(None, wait=True)
    # Words that can be read say more than none.
    return Found(min(free, key=lambda line: (not line.body.strip(), line.created_at)))


def _may_read(line: ListedMessage, message: Message) -> bool:
    if line.body == message.body:
        return True
    return bool(message.template_id) and _letters(line.body) in ("", _letters(message.body))


def _letters(text: str) -> str:
    return "".join(text.split())


def _twins(message: Message) -> Q:
    same = Q(message__body=message.body)
    return same | Q(message__template__isnull=False) if message.template_id else same


def _not_anothers(lines: list[ListedMessage], job: Job) -> list[ListedMessage]:
    """Return the lines without those that say nothing and stand nearer to another approved text's attempt."""
    others = _others(job).filter(message__template__isnull=False).exclude(message=job.message.pk)
    times = [*others.values_list("created_at", flat=True)]

    def is_ours(line: ListedMessage) -> bool:
        ours = abs(line.created_at - job.attempt.created_at)
        return bool(line.body.strip()) or all(ours <= abs(line.created_at - at) for at in times)

    return [line for line in lines if is_ours(line)]


def _others(job: Job) -> QuerySet[Attempt]:
    """Return the thread's other attempts that no provider's id is known of yet."""
    return Attempt.objects.filter(
        message__conversation=job.message.conversation_id,
        kind=job.attempt.kind,
        provider_id=None,
        settled_at=None,
    ).exclude(pk=job.attempt.pk)
