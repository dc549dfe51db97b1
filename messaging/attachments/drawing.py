"""Drawing the first pages of the PDFs that are stored: by the worker, after the file is there for whoever wants it.

The row is the task here, too: `next_try_at` of a stored file. What cannot be drawn stays a card that opens in a tab.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from medsync.lib import jobs
from messaging import threads
from messaging.attachments import papers, sniffing, store
from messaging.attachments.papers import Paper
from messaging.models import Attachment, AttachmentState, Message

TASK = "messaging.draw_pages"
#: Longer than drawing can take, the waiting for another paper included.
LEASE = timedelta(minutes=5)
#: A paper that took so many workers with it is let be.
MOST_TRIES = 3
LOCKED, UNDRAWN = "locked", "undrawn"


def wants(content_type: str) -> bool:
    """Tell whether a file of this type has pages to be drawn."""
    return content_type == sniffing.PDF


def ring(attachment_id: UUID) -> None:
    """Wake the worker for a stored PDF, after commit."""
    jobs.enqueue_on_commit(TASK, attachment_id=str(attachment_id))


def draw(attachment_id: UUID, *, now: datetime) -> None:
    """Draw the pages of a PDF that is due. Idempotent, in any number at once; outside of a transaction."""
    due = Attachment.objects.filter(pk=attachment_id, state=AttachmentState.STORED, next_try_at__lte=now)
    if not due.update(next_try_at=now + LEASE, tries=F("tries") + 1):
        return
    attachment = Attachment.objects.select_related("message").get(pk=attachment_id)
    data = store.read(attachment.file) if attachment.tries <= MOST_TRIES else None
    paper = papers.drawn(data) if data is not None else Paper()
    for n, picture in enumerate(paper.pictures, start=1):
        store.keep(picture, key=store.page_key(attachment.file, n))
    if not _settle(attachment, paper, now=now) and not Attachment.objects.filter(pk=attachment_id).exists():
        store.remove(attachment.file)  # taken back meanwhile


def _settle(attachment: Attachment, paper: Paper, *, now: datetime) -> bool:
    """Write what was drawn, unless another was faster, and show it; tell whether it was."""
    message = attachment.message
    with transaction.atomic():
        # Who takes a message back locks it before its files.
        Message.objects.filter(pk=message.pk).update(updated_at=now)
        mine = Attachment.objects.filter(
            pk=attachment.pk, state=AttachmentState.STORED, tries=attachment.tries
        )
        settled = mine.update(
            pages=paper.pages or None,
            drawn=len(paper.pictures),
            reason=LOCKED if paper.locked else "" if paper.pictures else UNDRAWN,
            next_try_at=None,
        )
        if settled:
            threads.touch(message.conversation_id, now=now)
    return bool(settled)
