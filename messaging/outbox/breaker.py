"""Accounts in trouble: one that the provider refuses is stopped, one that does not answer is left alone for a while.

After TRIP sends in a row that got no answer to rely on, nothing of the account is tried for a while that doubles;
then one message asks, and its answer opens the account again or lets it rest longer. The messages stay queued.
Times are real ones: an account belongs to no clinic's clock, and the platform's own serves many.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from clinics.models import ProviderAccount
from medsync.lib import clock
from messaging.providers.base import ErrorKind, Receipt, SendError

logger = logging.getLogger(__name__)

#: Sends without an answer, one after another, that stop an account.
TRIP = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)
#: One that asks has so long before another may.
PROBE_TAKES = timedelta(seconds=60)

State = ProviderAccount.State
Outcome = Receipt | SendError


def open_accounts(prefix: str = "") -> Q:
    """Return the condition of accounts of which anything may be sent."""
    return Q(**{f"{prefix}state": State.ACTIVE, f"{prefix}failures__lt": TRIP})


def note(
    account: ProviderAccount, outcomes: Sequence[Outcome], *, now: datetime, probing: bool = False
) -> None:
    """Draw the conclusions from how sends of an account ended, in their order. At most one statement.

    `account` is as it was read when the sends began; `probing` when they asked whether it answers again.
    """
    at = now - clock.offset()
    if any(_refused(outcome) for outcome in outcomes):
        _refuse(account.pk, at)
        return
    silent = 0
    for outcome in reversed(outcomes):
        if not _silent(outcome):
            break
        silent += 1
    if silent:
        _count(account.pk, silent, at, probing=probing)
    elif _in_trouble(account) and any(_answered(outcome) for outcome in outcomes):
        works(account.pk, refused=any(isinstance(outcome, Receipt) for outcome in outcomes), probing=probing)


def works(account_id: UUID, *, refused: bool = True, probing: bool = True) -> None:
    """Open an account again: the provider answers; `refused` opens one that it refused, too."""
    rows = ProviderAccount.objects.filter(pk=account_id)
    rows = rows.filter(state__in=[State.ACTIVE, State.REFUSED] if refused else [State.ACTIVE])
    if not probing:  # what began before the account was stopped says nothing
        rows = rows.filter(paused_until=None)
    if rows.exclude(state=State.ACTIVE, failures=0, stopped_at=None).update(
        state=State.ACTIVE, failures=0, paused_until=None, stopped_at=None
    ):
        logger.warning("provider takes account %s again", account_id)


def due_probes(account_ids: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Return those of the accounts whose pause is over, each to one caller alone: it sends one message."""
    at = now - clock.offset()
    rested: QuerySet[ProviderAccount] = ProviderAccount.objects.filter(
        state=State.ACTIVE, failures__gte=TRIP, paused_until__lte=at
    )
    return [
        account_id
        for account_id in sorted(account_ids)
        if rested.filter(pk=account_id).update(paused_until=at + PROBE_TAKES)
    ]


def _in_trouble(account: ProviderAccount) -> bool:
    return account.state == State.REFUSED or account.failures > 0


def _refused(outcome: Outcome) -> bool:
    return isinstance(outcome, SendError) and outcome.kind is ErrorKind.ACCOUNT


def _silent(outcome: Outcome) -> bool:
    """Tell whether nothing came back to rely on: no connection, no answer, a 5xx, garbage."""
    return isinstance(outcome, SendError) and (
        outcome.kind is ErrorKind.UNKNOWN or outcome.code == "unreachable"
    )


def _answered(outcome: Outcome) -> bool:
    return isinstance(outcome, Receipt) or outcome.code != "late"  # that one never began


def _refuse(account_id: UUID, at: datetime) -> None:
    """Stop everything of an account that the provider refuses; others are not touched."""
    active = ProviderAccount.objects.filter(pk=account_id, state=State.ACTIVE)
    if active.update(state=State.REFUSED, failures=0, paused_until=None, stopped_at=at):
        logger.error("provider refuses account %s: its messages wait", account_id)


_COUNT = """
UPDATE public.clinics_provideraccount SET
    failures = LEAST(failures + %(silent)s, GREATEST(failures + 1, %(trip)s)),
    paused_until = CASE WHEN failures + %(silent)s >= %(trip)s THEN
        %(at)s + interval '1 second' * LEAST(
            %(first)s * power(2, LEAST(GREATEST(failures + 1 - %(trip)s, 0), 10)), %(longest)s) END,
    stopped_at = CASE WHEN failures + %(silent)s >= %(trip)s THEN COALESCE(stopped_at, %(at)s) ELSE stopped_at END
WHERE id = %(account)s AND state = 'active'
    -- Those that were under way when it was stopped count no more.
    AND (paused_until IS NULL OR %(probing)s)
RETURNING failures, paused_until
"""


def _count(account_id: UUID, silent: int, at: datetime, *, probing: bool) -> None:
    """Count sends without an answer; enough of them stop the account, and one that asked in vain for longer."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "account": account_id,
                "silent": silent,
                "probing": probing,
                "at": at,
                "trip": TRIP,
                "first": FIRST_PAUSE.total_seconds(),
                "longest": LONGEST_PAUSE.total_seconds(),
            },
        )
        row = cursor.fetchone()
    if row is not None and row[1] is not None:
        logger.error("account %s does not answer: it rests until %s", account_id, row[1].isoformat())
