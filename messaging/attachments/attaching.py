"""The rows of files that came or go with a message."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import prefetch_related_objects

from clinics.tenancy import current_clinic, in_clinic
from messaging.attachments import drawing, fetching, sniffing, store
from messaging.attachments.preparing import Prepared
from messaging.models import Attachment, AttachmentState, Kind, Message
from messaging.providers.base import MediaRef

#: After so long a bell is lost, and the file is found by looking.
LOST_AFTER = timedelta(minutes=1)
_LONGEST_URL = 500
_kept: ContextVar[list[str]] = ContextVar("kept")


def attach(message: Message, media: Sequence[MediaRef], *, now: datetime) -> bool:
    """Store the files of a patient's message; tell whether the worker has still something to do with one.

    One statement, none when there is nothing. In the message's transaction; who gets True wakes `clocks.MEDIA` at
    its end.
    """
    if not media:
        return False
    rows = Attachment.objects.bulk_create(_row(message, n, ref, now) for n, ref in enumerate(media, start=1))
    return _ring(rows)


def _ring(rows: Sequence[Attachment]) -> bool:
    """Wake the worker for what it still has to do; tell whether it has anything to."""
    for row in rows:
        if row.state == AttachmentState.WAITING:
            fetching.ring(row.pk)
        elif row.next_try_at is not None:
            drawing.ring(row.pk)
    return any(row.next_try_at is not None for row in rows)


def _row(message: Message, n: int, ref: MediaRef, now: datetime) -> Attachment:
    row = Attachment(
        message=message,
        n=n,
        kind=sniffing.kind_of(ref.content_type),
        content_type=ref.content_type[:100],
        size=ref.size,
        name=ref.name[:200],
        created_at=now,
    )
    if ref.key:
        row.state, row.file, row.playable, row.seconds = (
            AttachmentState.STORED,
            ref.key,
            ref.playable,
            ref.seconds,
        )
        row.next_try_at = now if drawing.wants(row.content_type) else None
    elif ref.url:
        # Signed addresses can be long: all of one stands in the message.
        row.state, row.url, row.next_try_at = AttachmentState.WAITING, ref.url[:_LONGEST_URL], now
    else:
        row.state, row.reason = AttachmentState.REFUSED, "bad_address"
    return row


def attach_kept(message: Message, files: Sequence[tuple[str, Prepared]], *, now: datetime) -> bool:
    """Store the files of a member's message, each with its name, in its transaction; one statement.

    Tell whether the worker has still something to do with one, as `attach` does.
    """
    rows = [
        Attachment(
            message=message,
            n=n,
            kind=file.kind,
            content_type=file.content_type,
            size=len(file.data),
            name=name[:200],
            state=AttachmentState.STORED,
            next_try_at=now if drawing.wants(file.content_type) else None,
            created_at=now,
        )
        for n, (name, file) in enumerate(files, start=1)
    ]
    for row, (_name, file) in zip(rows, files, strict=True):
        row.file = store.keep(file.data, key=row.pk.hex)
        _kept.get().append(row.file)
    Attachment.objects.bulk_create(rows)
    return _ring(rows)


def drop(message: Message) -> None:
    """Forget the files of a member's message that does not go; in its transaction, no statement for one without."""
    if message.kind != Kind.MEDIA:
        return
    keys = list(Attachment.objects.filter(message=message).values_list("file", flat=True))
    Attachment.objects.filter(message=message).delete()
    clinic = current_clinic()  # the clinic may have been left by the time of the commit

    def remove() -> None:
        with in_clinic(clinic):
            for key in keys:
                store.remove(key)

    transaction.on_commit(remove)


@contextmanager
def kept_with(block: AbstractContextManager[None]) -> Iterator[None]:
    """Run in a transaction, and keep no file of `attach_kept` that it does not keep the row of."""
    token = _kept.set([])
    done = False
    try:
        with block:
            yield
            done = True
    except BaseException:
        # Of a commit without an answer nobody knows whether it was done: `tidying` asks the rows a day later.
        for key in _kept.get() if not done else ():
            store.remove(key)
        raise
    finally:
        _kept.reset(token)


def load(messages: Sequence[Message]) -> None:
    """Read the files of these messages together: one statement, none when no message has any."""
    prefetch_related_objects([m for m in messages if m.kind in (Kind.MEDIA, Kind.CONTACT)], "attachments")


def files_of(message: Message) -> list[Attachment]:
    """Return the files of a message, which were read by `load`."""
    return list(message.attachments.all()) if message.kind in (Kind.MEDIA, Kind.CONTACT) else []
