"""What the clock finds: leases that ran out, outcomes to look up, rows whose bell was lost.

The clock is woken by the rows: whatever sets a message's `next_attempt_at`, a trigger tells it before the commit.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db import transaction

from clinics import clocks
from clinics.models import ProviderAccount
from messaging.models import Attempt, Message, MessageStatus
from messaging.outbox import breaker, reconciling, settling
from messaging.outbox.claiming import UNSETTLED
from messaging.outbox.sending import work

logger = logging.getLogger(__name__)

#: Seconds between two tries of an account that the provider refuses.
PROBE_EVERY = 300


def is_due(now: datetime) -> bool:
    """Tell whether the entered clinic's outbox has anything to do; one look at a small index."""
    return Message.objects.filter(next_attempt_at__lte=now).exists()


def sweep(*, now: datetime) -> None:
    """Bring the entered clinic's outbox on, whatever was lost on the way; note when to look next.

    Idempotent; outside of a transaction.
    """
    if is_due(now):  # most often the bell was heard, and nothing is left
        _bring_on(now)
    with clocks.visit(clocks.OUTBOX, now=now) as visit:
        waiting = Message.objects.filter(next_attempt_at__isnull=False).order_by("next_attempt_at")
        next_at = waiting.values_list("next_attempt_at", flat=True).first()
        # What is held back has been due for long: it must not come before those that just fell due.
        visit.next_at = next_at and max(next_at, now)


def _bring_on(now: datetime) -> None:
    _end_leases(now)
    _tidy(now)
    while reconciling.look(now):
        pass
    for account_id in _to_probe(now):
        work(now=now, limit=1, probe_account=account_id)
    work(now=now)


def _end_leases(now: datetime) -> None:
    """A worker that took a message and did not come back: it may have sent it."""
    expired = Message.objects.filter(
        status=MessageStatus.SENDING, lease_until__lte=now, next_attempt_at__lte=now
    ).order_by("id")
    for message in expired:
        attempt = Attempt.objects.filter(message=message).order_by("-n").first()
        if attempt is None:  # cannot be: both are committed together
            logger.error("message %s is sending without an attempt", message.pk)
            continue
        logger.warning("lease of message %s ran out: looking up what became of it", message.pk)
        settling.lose(message, attempt, code="lease", now=now)


@transaction.atomic
def _tidy(now: datetime) -> None:
    """Take what is settled off the index of what is due."""
    Message.objects.filter(next_attempt_at__lte=now).exclude(status__in=UNSETTLED).update(
        next_attempt_at=None
    )


def _to_probe(now: datetime) -> list[UUID]:
    """Return the stopped accounts that hold something back here and may be asked now, each for one message."""
    stopped = dict(
        Message.objects.filter(status=MessageStatus.QUEUED, next_attempt_at__lte=now, account__isnull=False)
        .exclude(breaker.open_accounts("account__"))
        .order_by()
        .values_list("account_id", "account__state")
        .distinct()
    )
    refused = [
        account_id
        for account_id, state in stopped.items()
        # The cache only spaces the tries out; were it lost, there would be one try more.
        if state == ProviderAccount.State.REFUSED and cache.add(f"outbox-probe:{account_id}", 1, PROBE_EVERY)
    ]
    return refused + breaker.due_probes([pk for pk in stopped if pk is not None], now=now)
