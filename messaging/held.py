"""Verified webhooks that could not be processed: kept encrypted, replayed when they can be."""

import base64
import dataclasses
import hashlib
import json
import logging
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from celery import shared_task
from django.db.models import F

from clinics.models import HeldEvent, Sender
from clinics.queries import sender_for
from clinics.tasks import ClinicTask
from clinics.tenancy import current_clinic, in_clinic
from medsync.lib import clock
from messaging import inbound, providers, statuses
from messaging.providers import forms
from messaging.providers.base import InboundMessage, InboundRequest, Malformed, StatusUpdate

logger = logging.getLogger(__name__)

#: An answer that comes later than this would surprise more than help.
STILL_ANSWERED = timedelta(minutes=10)
_MESSAGE, _STATUS, _ODD = "message", "status", "odd"


def keep(
    request: InboundRequest,
    account_id: UUID,
    event: InboundMessage | StatusUpdate | None,
    reason: HeldEvent.Reason,
    *,
    now: datetime,
    error: str = "",
) -> None:
    """Hold a request; the same one again changes nothing."""
    digest = hashlib.sha256(request.body).hexdigest()[:32]
    kind, channel, number = _ODD, "", ""
    event_id = f"odd:{digest}"
    if isinstance(event, InboundMessage):
        kind, channel, number = _MESSAGE, event.channel, event.to_number
        event_id = f"message:{event.event_id}"
        if reason == HeldEvent.Reason.CONFLICT:
            event_id = f"conflict:{event.event_id}:{digest}"
    elif isinstance(event, StatusUpdate):
        kind, channel, number = _STATUS, event.channel, event.from_address[:16]
        event_id = f"status:{event.provider_message_id}:{event.status}"
    content = {
        "url": request.urls[0] if request.urls else "",
        "content_type": request.content_type,
        "body": base64.b64encode(request.body).decode("ascii"),
    }
    HeldEvent.objects.bulk_create(
        [
            HeldEvent(
                account_id=account_id,
                event_id=event_id,
                kind=kind,
                channel=channel,
                to_number=number,
                body=json.dumps(content),
                reason=reason,
                error=error[:80],
                received_at=now,
            )
        ],
        ignore_conflicts=True,
    )


def replay(held: HeldEvent, *, now: datetime) -> bool:
    """Process a held event again; tell whether it is done with. Idempotent, as what it replays is.

    Older than STILL_ANSWERED it is stored and shown, and answered by nobody but staff.
    """
    HeldEvent.objects.filter(pk=held.pk).update(tries=F("tries") + 1)
    try:
        done = _replay(held, now)
    except Malformed as error:
        logger.warning("held event %s is still malformed: %s", held.pk, error.code)
        return False
    except Exception as error:  # the boundary: one bad event never stops the next
        logger.error("held event %s failed again: %s", held.pk, type(error).__name__)
        return False
    if done:
        HeldEvent.objects.filter(pk=held.pk, replayed_at=None).update(replayed_at=now)
    return done


def _replay(held: HeldEvent, now: datetime) -> bool:
    provider = providers.get(held.account.provider)
    content = json.loads(cast(str, held.body))
    request = forms.request_of(base64.b64decode(content["body"]), urls=(content["url"],), headers={})
    if held.kind == _STATUS or (held.kind == _ODD and "/status" in content["url"]):
        update = provider.parse_status(request)
        route = sender_for(update.channel, update.from_address)
        statuses.apply_status(update, account_id=held.account_id, route=route, now=now)
        return True
    event = provider.parse_message(request)
    route = sender_for(event.channel, event.to_number)
    if route is None or route.account_id != held.account_id:
        return False
    event = dataclasses.replace(event, occurred_at=event.occurred_at or held.received_at)
    fresh = now - held.received_at < STILL_ANSWERED
    with in_clinic(route.schema_name):
        # Its webhook is over: what is said now goes by the outbox.
        inbound.store(event, route, now, received_at=held.received_at, answers=fresh, inline=False)
    return True


def replay_number(channel: str, phone_number: str, *, now: datetime) -> int:
    """Replay, oldest first, what came for a number before it was linked; return how many are done with."""
    waiting = HeldEvent.objects.filter(
        to_number=phone_number,
        channel=channel,
        replayed_at=None,
        reason=HeldEvent.Reason.UNKNOWN_SENDER,
    ).select_related("account")
    return sum(replay(held, now=now) for held in waiting.order_by("received_at", "id"))


@shared_task(base=ClinicTask, name="messaging.replay_held")  # type: ignore[untyped-decorator]
def replay_held(sender_id: str) -> None:
    """Replay what was held for a sender that was linked."""
    sender = Sender.objects.filter(pk=sender_id, clinic_id=current_clinic().pk).first()
    if sender is not None:
        replay_number(sender.channel, sender.phone_number, now=clock.now())
