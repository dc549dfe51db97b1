"""Delivering what is due: claim a batch, send it over concurrent connections, settle together what ends together.

Threads only talk to the provider. All database work is done by the caller's thread, in its clinic.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from uuid import UUID

from django.conf import settings

from clinics.tenancy import current_clinic
from messaging import providers
from messaging.outbox import calls, handing, pacing, reconciling, settling
from messaging.outbox.claiming import Job, claim
from messaging.providers.base import ErrorKind, Outbound, Receipt, SendError

logger = logging.getLogger(__name__)

#: Seconds in which calls that end are gathered, to be settled together.
GATHER = 0.015
#: Messages that are taken and not settled yet; those for which no connection is free wait for less than a second.
AT_ONCE = 2 * calls.CONNECTIONS
#: A claim is made when this part of the places is free.
REFILL = 2


class Ticker:
    """The time, running on from the `now` that was passed in."""

    def __init__(self, now: datetime) -> None:
        self._now, self._started = now, time.monotonic()

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self._now + timedelta(seconds=time.monotonic() - self._started)


def work(*, now: datetime, limit: int = AT_ONCE, probe_account: UUID | None = None) -> int:
    """Send what is due in the entered clinic, at most `limit` at once, until nothing is; return how many went.

    Must be called outside of a transaction: what is about to be sent is committed first. Safe in any number of
    processes at once. `probe_account` sends one message of an account that was stopped.
    """
    tick, done = Ticker(now), 0
    flight = _Flight()
    lost: list[UUID] = []
    # More is taken when a part of the places is free, so that a claim is worth its statements; the rest is under way.
    enough = max(limit // REFILL, 1)
    while True:
        room = limit - len(flight)
        if room >= enough or not flight:
            once = probe_account is not None and done
            jobs = () if once else claim(now=tick(), limit=room, probe_account=probe_account)
            flight.begin(jobs)
            done += len(jobs)
        if not flight:
            break
        lost += settling.settle_all(flight.ended(), now=tick(), probing=probe_account is not None)
    if lost:
        reconciling.look(tick(), only=lost)
    pacing.ring_when_free(now=tick())
    return done


class _Flight:
    """The calls that are under way."""

    def __init__(self) -> None:
        self._clinic_id = current_clinic().pk
        self._jobs: dict[Future[Receipt | SendError], Job] = {}
        self._ended: SimpleQueue[Future[Receipt | SendError]] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._jobs)

    def begin(self, jobs: Sequence[Job]) -> None:
        """Hand jobs to the threads."""
        # A call that begins so late that it would outlive the lease must not begin: by then the row counts as unknown.
        begin_by = time.monotonic() + max(settings.OUTBOX_LEASE - settings.OUTBOX_HTTP_DEADLINE, 0.0)
        for job in jobs:
            call = self._call(job, begin_by)
            self._jobs[call] = job
            call.add_done_callback(self._ended.put)

    def _call(self, job: Job, begin_by: float) -> "Future[Receipt | SendError]":
        try:
            handed = handing.outbound(job, self._clinic_id)
        except providers.UnknownProvider:
            none: Future[Receipt | SendError] = Future()
            none.set_result(SendError("provider_off", ErrorKind.PERMANENT))
            return none
        return calls.submit(partial(_send, *handed, begin_by))

    def ended(self) -> list[tuple[Job, Receipt | SendError]]:
        """Wait for the next call to end, a moment longer for others, and return them in the order of their ends."""
        calls_ended = [self._ended.get()]
        until = time.monotonic() + GATHER
        while len(calls_ended) < len(self._jobs):
            try:
                calls_ended.append(self._ended.get(timeout=max(until - time.monotonic(), 0)))
            except Empty:
                break
        return [(self._jobs.pop(call), call.result()) for call in calls_ended]


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
