"""Another way for what we began when its window has closed while it waited."""

from collections.abc import Callable
from datetime import datetime

from messaging import catalog, gate, threads
from messaging.approved.choosing import reads
from messaging.models import Kind, Message
from messaging.outbox.routes import route_for_beginning

#: Returns what a message reads like on another channel, None when it may not go there.
Reworded = Callable[..., str | None]

_reworded: dict[str, Reworded] = {}


def register(purpose: str, reworded: Reworded) -> None:
    """Let `reworded(message, channel=…, now=…)` word what is begun for a purpose when it changes the channel."""
    _reworded[purpose] = reworded


def another_way(message: Message, *, now: datetime) -> bool:
    """Turn a message that a closed window stops into its approved text, or send it elsewhere; tell whether it could.

    For what the system began only: a member's words and answers stay as they are. In the transaction of a worker
    that has the row locked; the message stays queued and is due at once.
    """
    if message.purpose not in gate.BEGUN or message.answers_id is not None or message.template_id is not None:
        return False
    said = catalog.Said(**message.said) if message.said else None
    route = route_for_beginning(
        message.conversation, now=now, purpose=message.purpose, said=said, visit=message.appointment
    )
    if not route.reachable or route.sender is None:
        return False
    approved = route.approved
    body = reads(approved.template, approved.variables) if approved else _words(message, route.channel, now)
    if body is None:
        return False
    verdict = gate.judge(route.facts, channel=route.channel, purpose=message.purpose, body=body, now=now)
    if not verdict.allowed:
        return False
    Message.objects.filter(pk=message.pk).update(
        channel=route.channel,
        sender=route.sender,
        account=route.sender.account,
        address=route.address,
        body=body,
        kind=Kind.TEMPLATE if approved else message.kind,
        template=approved.template if approved else None,
        payload={**message.payload, **({"variables": dict(approved.variables)} if approved else {})},
        verdict=verdict.as_json(now),
        reason="",
        next_attempt_at=verdict.not_before or now,
        updated_at=now,
    )
    threads.touch(message.conversation_id, now=now)
    return True


def _words(message: Message, channel: str, now: datetime) -> str | None:
    if channel == message.channel or message.purpose not in _reworded:
        return message.body
    return _reworded[message.purpose](message, channel=channel, now=now)
