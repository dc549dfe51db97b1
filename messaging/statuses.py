"""What became of our messages: the ranks of delivery, applied by one guarded statement (`messaging.raising`).

A status belongs to an attempt. The highest rank seen wins in whatever order callbacks come, also before the send's
own answer; of two failures the higher rank's code counts, of equals the smaller; what arrived shows no error.
A callback proves that the provider took the message, so an attempt is at least `sent` after one, which also ends
`unknown`. The message shows its newest attempt.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from clinics.models import ClinicState
from clinics.queries import Route
from clinics.tenancy import clinic_by_schema, in_clinic
from medsync.lib import clock, jobs
from messaging import callbacks, confirmations, consequences, health, live, second_tries
from messaging.models import Message
from messaging.providers.base import StatusUpdate
from messaging.raising import FAILURES, News, Raised, raise_all


def apply_status(update: StatusUpdate, *, account_id: UUID, route: Route | None, now: datetime) -> bool:
    """Apply a verified callback; False when it fits no attempt of ours, and nothing was changed.

    The attempt is named by our reference in the URL, else by the provider's id. Clinic, account and sender must
    agree with what was sent. Idempotent but for the event's own line in the ledger.
    """
    named = callbacks.parse_ref(update.our_ref) if update.our_ref else None
    if named is None:
        return route is not None and _apply(route.schema_name, update, account_id, None, route, now)
    clinic_id, attempt_id = named
    if route is not None and route.clinic_id != clinic_id:
        return False
    if route is not None:
        return _apply(route.schema_name, update, account_id, attempt_id, route, now)
    # The number was taken off since; the attempt still knows it.
    clinic = clinic_by_schema(f"c_{clinic_id.hex}")
    if clinic is None or clinic.state != ClinicState.READY:
        return False
    return _apply(clinic.schema_name, update, account_id, attempt_id, None, now)


def _apply(
    schema: str,
    update: StatusUpdate,
    account_id: UUID,
    attempt_id: UUID | None,
    route: Route | None,
    now: datetime,
) -> bool:
    with in_clinic(schema):
        applied = apply_here(update, account_id=account_id, attempt_id=attempt_id, now=clock.here(now))
    if applied and route is not None and update.status in ("delivered", "read"):
        health.delivery_seen(route.sender_id, now=now)
    return applied


def apply_here(update: StatusUpdate, *, account_id: UUID, attempt_id: UUID | None, now: datetime) -> bool:
    """Apply what a provider says of an attempt of the entered clinic; False when it fits none."""
    news = News(update, account_id, attempt_id)
    try:
        done = raise_all([news], now=now)
    except IntegrityError:  # the provider's id was bound to another attempt in this very moment
        return False
    for one in done:
        _follow(news, one, now)
    return bool(done)


def apply_all(news: Sequence[News], *, now: datetime) -> None:
    """Apply what a provider says of many attempts at once, each named, no two of one thread.

    One statement, or one for each where an id is bound to another attempt in this very moment.
    """
    by_id = {one.update.provider_message_id: one for one in news}
    try:
        done = raise_all(list(by_id.values()), now=now)
    except IntegrityError:
        for one in news:
            apply_here(one.update, account_id=one.account_id, attempt_id=one.attempt_id, now=now)
        return
    for raised in done:
        _follow(by_id[raised.provider_id], raised, now)


def _follow(news: News, raised: Raised, now: datetime) -> None:
    """Do what follows from a status that was raised."""
    if raised.conversation_id is not None:
        live.publish("conversation", id=raised.conversation_id, version=raised.version)
    if raised.waits:  # what this one held back in its thread may go now
        jobs.enqueue_on_commit("messaging.deliver_outbox")
    if raised.changed and news.update.status in FAILURES:
        _broken(raised.message_id, news.update.error_code, now)


def _broken(message_id: UUID, code: str, now: datetime) -> None:
    """Do what follows from a message that broke on its way; some go once more by themselves."""
    message = Message.objects.select_related("conversation__contact_point").get(pk=message_id)
    consequences.follow(message, code=code, now=now)
    if not second_tries.plan(message_id, code=code, now=now):
        confirmations.ended(message_id)
