"""The ways out for a message that did not arrive: once more, by SMS, or settled by a person in another way."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from clinics.models import Channel, User
from medsync.lib import jobs
from messaging import gate, threads
from messaging.models import Message, MessageStatus, Solved
from messaging.outbox import numbers
from messaging.outbox.queueing import DELIVER
from messaging.outbox.replying import GateRefused, send_reply
from messaging.outbox.routes import route_for
from messaging.outdated import is_outdated
from scheduling.locks import retrying


class NothingToSolve(Exception):
    """The message has arrived meanwhile, or somebody has found a way for it already."""

    code = "nothing_to_solve"


@retrying
def send_again(message: Message, *, now: datetime) -> None:
    """Put a message that did not arrive into the queue once more: a new attempt of the same message.

    The gate is asked first, and of what is not so any more the time is over. Raises GateRefused, NothingToSolve.
    """
    with transaction.atomic():
        over = message.purpose in (gate.NOTICE, gate.REMINDER) and is_outdated(message)
        route = route_for(message.conversation, sender=message.sender)
        facts = replace(
            route.facts,
            has_address=bool(message.address or route.address),
            approved=message.template_id is not None,
            template_id=message.template_id,
            template_name=message.template.name if message.template else "",
            expires_at=now if over else message.expires_at,
        )
        # What a member decides waits for no morning; the clock's own reminder would.
        purpose = gate.NOTICE if message.purpose == gate.REMINDER else message.purpose
        verdict = gate.judge(facts, channel=message.channel, purpose=purpose, body=message.words, now=now)
        if not verdict.allowed:
            raise GateRefused(verdict)
        _change(
            message,
            now,
            status=MessageStatus.QUEUED,
            purpose=purpose,
            priority=gate.PRIORITY[purpose],
            next_attempt_at=now,
            lease_until=None,
            address=message.address or route.address,
            reason="",
            error_code="",
            verdict=verdict.as_json(now),
        )
        threads.status_moved(
            message.conversation_id, message.pk, before=message.status, after=MessageStatus.QUEUED, now=now
        )
        jobs.enqueue_on_commit(DELIVER)


@retrying
def send_by_sms(message: Message, *, by: User, now: datetime) -> Message:
    """Send the same words by SMS, from the clinic's first number for it; return the new message.

    Raises GateRefused, NothingToSolve.
    """
    sender = numbers.primary(Channel.SMS)
    if sender is None:
        raise GateRefused(
            gate.judge(gate.Facts(), channel=Channel.SMS, purpose=message.purpose, body=message.body, now=now)
        )
    with transaction.atomic():
        _change(message, now, solved=Solved.SMS)
        return send_reply(
            message.conversation,
            body=message.body,
            user=by,
            sender=sender,
            client_message_id=f"sms:{message.pk}",
            now=now,
        )


@retrying
def settle_otherwise(message: Message, *, now: datetime) -> None:
    """Note that the patient knows by another way, a call for instance. Raises NothingToSolve."""
    with transaction.atomic():
        _change(message, now, solved=Solved.OTHERWISE)
        threads.solved(message.conversation_id, now=now)


def can_send_sms() -> bool:
    """Tell whether the clinic has a number for SMS."""
    return numbers.primary(Channel.SMS) is not None


def _change(message: Message, now: datetime, **changes: object) -> None:
    open_ = Message.objects.filter(pk=message.pk, status__in=threads.NOT_REACHED, solved="")
    if not open_.update(updated_at=now, **changes):
        raise NothingToSolve
