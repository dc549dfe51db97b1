"""What became of our messages: the ranks of delivery, applied by one guarded statement.

A status belongs to an attempt. The highest rank seen wins in whatever order callbacks come, also before the send's
own answer; of two failures the higher rank's code counts, of equals the smaller; what arrived shows no error.
A callback proves that the provider took the message, so an attempt is at least `sent` after one, which also ends
`unknown`. The message shows its newest attempt.
"""

import logging
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection

from clinics.models import ClinicState
from clinics.queries import Route
from clinics.tenancy import clinic_by_schema, in_clinic
from medsync.lib import clock, jobs
from medsync.lib.ids import new_id
from messaging import callbacks, consent, health, live
from messaging.models import RANK, ConsentSource, Message, MessageStatus
from messaging.providers.base import StatusUpdate
from scheduling.locks import retrying

logger = logging.getLogger(__name__)

FAILURES = ("failed", "undelivered")
_SENT = RANK["sent"]


def raised(state: str, rank: int, error: str, *, status: str, error_code: str) -> tuple[str, int, str]:
    """Return state, rank and error of an attempt after a callback: the rule, which the statement below applies.

    An attempt that has no provider's id yet counts as rank 1, whatever we thought of it.
    """
    seen = max(RANK[status], _SENT)
    word = status if RANK[status] >= _SENT else "sent"
    if seen > rank:
        return word, seen, error_code if word in FAILURES else ""
    if seen == rank and word in FAILURES:
        return state, rank, min(filter(None, (error, error_code)), key=lambda e: (len(e), e), default="")
    return state, rank, error


_RAISE = """
WITH old AS (
    SELECT a.id, a.state, a.error_code, a.error_kind, m.status AS shown, m.solved, a.provider_id IS NULL AS unbound,
        -- What we ended ourselves for want of news is overruled by news.
        CASE WHEN a.provider_id IS NULL THEN 1 ELSE a.rank END AS rank
    FROM messaging_attempt a
    JOIN messaging_message m ON m.id = a.message_id
    JOIN public.clinics_sender s ON s.id = m.sender_id
    WHERE {which} AND a.account_id = %(account)s
      AND s.phone_number = %(number)s AND s.channel = %(channel)s
      AND (a.provider_id IS NULL OR a.provider_id = %(sid)s)
    FOR UPDATE OF a, m
),
att AS (
    UPDATE messaging_attempt a SET
        provider_id = %(sid)s,
        state = CASE WHEN %(rank)s > old.rank THEN %(word)s ELSE old.state END,
        rank = GREATEST(old.rank, %(rank)s),
        error_code = CASE
            WHEN %(rank)s > old.rank THEN %(error)s
            WHEN %(rank)s = old.rank AND %(error)s <> ''
                 AND (old.error_code = ''
                      OR (length(%(error)s), %(error)s) < (length(old.error_code), old.error_code)) THEN %(error)s
            ELSE old.error_code END,
        error_kind = CASE WHEN %(rank)s > old.rank THEN '' ELSE old.error_kind END,
        unknown_since = NULL,
        settled_at = COALESCE(a.settled_at, %(now)s)
    FROM old WHERE a.id = old.id
    RETURNING a.id, a.message_id, a.state, a.error_code,
        (old.unbound OR a.state <> old.state OR a.error_code <> old.error_code OR a.state <> old.shown) AS changed,
        -- A try after this one may have been stopped by the gate; that, too, is counted until there is news.
        -- What staff solved another way is counted no more.
        CASE WHEN old.solved <> '' THEN 0 ELSE (a.state IN ('failed', 'undelivered'))::int
            - (old.shown IN ('failed', 'undelivered', 'blocked'))::int END AS failures,
        NOT EXISTS (
            SELECT FROM messaging_attempt later WHERE later.message_id = a.message_id AND later.n > a.n
        ) AS newest
),
noted AS (
    INSERT INTO messaging_statusevent (id, attempt_id, status, error_code, at)
    SELECT %(event_id)s, att.id, %(status)s, %(error)s, %(now)s FROM att
),
msg AS (
    UPDATE messaging_message m SET
        status = att.state, error_code = att.error_code, provider_message_id = %(sid)s,
        reason = '',  -- ours, of an end that was none
        next_attempt_at = NULL, lease_until = NULL, updated_at = %(now)s
    FROM att
    WHERE m.id = att.message_id AND att.newest AND att.changed AND m.status <> %(cancelled)s
    RETURNING m.id, m.conversation_id, m.status
),
conv AS (
    UPDATE messaging_conversation c SET
        last_status = CASE WHEN c.last_message_id = msg.id THEN msg.status ELSE c.last_status END,
        failed_count = GREATEST(0, c.failed_count + att.failures),
        -- Somebody must find another way, or need no more: as `threads.failing` and `recovering` have it.
        work_state = CASE WHEN att.failures > 0 THEN 'needs_reply'
            WHEN {back} THEN c.state_before_failure ELSE c.work_state END,
        waiting_since = CASE WHEN att.failures > 0 THEN COALESCE(c.waiting_since, %(now)s)
            WHEN {back} AND c.state_before_failure <> 'snoozed' THEN NULL ELSE c.waiting_since END,
        state_before_failure = CASE
            WHEN att.failures > 0 AND c.work_state <> 'needs_reply' THEN c.work_state
            WHEN {back} THEN '' ELSE c.state_before_failure END,
        version = c.version + 1, updated_at = %(now)s
    FROM msg, att WHERE c.id = msg.conversation_id
    RETURNING c.id, c.version
)
SELECT att.message_id, conv.id, conv.version, att.changed,
    att.changed AND EXISTS (
        SELECT FROM messaging_message q
        WHERE q.conversation_id = conv.id AND q.status = 'queued' AND q.next_attempt_at IS NOT NULL
    )
FROM att LEFT JOIN conv ON true
"""
# The last message that had failed arrives after all, and nothing else was decided meanwhile.
_BACK = """(att.failures < 0 AND c.failed_count <= 1
            AND c.work_state = 'needs_reply' AND c.state_before_failure <> '')"""
_BY_REF = """a.id = %(attempt)s AND NOT EXISTS (
        SELECT FROM messaging_attempt other
        WHERE other.account_id = %(account)s AND other.provider_id = %(sid)s AND other.id <> a.id)"""
_BY_PROVIDER_ID = "a.provider_id = %(sid)s"


@cache
def _statement(which: str) -> str:
    return _RAISE.format(which=which, back=_BACK)


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
    try:
        row = _execute(update, account_id, attempt_id, now)
    except IntegrityError:  # the provider's id was bound to another attempt in this very moment
        return False
    if row is None:
        return False
    message_id, conversation_id, version, changed, waiting = row
    if conversation_id is not None:
        live.publish("conversation", id=conversation_id, version=version)
    if waiting:  # what this one held back in its thread may go now
        jobs.enqueue_on_commit("messaging.deliver_outbox")
    if changed and update.opted_out:
        _record_opt_out(message_id, update.channel, now)
    return True


@retrying
def _execute(
    update: StatusUpdate, account_id: UUID, attempt_id: UUID | None, now: datetime
) -> tuple[Any, ...] | None:
    word = update.status if RANK[update.status] >= _SENT else "sent"
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(_BY_PROVIDER_ID if attempt_id is None else _BY_REF),
            {
                "attempt": attempt_id,
                "account": account_id,
                "number": update.from_address,
                "channel": update.channel,
                "sid": update.provider_message_id,
                "word": word,
                "rank": max(RANK[update.status], _SENT),
                "status": update.status,
                "error": update.error_code if word in FAILURES else "",
                "cancelled": MessageStatus.CANCELLED,
                "event_id": new_id(),
                "now": now,
            },
        )
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _record_opt_out(message_id: UUID, channel: str, now: datetime) -> None:
    """The provider refused for a STOP that we have not seen: from now on nothing is sent on this channel."""
    message = Message.objects.select_related("conversation__contact_point").get(pk=message_id)
    point = message.conversation.contact_point
    if consent.state_of(point, channel).opted_out_at is None:
        consent.opt_out(point, channel, source=ConsentSource.PROVIDER, now=now)
