"""What a member began to write in a thread: kept on the server, so that it is there on the next device too."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Greatest, Left

from clinics.models import User
from medsync.lib.ids import new_id
from medsync.lib.text import clean
from messaging.models import Draft, DraftTab

#: What the list shows of a draft.
SHOWN = 160
LONGEST = 10_000
#: A page whose clock runs ahead may not lock others out for longer than this.
AHEAD = timedelta(seconds=60)

_SAVE = """
    INSERT INTO messaging_draft
        (id, conversation_id, user_id, tab, body, client_message_id, revision, updated_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (conversation_id, user_id, tab) DO UPDATE SET
        body = EXCLUDED.body, client_message_id = EXCLUDED.client_message_id,
        revision = EXCLUDED.revision, updated_at = EXCLUDED.updated_at
    WHERE messaging_draft.revision < EXCLUDED.revision
"""


def drafts_of(user: User, conversation_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the beginnings of a member's unsent replies by conversation; one statement."""
    rows = Draft.objects.filter(
        user_id=user.pk, conversation__in=list(conversation_ids), tab=DraftTab.REPLY
    ).exclude(body="")
    return dict(rows.annotate(shown=Left("body", SHOWN)).values_list("conversation_id", "shown"))


def drafts_in(conversation_id: UUID, user: User) -> dict[str, Draft]:
    """Return a member's drafts of one thread by tab, the empty ones too: their revisions count."""
    return {d.tab: d for d in Draft.objects.filter(conversation=conversation_id, user_id=user.pk)}


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
    latest = int((now + AHEAD).timestamp() * 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            _SAVE,
            [
                new_id(),
                conversation_id,
                user.pk,
                DraftTab(tab).value,
                clean(body)[:LONGEST],
                clean(client_message_id)[:80],
                max(0, min(revision, latest)),
                now,
            ],
        )
        return bool(cursor.rowcount)


def clear(conversation_id: UUID, user: User, *, tab: str, revision: int, now: datetime) -> None:
    """Empty a draft that was sent; belongs into the transaction of the sending. A slow save of it comes too late."""
    Draft.objects.filter(conversation=conversation_id, user_id=user.pk, tab=tab).update(
        body="",
        client_message_id="",
        revision=Greatest(F("revision"), Value(revision)),
        updated_at=now,
    )


def latest_revision(found: Mapping[str, Draft]) -> int:
    """Return the highest revision that is kept of a thread's drafts; the page counts on from there."""
    return max((draft.revision for draft in found.values()), default=0)
