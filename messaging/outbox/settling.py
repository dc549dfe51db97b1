"""What follows from the end of attempts: what was taken by one statement, each other in a transaction of its own.

Lock order as everywhere: attempt, message, Conversation. A status callback may have come before: it wins.
"""

import logging
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from clinics.models import ProviderAccount
from messaging import confirmations, consequences, gate, providers, raising, second_tries, statuses, threads
from messaging.models import RANK, Attempt, Message, MessageStatus
from messaging.outbox import breaker, pacing
from messaging.outbox.claiming import Job
from messaging.providers.base import DeliveryStatus, ErrorKind, Receipt, SendError, StatusUpdate
from messaging.providers.causes import Retry
from scheduling.locks import retrying

logger = logging.getLogger(__name__)

#: With delays that double up to LONGEST_DELAY this gives up after about an hour.
MAX_TRIES = 20
LONGEST_DELAY = 300.0
_OPEN = (MessageStatus.SENDING, MessageStatus.UNKNOWN)


def settle_all(
    ended: Sequence[tuple[Job, Receipt | SendError]], *, now: datetime, probing: bool = False
) -> list[UUID]:
    """Record how attempts ended, those that the provider took by one statement; return what is not known.

    Idempotent. `probing` when they were to show whether a stopped account works again.
    """
    for taken_together in _apart(ended):
        statuses.apply_all(taken_together, now=now)
    lost = [
        job.message.pk
        for job, outcome in ended
        if isinstance(outcome, SendError) and _settle_error(job, outcome, now)
    ]
    for account, outcomes in _by_account(ended):
        breaker.note(account, outcomes, now=now, probing=probing)
    return lost


def settle(job: Job, outcome: Receipt | SendError, *, now: datetime) -> bool:
    """Record how an attempt ended; tell whether its outcome is not known. Idempotent."""
    return bool(settle_all([(job, outcome)], now=now))


def _apart(ended: Sequence[tuple[Job, Receipt | SendError]]) -> list[list[raising.News]]:
    """Return what was taken, in groups of which no two are of one thread or have one provider's id."""
    groups: list[tuple[set[object], list[raising.News]]] = []
    for job, outcome in ended:
        if isinstance(outcome, SendError):
            continue
        keys = {job.message.conversation_id, outcome.provider_message_id}
        group = next((group for group in groups if not group[0] & keys), None)
        if group is None:
            group = (set(), [])
            groups.append(group)
        group[0].update(keys)
        update = update_of(job.message, outcome.provider_message_id, outcome.status)
        group[1].append(raising.News(update, job.attempt.account_id, job.attempt.pk))
    return [news for _, news in groups]


def _by_account(
    ended: Sequence[tuple[Job, Receipt | SendError]],
) -> Iterable[tuple[ProviderAccount, list[Receipt | SendError]]]:
    found: dict[UUID, tuple[ProviderAccount, list[Receipt | SendError]]] = {}
    for job, outcome in ended:
        if job.message.sender is not None:
            account = job.message.sender.account
            found.setdefault(account.pk, (account, []))[1].append(outcome)
    return [found[pk] for pk in sorted(found)]


def _settle_error(job: Job, outcome: SendError, now: datetime) -> bool:
    """Record an attempt that got no receipt; tell whether its outcome is not known."""
    message = job.message
    logger.info(
        "attempt %s of message %s ended: %s %s", job.attempt.pk, message.pk, outcome.kind, outcome.code
    )
    if outcome.kind is ErrorKind.UNKNOWN:
        return lose(message, job.attempt, code=outcome.code, now=now)
    if outcome.kind is ErrorKind.ACCOUNT:
        _again(message, job.attempt, outcome, after=0.0, now=now)
    elif outcome.kind is ErrorKind.RETRY and message.tries < MAX_TRIES:
        after = max(delay(message.tries, outcome.retry_after), _until_it_makes_sense(outcome.code, now))
        _again(message, job.attempt, outcome, after=after, now=now)
    else:
        reason = "gave_up" if outcome.kind is ErrorKind.RETRY else "refused"
        fail(
            message,
            job.attempt,
            reason=reason,
            code=outcome.code,
            kind=outcome.kind,
            http_status=outcome.http_status,
            now=now,
        )
    return False


def taken(
    message: Message, attempt: Attempt, *, provider_id: str, status: str, now: datetime, error_code: str = ""
) -> bool:
    """Record that the provider has the message; False when that id belongs to another attempt.

    Goes the way of a status callback, so that the order in which answer and callbacks come does not matter.
    """
    update = update_of(message, provider_id, status, error_code)
    return statuses.apply_here(update, account_id=attempt.account_id, attempt_id=attempt.pk, now=now)


def update_of(message: Message, provider_id: str, status: str, error_code: str = "") -> StatusUpdate:
    assert message.sender is not None
    return StatusUpdate(
        provider_message_id=provider_id,
        account_sid=message.sender.account.external_id,
        channel=message.channel,  # type: ignore[arg-type]
        status=_word(status),
        error_code=error_code,
        from_address=message.sender.phone_number,
        to_address=message.address,
    )


def _word(status: str) -> DeliveryStatus:
    return status if status in RANK else "queued"  # type: ignore[return-value]


def delay(tries: int, retry_after: float | None) -> float:
    """Return the seconds until the next try: doubling, with jitter, and never before the provider allows it."""
    doubled = min(2.0 ** max(tries - 1, 0), LONGEST_DELAY)
    jittered = doubled * random.uniform(0.75, 1.25)  # noqa: S311  spreads load, guards nothing
    return max(jittered, min(retry_after or 0.0, 3600.0))


def _until_it_makes_sense(code: str, now: datetime) -> float:
    """Return the seconds until a limit of a whole day is over, none for what passes sooner."""
    known = providers.known_error(code)
    if known is None or known.retry is not Retry.NEXT_DAY:
        return 0.0
    return (second_tries.wait(code, tried=1, now=now) or timedelta(0)).total_seconds()


@retrying
def lose(message: Message, attempt: Attempt, *, code: str, now: datetime) -> bool:
    """Record that it is not known what became of an attempt; it is looked up next. False: known by now."""
    with transaction.atomic():
        open_ = Attempt.objects.filter(pk=attempt.pk, settled_at=None, provider_id=None, unknown_since=None)
        if not open_.update(unknown_since=now, error_code=code, error_kind=ErrorKind.UNKNOWN):
            return False
        _move(message, MessageStatus.UNKNOWN, now, next_attempt_at=now, error_code=code)
    return True


@retrying
def _again(message: Message, attempt: Attempt, error: SendError, *, after: float, now: datetime) -> None:
    with transaction.atomic():
        if _end(attempt, code=error.code, kind=error.kind, now=now):
            # What an account's trouble costs is no try of the message.
            spent = 1 if error.kind is ErrorKind.ACCOUNT else 0
            _move(
                message,
                MessageStatus.QUEUED,
                now,
                next_attempt_at=now + timedelta(seconds=after),
                error_code=error.code,
                reason="account_refused" if spent else "",
                tries=Greatest(F("tries") - spent, 0),
            )
            if not spent:
                pacing.ring(timedelta(seconds=after), now=now)


@retrying
def requeue(message: Message, attempt: Attempt, *, now: datetime) -> bool:
    """Send again what surely did not arrive; False when a callback has come meanwhile, or it was tried enough."""
    if message.tries >= MAX_TRIES:
        fail(message, attempt, reason="gave_up", code="absent", kind=ErrorKind.UNKNOWN, now=now)
        return False
    with transaction.atomic():
        # Not `failed`: should a callback come after all, even a mere "sent", it is to be believed.
        closed = Attempt.objects.filter(pk=attempt.pk, settled_at=None, provider_id=None).update(
            error_code="absent", error_kind=ErrorKind.UNKNOWN, unknown_since=None, settled_at=now
        )
        if not closed:
            return False
        return _move(message, MessageStatus.QUEUED, now, next_attempt_at=now, error_code="")


@retrying
def fail(
    message: Message,
    attempt: Attempt,
    *,
    reason: str,
    code: str,
    kind: ErrorKind,
    http_status: int = 0,
    now: datetime,
) -> bool:
    """Record that a message will not arrive; its thread needs a reply. False when a callback knows better."""
    with transaction.atomic():
        if not _end(attempt, code=code, kind=kind, now=now):
            return False
        moved = _move(
            message, MessageStatus.FAILED, now, next_attempt_at=None, reason=reason, error_code=code
        )
        if moved and message.purpose == gate.NOTICE:
            confirmations.ended(message.pk, http_status=http_status)
    if moved:
        consequences.follow(message, code=code, now=now)
    return moved


def _end(attempt: Attempt, *, code: str, kind: ErrorKind, now: datetime) -> bool:
    """Close an attempt that did not reach the provider; False when it is closed already."""
    return bool(
        Attempt.objects.filter(pk=attempt.pk, settled_at=None, provider_id=None).update(
            state="failed",
            rank=RANK["failed"],
            error_code=code,
            error_kind=kind,
            unknown_since=None,
            settled_at=now,
        )
    )


def _move(message: Message, status: MessageStatus, now: datetime, **changes: object) -> bool:
    moved = Message.objects.filter(pk=message.pk, status__in=_OPEN).update(
        status=status, lease_until=None, updated_at=now, **changes
    )
    if moved:
        threads.status_moved(
            message.conversation_id, message.pk, before=MessageStatus.SENDING, after=status, now=now
        )
    return bool(moved)
