"""What was last seen of a sender, noted at most once a minute by each process: hot paths pay next to nothing."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import Error
from django.db.models import Case, DateTimeField, F, Value, When

from clinics.models import SenderHealth

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
QUIET_AFTER = timedelta(hours=1)
_noted: dict[tuple[str, UUID], float] = {}


def webhook_seen(sender_id: UUID, *, now: datetime) -> None:
    """Note that the provider reached us with a good signature; an hour after the last bad one that ends the alarm."""
    if not _due("webhook_at", sender_id):
        return
    quiet = Case(
        When(refused_since__lt=now - QUIET_AFTER, then=Value(None, output_field=DateTimeField())),
        default=F("alert_since"),
    )
    _note("webhook_at", sender_id, now, alert_since=quiet)


def inbound_seen(sender_id: UUID, *, now: datetime) -> None:
    """Note that a patient's message came in."""
    if _due("last_inbound_at", sender_id):
        _note("last_inbound_at", sender_id, now)


def delivery_seen(sender_id: UUID, *, now: datetime) -> None:
    """Note that a message arrived at a patient."""
    if _due("last_delivered_at", sender_id):
        _note("last_delivered_at", sender_id, now)


def _due(field: str, sender_id: UUID) -> bool:
    key, at = (field, sender_id), time.monotonic()
    if at - _noted.get(key, -EVERY_SECONDS) < EVERY_SECONDS:
        return False
    if len(_noted) > 50_000:
        _noted.clear()
    _noted[key] = at
    return True


def _note(field: str, sender_id: UUID, now: datetime, **more: Any) -> None:
    try:
        SenderHealth.objects.filter(sender_id=sender_id).update(**{field: now}, **more)
    except Error as error:  # what it was noted for is committed already
        logger.warning("health of a sender not noted: %s", type(error).__name__)
