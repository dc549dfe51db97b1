"""Messages that the provider took and that broke on their way: which of them go once more by themselves, and when.

Only what MedSync itself began, the news of a decision and reminders, and only while it is still of use. What a
member wrote stays with the member: the way out is offered under the bubble.
"""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from messaging import gate, providers, threads
from messaging.models import Attempt, Direction, Message, MessageStatus
from messaging.outdated import is_outdated
from messaging.providers.causes import Retry
from scheduling.locks import retrying

#: Why a message waits, as `Message.reason`.
SECOND_TRY = "second_try"
#: How long each further try waits, by what the provider's number asks for.
_WAITS = {
    Retry.ONCE_LATER: (timedelta(hours=1),),
    Retry.BACKOFF: (timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1)),
    Retry.BACKOFF_LONG: (timedelta(hours=4), timedelta(hours=8)),
    Retry.IF_STILL_USEFUL: (timedelta(minutes=5),),
}
_TRIES_OF_DAYS = 2
#: News without a visit that are older than this are no news.
_NEWS_FOR = timedelta(days=1)
#: The carriers' day ends at midnight there; some minutes later everybody begins again.
_CARRIERS, _AFTER_MIDNIGHT = ZoneInfo("America/Los_Angeles"), timedelta(minutes=10)
_ENDED = (MessageStatus.FAILED, MessageStatus.UNDELIVERED)


def wait(code: str, *, tried: int, now: datetime) -> timedelta | None:
    """Return how long a message with this error waits for its next try, None when there is none.

    `tried` is how often it has broken on its way, this time among them.
    """
    known = providers.known_error(code)
    if known is None:
        return None
    if known.retry is Retry.NEXT_DAY:
        return _until_next_day(now) if tried <= _TRIES_OF_DAYS else None
    waits = _WAITS.get(known.retry, ())
    return waits[tried - 1] if 1 <= tried <= len(waits) else None


@retrying
def plan(message_id: UUID, *, code: str, now: datetime) -> bool:
    """Put a message that broke on its way back into the queue for later; tell whether it will go once more."""
    message = (
        Message.objects.select_related("appointment")
        .filter(pk=message_id, purpose__in=(gate.NOTICE, gate.REMINDER), status__in=_ENDED, solved="")
        .first()
    )
    if message is None:
        return False
    broken = Attempt.objects.filter(message=message, state__in=_ENDED, provider_id__isnull=False).count()
    after = wait(code, tried=broken, now=now)
    if after is None or not _is_of_use(message, now + after):
        return False
    with transaction.atomic():
        if is_outdated(message):
            return False
        moved = Message.objects.filter(pk=message.pk, status__in=_ENDED, solved="").update(
            status=MessageStatus.QUEUED,
            reason=SECOND_TRY,
            next_attempt_at=now + after,
            lease_until=None,
            updated_at=now,
        )
        if moved:
            threads.status_moved(
                message.conversation_id,
                message.pk,
                before=message.status,
                after=MessageStatus.QUEUED,
                now=now,
            )
    return bool(moved)


def _is_of_use(message: Message, at: datetime) -> bool:
    """Tell whether a message would still say something true and new at that time."""
    if message.expires_at is not None and message.expires_at <= at:
        return False
    if message.appointment is None:
        return at - message.created_at < _NEWS_FOR
    if message.appointment.starts_at <= at:
        return False
    newer = Message.objects.filter(
        appointment=message.appointment_id,
        direction=Direction.OUTBOUND,
        purpose__in=(gate.NOTICE, gate.REMINDER),
        created_at__gt=message.created_at,
    )
    return not newer.exists()


def _until_next_day(now: datetime) -> timedelta:
    there = now.astimezone(_CARRIERS)
    midnight = (there + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(now.tzinfo) - now + _AFTER_MIDNIGHT
