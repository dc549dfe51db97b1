"""The store step of an inbound message, by hand: one statement for a person who wrote before.

This is the product's busiest write. The columns come from the models, so that a new field needs no change here;
`tests/messaging/test_webhook_store.py` says what must be found afterwards.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models

from medsync.lib.ids import new_id
from messaging.models import ChannelConsent, Conversation, Message, WorkState
from scheduling.models import ContactPoint


@dataclass(frozen=True, slots=True)
class Row:
    """The thread that a message belongs to. `stored` is false when the message was there already.

    `has_held`: a member's reply waits there for the patient to write.
    """

    stored: bool
    has_held: bool
    contact_point: ContactPoint
    conversation: Conversation
    consent: ChannelConsent | None


_BY_ADDRESS = """
    SELECT p.id AS point_id, c.id AS conversation_id
    FROM scheduling_contactaddress a
    JOIN scheduling_contactpoint p ON p.id = a.contact_point_id AND p.merged_into_id IS NULL
    JOIN messaging_conversation c ON c.contact_point_id = p.id
    WHERE a.channel = %(channel)s AND a.address = %(address)s
      AND (%(user_id)s = '' OR EXISTS (
          SELECT FROM scheduling_contactaddress b
          WHERE b.channel = %(channel)s AND b.address = %(user_id)s AND b.contact_point_id = p.id))
"""
_BY_POINT = """
    SELECT p.id AS point_id, c.id AS conversation_id
    FROM scheduling_contactpoint p
    JOIN messaging_conversation c ON c.contact_point_id = p.id
    WHERE p.id = %(point_id)s
"""


def lock_conversation(name: str) -> None:
    """Wait until no other message of this person is being handled (place 1 in the lock order)."""
    with connection.cursor() as cursor:
        # Advisory locks belong to the whole database: the schema is part of the key.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ':inbound:' || %s, 0))", [name]
        )


def store_from_address(message: Message, *, user_id: str, window_at: datetime | None) -> Row | None:
    """Store a message of a person whose address we know; None when the address is new to us.

    `user_id` is the other name of the person that came with it, "" for none; `window_at` opens the window.
    """
    values = {"channel": message.channel, "address": message.address, "user_id": user_id}
    return _store(_BY_ADDRESS, values, message, window_at)


def store_from_point(message: Message, *, point_id: UUID, window_at: datetime | None) -> Row:
    """Store a message of a contact point that has a conversation."""
    row = _store(_BY_POINT, {"point_id": point_id, "channel": message.channel}, message, window_at)
    if row is None:
        raise Conversation.DoesNotExist
    return row


def _store(known: str, values: dict[str, Any], message: Message, window_at: datetime | None) -> Row | None:
    values |= _values(message)
    values |= {
        "window_id": new_id(),
        "sender_id": message.sender_id,
        "window_at": window_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(known), values)
        row = cursor.fetchone()
    if row is None:
        return None
    point_columns, thread_columns = _attnames(ContactPoint), _attnames(Conversation)
    point_end = 2 + len(point_columns)
    thread_end = point_end + len(thread_columns)
    consent = None
    if row[thread_end] is not None:
        consent = ChannelConsent.from_db(connection.alias, _attnames(ChannelConsent), row[thread_end:])
    point = ContactPoint.from_db(connection.alias, point_columns, row[2:point_end])
    conversation = Conversation.from_db(connection.alias, thread_columns, row[point_end:thread_end])
    conversation.contact_point = point
    return Row(
        stored=row[0] is not None,
        has_held=row[1],
        contact_point=point,
        conversation=conversation,
        consent=consent,
    )


@cache
def _statement(known: str) -> str:
    fields = [field for field in Message._meta.concrete_fields if field.name != "conversation"]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(f"%(m_{field.attname})s" for field in fields)
    shown = ", ".join(
        f'{alias}."{field.column}"'
        for alias, model in (("p", ContactPoint), ("c", Conversation), ("k", ChannelConsent))
        for field in model._meta.concrete_fields
    )
    return f"""
WITH known AS ({known}),
stored AS (
    INSERT INTO messaging_message ({columns}, conversation_id)
    SELECT {values}, known.conversation_id FROM known
    ON CONFLICT DO NOTHING
    RETURNING id
),
opened AS (
    INSERT INTO messaging_window (id, conversation_id, sender_id, last_inbound_at)
    SELECT %(window_id)s, known.conversation_id, %(sender_id)s, %(window_at)s
    FROM known, stored WHERE %(window_at)s::timestamptz IS NOT NULL
    ON CONFLICT (conversation_id, sender_id) DO UPDATE
    SET last_inbound_at = GREATEST(messaging_window.last_inbound_at, EXCLUDED.last_inbound_at)
),
-- Whoever writes from an address can be reached there, whatever a provider said.
heard AS (
    UPDATE scheduling_contactaddress a SET unusable = '', unusable_at = NULL
    FROM stored
    WHERE a.channel = %(channel)s AND a.address = %(m_address)s AND a.unusable <> ''
)
SELECT (SELECT id FROM stored),
    EXISTS (SELECT FROM messaging_heldreply h WHERE h.conversation_id = c.id AND h.outcome = 'waiting'),
    {shown}
FROM known
JOIN scheduling_contactpoint p ON p.id = known.point_id
JOIN messaging_conversation c ON c.id = known.conversation_id
LEFT JOIN messaging_channelconsent k ON k.contact_point_id = p.id AND k.channel = %(channel)s
"""  # noqa: S608  the names come from the models


@cache
def _attnames(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)


def _values(message: Message) -> dict[str, Any]:
    return {
        f"m_{field.attname}": field.get_db_prep_save(field.pre_save(message, add=True), connection)
        for field in Message._meta.concrete_fields
        if field.name != "conversation"
    }


def insert_together(*rows: models.Model) -> None:
    """Insert new rows of different tables in one statement; keys among them are checked at the commit."""
    values = {
        f"r{n}_{field.attname}": field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for n, row in enumerate(rows)
        for field in row._meta.concrete_fields
    }
    with connection.cursor() as cursor:
        cursor.execute(_insertion(tuple(type(row) for row in rows)), values)


@cache
def _insertion(kinds: tuple[type[models.Model], ...]) -> str:
    parts = []
    for n, kind in enumerate(kinds):
        fields = kind._meta.concrete_fields
        columns = ", ".join(f'"{field.column}"' for field in fields)
        values = ", ".join(f"%(r{n}_{field.attname})s" for field in fields)
        parts.append(f'r{n} AS (INSERT INTO "{kind._meta.db_table}" ({columns}) VALUES ({values}))')  # noqa: S608
    return f"WITH {', '.join(parts)} SELECT 1"


_TOUCHED = {"version", "updated_at", "unread_count", "id", "contact_point_id", "created_at"}


#: What the list shows of the newest message.
_LAST = (
    "last_message_id",
    "last_message_at",
    "last_body",
    "last_author",
    "last_kind",
    "last_status",
    "last_channel",
    "last_sender_id",
)
_NEEDED = """work_state = 'needs_reply'
    AND (%(state_seen)s <> 'needs_reply' OR failed_count > %(failed_seen)s)"""
_WAITS = frozenset({"work_state", "waiting_since", "state_before_failure"})


def changed_fields(conversation: Conversation, before: dict[str, Any]) -> list[str]:
    """Return the columns of a conversation that differ from a copy made by `snapshot`.

    That somebody waits is written even when it is no change from here: a member may close the thread in the very
    moment in which the patient writes, and nobody's message may hide in a closed thread.
    """
    waits = conversation.work_state == WorkState.NEEDS_REPLY
    return [
        name
        for name in _attnames(Conversation)
        if name not in _TOUCHED
        and (getattr(conversation, name) != before[name] or (waits and name in _WAITS))
    ]


def snapshot(conversation: Conversation) -> dict[str, Any]:
    """Return the present values of a conversation's columns."""
    return {name: getattr(conversation, name) for name in _attnames(Conversation)}


def update_conversation(
    conversation: Conversation, before: dict[str, Any], *, unread: int, now: datetime
) -> None:
    """Write what differs from the copy, count the unread, raise the version: the one UPDATE at the end.

    What the list shows is written whole, unless a newer message came to stand there meanwhile. A thread that came
    to need a reply meanwhile (a message failed, a member opened it again) is not taken from staff by a bot's answer.
    """
    columns = {field.attname: field for field in Conversation._meta.concrete_fields}
    names = [name for name in changed_fields(conversation, before) if name not in _LAST]
    kept = () if conversation.work_state == WorkState.NEEDS_REPLY else _WAITS
    plain = [
        f'"{columns[name].column}" = '
        + (
            f'CASE WHEN {_NEEDED} THEN "{columns[name].column}" ELSE %({name})s END'
            if name in kept
            else f"%({name})s"
        )
        for name in names
    ]
    newest = [
        f'"{columns[name].column}" = CASE WHEN last_message_at > %(last_message_at)s '
        f'THEN "{columns[name].column}" ELSE %({name})s END'
        for name in _LAST
    ]
    sets = ", ".join([*plain, *newest])
    values = {
        name: columns[name].get_db_prep_save(getattr(conversation, name), connection)
        for name in (*names, *_LAST)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE messaging_conversation
            SET {sets}, unread_count = unread_count + %(unread)s,
                version = version + 1, updated_at = %(now)s
            WHERE id = %(id)s RETURNING unread_count, version
            """,  # noqa: S608  the names come from the model
            {
                **values,
                "state_seen": before["work_state"],
                "failed_seen": before["failed_count"],
                "unread": unread,
                "now": now,
                "id": conversation.pk,
            },
        )
        conversation.unread_count, conversation.version = cursor.fetchone()
    conversation.updated_at = now
