"""A STOP and a send at the same moment: once the STOP is committed, no provider takes anything for that person.

A worker takes a message only with the shared lock of its person, held until the attempt is committed, and then asks
the gate. A STOP takes the same lock for itself, so that no message is taken meanwhile, and waits for those that are
on their way: they were taken before it. What it finds queued afterwards the gate refuses.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q

from messaging.models import Attempt, AttemptKind, Message

#: Seconds between two looks at what is on its way.
LOOK = 0.01
#: Seconds beside the provider's own time that an attempt may need until it is settled.
SETTLING = 1.0

_KEY = "hashtextextended(current_schema() || ':sends:' || {person}, 0)"


def free_to_send(messages: Sequence[Message]) -> list[Message]:
    """Return those whose person says STOP to nobody in this moment; their locks last until the transaction ends.

    One statement that waits for nobody. Each message comes with `conversation` selected.
    """
    people = sorted({message.conversation.contact_point_id for message in messages})
    if not people:
        return []
    with connection.cursor() as cursor:
        key = _KEY.format(person="person::text")
        cursor.execute(
            f"SELECT person, pg_try_advisory_xact_lock_shared({key}) FROM unnest(%s::uuid[]) AS person",  # noqa: S608  no value is in the text
            [people],
        )
        free = {person for person, taken in cursor.fetchall() if taken}
    return [message for message in messages if message.conversation.contact_point_id in free]


def wait_for_sends(person: UUID, *, now: datetime) -> None:
    """Let no message to a contact point be taken until this transaction ends, and wait for those on their way.

    Before anything else is written of the person: who settles a send may want the same rows. What a worker that died
    has left is waited for only as long as a provider may take.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({_KEY.format(person='%s')})", [str(person)])
    longest = settings.OUTBOX_HTTP_DEADLINE + SETTLING
    until = time.monotonic() + longest
    since = now - timedelta(seconds=longest)
    under_way = Attempt.objects.filter(
        Q(state="sending", unknown_since=None, created_at__gt=since) | Q(resent_at__gt=since),
        message__conversation__contact_point=person,
        kind=AttemptKind.REST,
        provider_id=None,
        settled_at=None,
    )
    while under_way.exists() and time.monotonic() < until:
        time.sleep(LOOK)
