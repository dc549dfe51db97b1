"""Bringing files from the provider into our store: by the worker, one at a time, again for a day, then never by itself.

The row is the task: `next_try_at` says when, and is moved on before anybody is asked, so that of two workers one
fetches, and a worker that dies leaves a row that comes due again. The message stays whatever becomes of its files.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import F, QuerySet

from clinics import clocks
from clinics.queries import secrets_of
from medsync.lib import jobs
from messaging import providers, threads
from messaging.attachments import drawing, store
from messaging.attachments.preparing import LIMITS, FileRefused, Prepared, prepare
from messaging.models import Attachment, AttachmentState, Message
from messaging.providers.media import MediaError

logger = logging.getLogger(__name__)

TASK = "messaging.fetch_media"
#: Longer than a fetch can take, the making of a playable copy included.
LEASE = timedelta(minutes=5)
DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=13),
)
GAVE_UP, GONE = "gave_up", "gone"
#: A provider that says "not there" so often, over more than four hours, means it.
NOT_THERE_AT_MOST = 6
_RUNG_AT_ONCE = 100


def ring(attachment_id: UUID) -> None:
    """Wake the worker for a file, after commit."""
    jobs.enqueue_on_commit(TASK, attachment_id=str(attachment_id))


def fetch(attachment_id: UUID, *, now: datetime) -> None:
    """Fetch a file that is due. Idempotent, in any number at once; outside of a transaction."""
    due = _waiting(now).filter(pk=attachment_id)
    if not due.update(next_try_at=now + LEASE, tries=F("tries") + 1):
        return
    attachment = Attachment.objects.select_related("message__account").get(pk=attachment_id)
    if attachment.tries > len(DELAYS) + 1:  # it took a worker with it each time
        _failed(attachment, "no_answer", again=True, now=now)
        return
    try:
        file = _fetched(attachment)
        key = store.keep(file.data, key=attachment.pk.hex)
        playable = ""
        if file.playable is not None:
            playable = store.keep(file.playable, key=playable_key(attachment.pk))
    except MediaError as error:
        _failed(attachment, error.code, again=error.again, now=now)
    except FileRefused as error:
        _failed(attachment, error.code, again=False, now=now)
    except OSError as error:
        logger.error("a file of message %s was not kept: %s", attachment.message_id, type(error).__name__)
        _failed(attachment, "no_room", again=True, now=now)
    else:
        _settle(
            attachment,
            now=now,
            cards=file,
            state=AttachmentState.STORED,
            reason="",
            url="",
            next_try_at=now if drawing.wants(file.content_type) else None,
            tries=0 if drawing.wants(file.content_type) else attachment.tries,
            file=key,
            playable=playable,
            kind=file.kind,
            content_type=file.content_type,
            size=len(file.data),
            seconds=file.seconds,
        )


def ring_due(*, now: datetime) -> int:
    """Wake the worker for each file that is to be fetched or drawn now; note when the next one is. Idempotent."""
    coming = Attachment.objects.filter(next_try_at__isnull=False).order_by("next_try_at")
    due = list(coming.filter(next_try_at__lte=now).values_list("pk", "state")[:_RUNG_AT_ONCE])
    for attachment_id, state in due:
        (drawing.ring if state == AttachmentState.STORED else ring)(attachment_id)
    with clocks.visit(clocks.MEDIA, now=now) as visit:
        next_at = coming.values_list("next_try_at", flat=True).first()
        if next_at is None:
            visit.sleep()
        else:
            visit.next_at = max(next_at, now + DELAYS[0])
    return len(due)


def try_again(attachment: Attachment, *, now: datetime) -> bool:
    """Begin anew with a file that was given up; tell whether it was."""
    with transaction.atomic():
        given_up = Attachment.objects.filter(
            pk=attachment.pk, state=AttachmentState.REFUSED, reason=GAVE_UP
        ).exclude(url="")
        if not given_up.update(state=AttachmentState.WAITING, reason="", tries=0, next_try_at=now):
            return False
        ring(attachment.pk)
        _show(attachment.message, now=now)
        clocks.wake(clocks.MEDIA, now + DELAYS[0])
    return True


def playable_key(attachment_id: UUID) -> str:
    """Return the key of a file's playable copy: the same each time, so that a repeated fetch leaves nothing behind."""
    return uuid5(attachment_id, "playable").hex


def _waiting(now: datetime) -> QuerySet[Attachment]:
    return Attachment.objects.filter(state=AttachmentState.WAITING, next_try_at__lte=now)


def _fetched(attachment: Attachment) -> Prepared:
    account, channel = attachment.message.account, attachment.message.channel
    limit = LIMITS.get(channel, min(LIMITS.values()))
    if account is None:
        raise MediaError("bad_address")
    try:
        provider = providers.get(account.provider)
    except providers.UnknownProvider:
        raise MediaError("no_answer", again=True) from None
    found = provider.fetch_media(
        _address(attachment),
        account_sid=account.external_id,
        secret=next(iter(secrets_of(account)), ""),
        limit=limit,
    )
    return prepare(found.data, said=attachment.content_type or found.content_type, limit=limit)


def _address(attachment: Attachment) -> str:
    """Return where the provider keeps a file: the row has the beginning of a long address, the message all of it."""
    told = attachment.message.payload.get("media", ())
    whole: str = told[attachment.n - 1]["url"] if attachment.n <= len(told) else ""
    return whole if whole.startswith(attachment.url) else attachment.url


def _failed(attachment: Attachment, code: str, *, again: bool, now: datetime) -> None:
    tries = attachment.tries
    if code == "not_there" and tries >= NOT_THERE_AT_MOST:
        again, code = False, GONE
    if again and tries <= len(DELAYS):
        next_at = now + DELAYS[tries - 1]
        _settle(attachment, now=now, reason=code, next_try_at=next_at)
        return
    state = AttachmentState.GONE if code == GONE else AttachmentState.REFUSED
    logger.info("file %s of message %s: %s", attachment.pk, attachment.message_id, code)
    reason = GAVE_UP if again else code
    with transaction.atomic():  # what is left over goes while nobody can begin anew
        if _settle(attachment, now=now, state=state, reason=reason, next_try_at=None):
            for key in (attachment.pk.hex, playable_key(attachment.pk)):
                store.remove(key)


def _settle(attachment: Attachment, *, now: datetime, cards: Prepared | None = None, **values: Any) -> bool:
    """Write how a try ended, unless another was faster, and show it; tell whether it was."""
    with transaction.atomic():
        mine = Attachment.objects.filter(
            pk=attachment.pk, state=AttachmentState.WAITING, tries=attachment.tries
        )
        if not mine.update(**values):
            return False
        if cards is not None and cards.cards:
            message = Message.objects.select_for_update(no_key=True).get(pk=attachment.message_id)
            message.payload["contacts"] = [{"name": c.name, "numbers": c.numbers} for c in cards.cards]
            Message.objects.filter(pk=message.pk).update(payload=message.payload)
        _show(attachment.message, now=now)
        if values["next_try_at"] and values.get("file"):
            drawing.ring(attachment.pk)
            clocks.wake(clocks.MEDIA, now + DELAYS[0])
    return True


def _show(message: Message, *, now: datetime) -> None:
    Message.objects.filter(pk=message.pk).update(updated_at=now)
    threads.touch(message.conversation_id, now=now)
