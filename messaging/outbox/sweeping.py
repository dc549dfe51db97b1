"""What the clock finds: leases that ran out, outcomes to look up, rows whose bell was lost."""

import logging
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db import transaction

from clinics.models import ProviderAccount
from messaging.models import Attempt, Message, MessageStatus
from messaging.outbox import reconciling, settling
from messaging.outbox.claiming import UNSETTLED
from messaging.outbox.sending import work

logger = logging.getLogger(__name__)

#: Seconds between two tries of an account that the provider refuses.
PROBE_EVERY = 300


def is_due(now: datetime) -> bool:
    """Tell whether the entered clinic's outbox has anything to do; one look at a small index."""
    return Message.objects.filter(next_attempt_at__lte=now).exists()


def sweep(*, now: datetime) -> None:
    """Bring the entered clinic's outbox on, whatever was lost on the way. Idempotent; outside of a transaction."""
    _end_leases(now)
    _tidy(now)
    while reconciling.look(now):
        pass
    for account_id in _refused_accounts(now):
        # The cache only spaces the tries out; were it lost, there would be one try more.
        if cache.add(f"outbox-probe:{account_id}", 1, PROBE_EVERY):
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


def _refused_accounts(now: datetime) -> list[UUID]:
    return [
        account_id
        for account_id in Message.objects.filter(
            status=MessageStatus.QUEUED,
            next_attempt_at__lte=now,
            account__state=ProviderAccount.State.REFUSED,
        )
        .order_by()
        .values_list("account_id", flat=True)
        .distinct()
        if account_id is not None
    ]
