"""The one statement that applies news of attempts: a callback's, an answer's, a whole batch of answers'.

Locks attempts and messages, ascending, then the Conversation rows, ascending.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from medsync.lib import prepared
from medsync.lib.ids import new_id
from messaging.models import RANK, MessageStatus
from messaging.providers.base import StatusUpdate
from scheduling.locks import retrying

FAILURES = ("failed", "undelivered")
SENT = RANK["sent"]


def raised(state: str, rank: int, error: str, *, status: str, error_code: str) -> tuple[str, int, str]:
    """Return state, rank and error of an attempt after a callback: the rule, which the statement below applies.

    An attempt that has no provider's id yet counts as rank 1, whatever we thought of it.
    """
    seen = max(RANK[status], SENT)
    word = status if RANK[status] >= SENT else "sent"
    if seen > rank:
        return word, seen, error_code if word in FAILURES else ""
    if seen == rank and word in FAILURES:
        return state, rank, min(filter(None, (error, error_code)), key=lambda e: (len(e), e), default="")
    return state, rank, error


@dataclass(frozen=True, slots=True)
class News:
    """What is said of an attempt; without `attempt_id` it is found by the provider's id."""

    update: StatusUpdate
    account_id: UUID
    attempt_id: UUID | None


@dataclass(frozen=True, slots=True)
class Raised:
    """What a piece of news did. `conversation_id` is None when the message shows nothing new; `waits` tells
    whether something is queued behind it in its thread."""

    provider_id: str
    message_id: UUID
    conversation_id: UUID | None
    version: int | None
    changed: bool
    waits: bool


_RAISE = """
WITH news AS (
    {news}
),
old AS (
    SELECT a.id, a.state, a.error_code, a.error_kind, m.status AS shown, m.solved, a.provider_id IS NULL AS unbound,
        -- What we ended ourselves for want of news is overruled by news.
        CASE WHEN a.provider_id IS NULL THEN 1 ELSE a.rank END AS rank,
        news.sid, news.word, news.new_rank, news.status, news.error, news.event
    FROM news
    JOIN messaging_attempt a ON {which} AND a.account_id = news.account
        AND (a.provider_id IS NULL OR a.provider_id = news.sid)
    JOIN messaging_message m ON m.id = a.message_id
    JOIN public.clinics_sender s ON s.id = m.sender_id
        AND s.phone_number = news.number AND s.channel = news.channel
    {ordered}
    FOR UPDATE OF a, m
),
att AS (
    UPDATE messaging_attempt a SET
        provider_id = old.sid,
        state = CASE WHEN old.new_rank > old.rank THEN old.word ELSE old.state END,
        rank = GREATEST(old.rank, old.new_rank),
        error_code = CASE
            WHEN old.new_rank > old.rank THEN old.error
            WHEN old.new_rank = old.rank AND old.error <> ''
                 AND (old.error_code = ''
                      OR (length(old.error), old.error) < (length(old.error_code), old.error_code)) THEN old.error
            ELSE old.error_code END,
        error_kind = CASE WHEN old.new_rank > old.rank THEN '' ELSE old.error_kind END,
        unknown_since = NULL,
        settled_at = COALESCE(a.settled_at, %(now)s)
    FROM old WHERE a.id = old.id
    RETURNING a.id, a.message_id, a.state, a.error_code, old.sid, old.status, old.error, old.event,
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
    SELECT att.event, att.id, att.status, att.error, %(now)s FROM att
),
msg AS (
    UPDATE messaging_message m SET
        status = att.state, error_code = att.error_code, provider_message_id = att.sid,
        reason = '',  -- ours, of an end that was none
        next_attempt_at = NULL, lease_until = NULL, updated_at = %(now)s
    FROM att
    WHERE m.id = att.message_id AND att.newest AND att.changed AND m.status <> %(cancelled)s
    RETURNING m.id, m.conversation_id, m.status, att.failures
),
{threads}conv AS (
    UPDATE messaging_conversation c SET
        last_status = CASE WHEN c.last_message_id = msg.id THEN msg.status ELSE c.last_status END,
        failed_count = GREATEST(0, c.failed_count + msg.failures),
        -- Somebody must find another way, or need no more: as `threads.failing` and `recovering` have it.
        work_state = CASE WHEN msg.failures > 0 THEN 'needs_reply'
            WHEN {back} THEN c.state_before_failure ELSE c.work_state END,
        waiting_since = CASE WHEN msg.failures > 0 THEN COALESCE(c.waiting_since, %(now)s)
            WHEN {back} AND c.state_before_failure <> 'snoozed' THEN NULL ELSE c.waiting_since END,
        state_before_failure = CASE
            WHEN msg.failures > 0 AND c.work_state <> 'needs_reply' THEN c.work_state
            WHEN {back} THEN '' ELSE c.state_before_failure END,
        version = c.version + 1, updated_at = %(now)s
    FROM msg{locked} WHERE c.id = msg.conversation_id
    RETURNING c.id, c.version, msg.id AS message_id
)
SELECT att.sid, att.message_id, conv.id, conv.version, att.changed,
    att.changed AND EXISTS (
        SELECT FROM messaging_message q
        WHERE q.conversation_id = conv.id AND q.status = 'queued' AND q.next_attempt_at IS NOT NULL
    )
FROM att LEFT JOIN conv ON conv.message_id = att.message_id
"""
# The last message that had failed arrives after all, and nothing else was decided meanwhile.
_BACK = """(msg.failures < 0 AND c.failed_count <= 1
            AND c.work_state = 'needs_reply' AND c.state_before_failure <> '')"""
_BY_REF = """a.id = news.attempt AND NOT EXISTS (
        SELECT FROM messaging_attempt other
        WHERE other.account_id = news.account AND other.provider_id = news.sid AND other.id <> a.id)"""
_BY_PROVIDER_ID = "a.provider_id = news.sid"
_MANY = """SELECT * FROM unnest(
        %(attempt)s::uuid[], %(account)s::uuid[], %(number)s::text[], %(channel)s::text[], %(sid)s::text[],
        %(word)s::text[], %(rank)s::int[], %(status)s::text[], %(error)s::text[], %(event)s::uuid[]
    ) AS news (attempt, account, number, channel, sid, word, new_rank, status, error, event)"""
# Constants, which the planner looks through: a callback's costs less so.
_ONE = """SELECT %(attempt)s::uuid AS attempt, %(account)s::uuid AS account, %(number)s::text AS number,
        %(channel)s::text AS channel, %(sid)s::text AS sid, %(word)s::text AS word, %(rank)s::int AS new_rank,
        %(status)s::text AS status, %(error)s::text AS error, %(event)s::uuid AS event"""
# Several threads are locked in one order; a single one needs none.
_THREADS = """threads AS (
    SELECT c.id FROM messaging_conversation c WHERE c.id IN (SELECT conversation_id FROM msg)
    ORDER BY c.id FOR NO KEY UPDATE
),
"""


@cache
def _statement(by_ref: bool, several: bool) -> str:
    return prepared.compact(
        _RAISE.format(
            news=_MANY if several else _ONE,
            which=_BY_REF if by_ref else _BY_PROVIDER_ID,
            ordered="ORDER BY a.id" if several else "",
            back=_BACK,
            threads=_THREADS if several else "",
            locked=" JOIN threads ON threads.id = msg.conversation_id" if several else "",
        )
    )


@retrying
def raise_all(news: Sequence[News], *, now: datetime) -> list[Raised]:
    """Apply news of attempts of the entered clinic by one statement; what fits no attempt is left out.

    Either all of them are named by an attempt, or none; no two are of one attempt or of one thread.
    Raises IntegrityError when a provider's id was bound to another attempt in this very moment.
    """
    said = [_values(one) for one in news]
    several = len(said) > 1
    given = {name: [one[name] for one in said] for name in said[0]} if several else said[0]
    statement = _statement(news[0].attempt_id is not None, several)
    rows = prepared.fetch(statement, {**given, "cancelled": MessageStatus.CANCELLED.value, "now": now})
    return [Raised(*row) for row in rows]


def _values(news: News) -> dict[str, Any]:
    update = news.update
    word = update.status if RANK[update.status] >= SENT else "sent"
    return {
        "attempt": news.attempt_id,
        "account": news.account_id,
        "number": update.from_address,
        "channel": update.channel,
        "sid": update.provider_message_id,
        "word": word,
        "rank": RANK[word],
        "status": update.status,
        "error": update.error_code if word in FAILURES else "",
        "event": new_id(),
    }
