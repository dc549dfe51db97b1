"""Verified webhooks that could not be processed: kept encrypted, replayed when they can be."""

import base64
import dataclasses
import hashlib
import json
import logging
from bisect import bisect_right
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from celery import shared_task
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from clinics.models import HeldEvent, Sender, SenderStatus
from clinics.queries import sender_for
from clinics.tasks import ClinicTask
from clinics.tenancy import current_clinic, in_clinic
from medsync.lib import clock
from messaging import inbound, providers, statuses
from messaging.providers import forms
from messaging.providers.base import InboundMessage, InboundRequest, Malformed, Provider, StatusUpdate

logger = logging.getLogger(__name__)

#: An answer that comes later than this would surprise more than help.
STILL_ANSWERED = timedelta(minutes=10)
#: Minutes after which a failed event is tried again by itself, counted from when it came; then operators must look.
RETRY_AFTER = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15, 30, 60, 2 * 60, 4 * 60, 10 * 60, 24 * 60))
AT_ONCE = 200  # events of one sweep
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


def waiting() -> QuerySet[HeldEvent]:
    """Return what is held, oldest first, each with its content left where it is until `replay` opens it.

    So one that no key opens any more cannot keep the others from being read.
    """
    return HeldEvent.objects.filter(replayed_at=None).defer("body").order_by("received_at", "id")


def replay(held: HeldEvent, *, now: datetime) -> bool:
    """Process a held event again; tell whether it is done with. Idempotent, as what it replays is.

    Older than STILL_ANSWERED it is stored and shown, and answered by nobody but staff.
    """
    HeldEvent.objects.filter(pk=held.pk).update(tries=F("tries") + 1)
    return _tried(held, now)


def sweep(*, now: datetime) -> int:
    """Try again what is due of what failed, and what waits for a number that is linked by now; return how many.

    Safe in several processes: a try is taken by a guarded UPDATE. After the last of RETRY_AFTER an event is left
    to operators.
    """
    tried = 0
    for held in waiting().filter(_due(now))[:AT_ONCE]:
        # After a long standstill the tries that were missed are not made up for, one after the other.
        passed = max(held.tries + 1, bisect_right(RETRY_AFTER, now - held.received_at))
        if not HeldEvent.objects.filter(pk=held.pk, tries=held.tries, replayed_at=None).update(tries=passed):
            continue
        tried += 1
        if not _tried(held, now) and passed >= len(RETRY_AFTER):
            logger.error("held event %s is left to operators after its last try", held.pk)
    return tried


def _due(now: datetime) -> Q:
    due = Q(pk__in=())
    for tries, after in enumerate(RETRY_AFTER):
        due |= Q(tries=tries, received_at__lte=now - after)
    linked = Sender.objects.filter(
        phone_number=OuterRef("to_number"),
        channel=OuterRef("channel"),
        account=OuterRef("account"),
        status=SenderStatus.ACTIVE,
    )
    failed = Q(reason=HeldEvent.Reason.FAILED)
    return due & (failed | Q(Exists(linked), reason=HeldEvent.Reason.UNKNOWN_SENDER))


def _tried(held: HeldEvent, now: datetime) -> bool:
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
    request = forms.request_of(
        base64.b64decode(content["body"]),
        urls=(content["url"],),
        headers={},
        content_type=content.get("content_type") or forms.FORM,
    )
    if held.kind == _STATUS or (held.kind == _ODD and _reports_status(provider, request)):
        update = provider.parse_status(request)
        route = sender_for(update.channel, update.from_address)
        statuses.apply_status(update, account_id=held.account_id, route=route, now=now)
        return True
    event = provider.parse_message(request)
    route = sender_for(event.channel, event.to_number)
    if route is None or route.account_id != held.account_id:
        return False
    fresh = now - held.received_at < STILL_ANSWERED
    with in_clinic(route.schema_name):
        # Its webhook is over: what is said now goes by the outbox.
        event = dataclasses.replace(event, occurred_at=event.occurred_at or clock.here(held.received_at))
        inbound.store(
            event,
            route,
            clock.here(now),
            received_at=clock.here(held.received_at),
            answers=fresh,
            inline=False,
        )
    return True


def _reports_status(provider: Provider, request: InboundRequest) -> bool:
    paths = provider.webhooks("")
    if paths.status == paths.message:
        return provider.event_kind(request) == "status"
    return "/status" in request.urls[0]


def replay_number(channel: str, phone_number: str, *, now: datetime) -> int:
    """Replay, oldest first, what came for a number before it was linked; return how many are done with."""
    unknown = waiting().filter(
        to_number=phone_number, channel=channel, reason=HeldEvent.Reason.UNKNOWN_SENDER
    )
    return sum(replay(held, now=now) for held in unknown)


@shared_task(base=ClinicTask, name="messaging.replay_held")  # type: ignore[untyped-decorator]
def replay_held(sender_id: str) -> None:
    """Replay what was held for a sender that was linked."""
    sender = Sender.objects.filter(pk=sender_id, clinic_id=current_clinic().pk).first()
    if sender is not None:
        replay_number(sender.channel, sender.phone_number, now=clock.real_now())


@shared_task(name="messaging.replay_all_held", ignore_result=True)  # type: ignore[untyped-decorator]
def replay_all_held() -> None:
    """Try again what is due of all that is held; nobody knows whose it is before it is read."""
    sweep(now=clock.now())
