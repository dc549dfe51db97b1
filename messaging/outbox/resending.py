"""An attempt whose answer was lost, handed over once more under its own key: its provider makes one text of both.

What was never taken is a fresh send by that, so the gate is asked again; what it refuses now is left to staff.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from clinics.tenancy import current_clinic
from messaging import gate, providers
from messaging.models import Attempt, AttemptKind
from messaging.outbox import handing, stopping
from messaging.outbox.claiming import Job
from messaging.providers.base import ErrorKind, Outbound, Receipt, SendError

logger = logging.getLogger(__name__)

#: How long a key is relied on. Providers do not say when they forget one; nobody needs hours for a lost answer.
KEY_LASTS = timedelta(minutes=30)


def is_possible(job: Job) -> bool:
    """Tell whether the provider of an attempt makes one text of two sends of it."""
    sender = job.message.sender
    if sender is None or job.attempt.kind != AttemptKind.REST:
        return False
    try:
        return providers.get(sender.account.provider).idempotent_sends
    except providers.UnknownProvider:
        return False


def call_for(job: Job, *, now: datetime) -> Callable[[], Receipt | SendError]:
    """Return what hands an attempt over once more, in any thread; or what says that this may not be."""
    if now - job.attempt.created_at > KEY_LASTS:
        return partial(_refused, "key_too_old")
    refused = _take(job, now)
    if refused:
        return partial(_refused, refused)
    handed, provider = handing.outbound(job, current_clinic().pk)
    return partial(_send, handed, provider)


@transaction.atomic
def _take(job: Job, now: datetime) -> str:
    """Note that an attempt is on its way again, so that a STOP waits for it; return why it may not be, "" if it may."""
    if not stopping.free_to_send([job.message]):
        return "stopping"
    verdict = gate.judge_again([job.message], now=now)[job.message.pk]
    if not verdict.allowed or (verdict.not_before is not None and verdict.not_before > now):
        return verdict.code
    open_ = Attempt.objects.filter(pk=job.attempt.pk, settled_at=None, provider_id=None)
    return "" if open_.update(resent_at=now) else "settled"


def over(job: Job) -> None:
    """Note that an attempt is not on its way any more, whatever is known of it."""
    Attempt.objects.filter(pk=job.attempt.pk, resent_at__isnull=False).update(resent_at=None)


def _refused(code: str) -> SendError:
    return SendError(code, ErrorKind.UNKNOWN)


def _send(outbound: Outbound, provider: str) -> Receipt | SendError:
    try:
        return providers.get(provider).send(outbound)
    except SendError as error:
        return error
    except Exception as error:  # a provider raises nothing else; that it did proves nothing about the message
        logger.error("provider %s broke its contract: %s", provider, type(error).__name__)
        return SendError("crash", ErrorKind.UNKNOWN)
