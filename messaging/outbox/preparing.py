"""An outbound message that is not stored yet: its way, its words, and what the gate says of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from clinics.models import Sender
from medsync.lib.text import clean
from messaging import catalog, gate
from messaging.approved.choosing import reads
from messaging.gate.reading import twin_of
from messaging.models import ContentTemplate, Conversation, Direction, Kind, Message
from messaging.models.message import WORDLESS
from messaging.outbox import routes
from scheduling.models import Appointment


def prepared(
    conversation: Conversation,
    *,
    body: str,
    purpose: str,
    author: str,
    now: datetime,
    sender: Sender | None = None,
    route: routes.Route | None = None,
    kind: str = Kind.TEXT,
    user: Any = None,
    appointment: Appointment | None = None,
    dedupe_key: str | None = None,
    client_message_id: str | None = None,
    answers: Message | None = None,
    language: str = "",
    facts: gate.Facts | None = None,
    said: catalog.Said | None = None,
    expires_at: datetime | None = None,
    template: ContentTemplate | None = None,
    variables: Mapping[str, str] | None = None,
) -> tuple[Message, gate.Verdict]:
    """Return an outbound message that is not stored yet, without a status, and what the gate says of it.

    With an approved text (`template`, filled with numbered `variables`) the body is what it reads like. What we
    begin takes the approved text of `said`, or another channel, where the window is closed; what a member writes
    and what answers somebody is never replaced.
    """
    body = clean(body)
    approved = routes.Approved(template, variables or {}) if template else None
    if answers is not None and facts is not None:
        choice = gate.Choice(how=routes.ANSWERED, at=answers.created_at)
        facts = replace(facts, choice=choice)
        channel, address = answers.channel, answers.address
        sender_id, account_id = answers.sender_id, answers.account_id
    else:
        route = route or _route(
            conversation,
            purpose=purpose,
            sender=sender,
            answers=answers,
            said=said,
            visit=appointment,
            now=now,
        )
        if approved is not None:
            route = routes.with_approved(route, approved, now=now)
        elif route.approved is not None:
            approved, kind = route.approved, Kind.TEMPLATE
            body = clean(reads(approved.template, approved.variables))
        channel, address, facts = route.channel, route.address, route.facts
        sender_id = route.sender.pk if route.sender else None
        account_id = route.sender.account_id if route.sender else None
    facts = replace(facts, expires_at=expires_at)
    if purpose in gate.BEGUN:
        twin = twin_of(conversation, channel=channel, body=body, dedupe_key=dedupe_key, now=now)
        if twin is not None:
            facts = replace(facts, duplicate_of=twin[0], duplicate_at=twin[1])
    words = body or (WORDLESS if kind == Kind.MEDIA else "")
    verdict = gate.judge(facts, channel=channel, purpose=purpose, body=words, now=now)
    message = Message(
        conversation=conversation,
        direction=Direction.OUTBOUND,
        channel=channel,
        kind=kind,
        author=author,
        user=user,
        sender_id=sender_id,
        account_id=account_id,
        address=address,
        body=body,
        language=language,
        verdict=verdict.as_json(now),
        purpose=purpose,
        priority=gate.PRIORITY[purpose],
        said=said.as_json() if said else {},
        template=approved.template if approved else None,
        payload={"variables": dict(approved.variables)} if approved else {},
        expires_at=expires_at,
        appointment=appointment,
        dedupe_key=dedupe_key,
        client_message_id=client_message_id,
        answers=answers,
        created_at=now,
    )
    return message, verdict


def _route(
    conversation: Conversation,
    *,
    purpose: str,
    sender: Sender | None,
    answers: Message | None,
    said: catalog.Said | None,
    visit: Appointment | None,
    now: datetime,
) -> routes.Route:
    if purpose in gate.BEGUN and answers is None:
        return routes.route_for_beginning(
            conversation, now=now, purpose=purpose, said=said, visit=visit, sender=sender
        )
    return routes.route_for(conversation, sender=sender, answers=answers)
