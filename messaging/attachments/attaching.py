"""The rows of files that came with a message."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import prefetch_related_objects

from messaging.models import Attachment, AttachmentKind, AttachmentState, Kind, Message
from messaging.providers.base import MediaRef

_KINDS = {"image": AttachmentKind.IMAGE, "audio": AttachmentKind.AUDIO, "video": AttachmentKind.VIDEO}


def attach(message: Message, media: Sequence[MediaRef], *, now: datetime) -> None:
    """Store what is in our store already; one statement, none when there is nothing. In the message's transaction."""
    here = [(n, ref) for n, ref in enumerate(media, start=1) if ref.key]
    if not here:
        return
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            n=n,
            kind=_KINDS.get(ref.content_type.partition("/")[0], AttachmentKind.DOCUMENT),
            content_type=ref.content_type[:100],
            size=ref.size,
            name=ref.name[:200],
            state=AttachmentState.STORED,
            file=ref.key,
            created_at=now,
        )
        for n, ref in here
    )


def load(messages: Sequence[Message]) -> None:
    """Read the files of these messages together: one statement, none when no message has any."""
    prefetch_related_objects([m for m in messages if m.kind == Kind.MEDIA], "attachments")


def pictures_of(message: Message) -> list[Attachment]:
    """Return the pictures of a message that can be shown; its files were read by `load`."""
    if message.kind != Kind.MEDIA:
        return []
    return [
        one
        for one in message.attachments.all()
        if one.kind == AttachmentKind.IMAGE and one.state == AttachmentState.STORED
    ]
