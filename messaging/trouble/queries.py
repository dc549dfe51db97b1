"""Which of the clinic's numbers cannot send, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clinics.models import Channel, Clinic, ProviderAccount, Sender, SenderStatus
from medsync.lib import clock

#: A pause that ends sooner is nobody's business: what waited goes by itself.
STEADY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An account of which nothing goes, with the clinic's numbers on it and those that still work.

    `since` is in the clinic's time, None when it is not known.
    """

    account: ProviderAccount
    refused: bool
    since: datetime | None
    senders: Sequence[Sender]
    others: Sequence[Sender]

    @property
    def key(self) -> str:
        """Return what tells this trouble from one before; ids and times only."""
        return f"account:{self.account.pk}:{self.account.stopped_at.isoformat() if self.account.stopped_at else ''}"


def troubles(clinic: Clinic, *, now: datetime, after: timedelta = STEADY) -> list[Trouble]:
    """Return the accounts that the provider refuses, and those that rest for longer than `after`. One statement."""
    senders = list(
        Sender.objects.filter(clinic=clinic, status=SenderStatus.ACTIVE)
        .exclude(channel=Channel.VOICE)
        .select_related("account")
        .order_by("channel", "rank", "id")
    )
    real = now - clock.offset()
    stopped: dict[UUID, list[Sender]] = {}
    for sender in senders:
        if _stopped(sender.account, real - after):
            stopped.setdefault(sender.account_id, []).append(sender)
    others = [sender for sender in senders if sender.account_id not in stopped]
    return [_trouble(found, others) for found in stopped.values()]


def _stopped(account: ProviderAccount, before: datetime) -> bool:
    if account.state == ProviderAccount.State.REFUSED:
        return True
    return account.stopped_at is not None and account.stopped_at <= before


def _trouble(senders: Sequence[Sender], others: Sequence[Sender]) -> Trouble:
    account = senders[0].account
    return Trouble(
        account=account,
        refused=account.state == ProviderAccount.State.REFUSED,
        since=clock.here(account.stopped_at) if account.stopped_at else None,
        senders=senders,
        others=others,
    )
