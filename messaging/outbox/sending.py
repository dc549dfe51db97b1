"""Delivering what is due: claim a batch, send it over concurrent connections, settle each as it ends.

Threads only talk to the provider. All database work is done by the caller's thread, in its clinic.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import as_completed
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings

from clinics.tenancy import current_clinic
from messaging import providers
from messaging.outbox import calls, handing, reconciling, settling
from messaging.outbox.claiming import Job, claim
from messaging.providers.base import ErrorKind, Outbound, Receipt, SendError

logger = logging.getLogger(__name__)


class Ticker:
    """The time, running on from the `now` that was passed in."""

    def __init__(self, now: datetime) -> None:
        self._now, self._started = now, time.monotonic()

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self._now + timedelta(seconds=time.monotonic() - self._started)


def work(*, now: datetime, limit: int = 100, probe_account: UUID | None = None) -> int:
    """Send what is due in the entered clinic, at most `limit` at once, until nothing is; return how many went.

    Must be called outside of a transaction: what is about to be sent is committed first. Safe in any number of
    processes at once.
    """
    tick, done = Ticker(now), 0
    while jobs := claim(now=tick(), limit=min(limit, calls.CONNECTIONS), probe_account=probe_account):
        lost = _deliver(jobs, tick)
        if lost:
            reconciling.look(tick(), only=lost)
        done += len(jobs)
        if probe_account is not None:
            break
    return done


def _deliver(jobs: Sequence[Job], tick: Ticker) -> list[UUID]:
    """Send the jobs side by side; return the messages of those whose outcome is not known."""
    # A call that begins so late that it would outlive the lease must not begin: by then the row counts as unknown.
    begin_by = time.monotonic() + max(settings.OUTBOX_LEASE - settings.OUTBOX_HTTP_DEADLINE, 0.0)
    clinic_id = current_clinic().pk
    sent = {calls.submit(partial(_send, *handing.outbound(job, clinic_id), begin_by)): job for job in jobs}
    lost = []
    for call in as_completed(sent):
        job = sent[call]
        if settling.settle(job, call.result(), now=tick()):
            lost.append(job.message.pk)
    return lost


def _send(outbound: Outbound, provider: str, begin_by: float) -> Receipt | SendError:
    if time.monotonic() > begin_by:
        return SendError("late", ErrorKind.RETRY)
    try:
        return providers.get(provider).send(outbound)
    except SendError as error:
        return error
    except providers.UnknownProvider:
        return SendError("provider_off", ErrorKind.PERMANENT)
    except Exception as error:  # a provider raises nothing else; if it does, the message may have left
        logger.error("provider %s broke its contract: %s", provider, type(error).__name__)
        return SendError("crash", ErrorKind.UNKNOWN)
