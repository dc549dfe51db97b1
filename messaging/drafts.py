"""Keeping what a member began to write: the last key pressed wins, and what was sent never comes back."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from clinics.models import User
from medsync.lib.ids import new_id
from medsync.lib.text import clean
from messaging.models import DraftTab

LONGEST = 10_000

_SAVE = """
    INSERT INTO messaging_draft
        (id, conversation_id, user_id, tab, body, client_message_id, revision, updated_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (conversation_id, user_id, tab) DO UPDATE SET
        body = EXCLUDED.body, client_message_id = EXCLUDED.client_message_id,
        revision = EXCLUDED.revision, updated_at = EXCLUDED.updated_at
    WHERE messaging_draft.revision < EXCLUDED.revision + %s
"""


def save(
    conversation_id: UUID,
    user: User,
    *,
    tab: str,
    body: str,
    client_message_id: str,
    revision: int,
    now: datetime,
) -> bool:
    """Keep what was typed unless something newer is kept already; one statement. False: it was older."""
    return _put(
        conversation_id, user, tab, clean(body)[:LONGEST], clean(client_message_id)[:80], revision, now
    )


def clear(conversation_id: UUID, user: User, *, tab: str, revision: int, now: datetime) -> None:
    """Empty a draft of that revision, which was sent; belongs into the transaction of the sending.

    The empty row stays: a save of the page that is still on its way is older and changes nothing.
    """
    _put(conversation_id, user, tab, "", "", revision, now, same=1)


def _put(
    conversation_id: UUID,
    user: User,
    tab: str,
    body: str,
    client_message_id: str,
    revision: int,
    now: datetime,
    same: int = 0,
) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            _SAVE,
            [
                new_id(),
                conversation_id,
                user.pk,
                DraftTab(tab).value,
                body,
                client_message_id,
                revision,
                now,
                same,
            ],
        )
        return bool(cursor.rowcount)
