"""What the palette finds: people, and messages that have all the words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, connection, transaction

from messaging.inbox.queries import people_of
from messaging.models import Conversation, Message
from messaging.people.queries import patients, threads_of_nobody
from messaging.search.folding import VECTOR, tsquery
from scheduling.models import Patient, PatientContact

PEOPLE = 6
MESSAGES = 12
SHORTEST = 2
LONGEST_MS = 1500  # a word that everybody writes is not worth more of the database's time

# The newest first by id: ids are made in the order of time. Both ways to the rows are open to the planner: by the
# words for what is rare, from the newest on for what is common. What was taken back is shown nowhere.
_FOUND = f"""
    SELECT m.id FROM messaging_message m
    JOIN messaging_conversation c ON c.id = m.conversation_id AND c.put_away_at IS NULL
    WHERE m.body <> '' AND NOT (m.status = 'cancelled' AND m.tries = 0) AND {VECTOR} @@ to_tsquery('simple', %s)
    ORDER BY m.id DESC LIMIT %s
"""  # noqa: S608  made of constants


@dataclass(frozen=True, slots=True)
class Found:
    """What was found; `cut_short` when looking for the words took too long."""

    patients: list[Patient]
    contacts: dict[UUID, list[PatientContact]]  # by patient
    messages: list[Message]
    people: dict[UUID, list[Patient]]  # by contact point of the messages' threads
    nobodys: list[Conversation] = field(default_factory=list)  # of numbers that are no patient's any more
    more_patients: bool = False
    cut_short: bool = False


def search(wanted: str, *, region: str, now: datetime) -> Found:
    """Return people by name, number or record number, and messages by their words; nothing for a single letter."""
    if len(wanted) < SHORTEST:
        return Found([], {}, [], {})
    page = patients(wanted=wanted, region=region, now=now)
    ids, cut_short = _messages(tsquery(wanted))
    rows = Message.objects.filter(pk__in=ids).select_related(
        "conversation__contact_point", "conversation__last_sender", "user"
    )
    messages = sorted(rows, key=lambda message: message.pk, reverse=True)
    points = list({message.conversation.contact_point_id for message in messages})
    return Found(
        patients=page.patients[:PEOPLE],
        contacts=page.contacts,
        messages=messages,
        people=people_of(points),
        nobodys=threads_of_nobody(wanted=wanted, region=region, at_most=PEOPLE),
        more_patients=len(page.patients) > PEOPLE,
        cut_short=cut_short,
    )


def _messages(query: str) -> tuple[list[UUID], bool]:
    if not query:
        return [], False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LONGEST_MS)])
            cursor.execute(_FOUND, [query, MESSAGES])
            return [row[0] for row in cursor.fetchall()], False
    except OperationalError:  # the time was over
        return [], True
