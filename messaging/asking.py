"""Opening a question, so that two who ask at once do not fail: the newest list is the one that counts."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from medsync.lib.ids import new_id
from messaging.models import Conversation, Message, QuestionKind

# One open question of a kind is a rule of the table. A member's decision may ask (other times) in the moment in
# which the dialogue does; whoever comes second takes the row over, for its list is the last that the patient reads.
_OPEN = """
    INSERT INTO messaging_question
        (id, conversation_id, kind, items, context, asked_by_id, asked_at, expires_at, misses, outcome)
    VALUES (%(id)s, %(conversation)s, %(kind)s, %(items)s::jsonb, %(context)s::jsonb, %(asked_by)s, %(now)s,
            %(expires_at)s, 0, '')
    ON CONFLICT (conversation_id, kind) WHERE closed_at IS NULL DO UPDATE
    SET items = EXCLUDED.items, context = EXCLUDED.context, asked_by_id = EXCLUDED.asked_by_id,
        asked_at = EXCLUDED.asked_at, expires_at = EXCLUDED.expires_at, misses = 0
    RETURNING id
"""


def ask(
    conversation: Conversation,
    *,
    kind: QuestionKind,
    items: Sequence[Mapping[str, Any]],
    context: Mapping[str, Any],
    asked_by: Message | None,
    zone: ZoneInfo,
    now: datetime,
    until: datetime | None = None,
) -> UUID:
    """Open a question, until the end of the next local day if not said; return its id. One statement.

    Place 4 in the lock order: before the Conversation row, whose `state` is the caller's to set.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _OPEN,
            {
                "id": new_id(),
                "conversation": conversation.pk,
                "kind": str(kind),
                "items": json.dumps(list(items)),
                "context": json.dumps(dict(context)),
                "asked_by": asked_by.pk if asked_by else None,
                "now": now,
                "expires_at": until or next_day_end(now, zone),
            },
        )
        (question_id,) = cursor.fetchone()
    return UUID(str(question_id))


def next_day_end(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the next local day: until then an answer counts."""
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=2), time.min, zone)
