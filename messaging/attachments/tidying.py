"""Once a day: files that no row names are taken away, and papers that were kept before pages were drawn are drawn.

A process that dies between storing a file and committing its row leaves a file that nobody finds. It goes a day after
it was last written: whoever wrote it has committed or died by then. A file whose row may still come to name it stays.
"""

import itertools
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from clinics import clocks
from clinics.models import HeldEvent
from clinics.tenancy import current_clinic
from medsync.lib.ids import id_in
from messaging.attachments import sniffing, store
from messaging.attachments.fetching import playable_key
from messaging.models import Attachment, AttachmentState

logger = logging.getLogger(__name__)

KEPT_FOR = EVERY = timedelta(days=1)
#: So many papers a day: whoever sends a new one does not wait behind the old ones for long.
PAPERS_AT_ONCE = 500
#: Crashes leave a few. More is what a restored dump has lost the rows of, and then a person decides.
MOST = 100
_KEYS_AT_ONCE = 2_000


def take_away(*, now: datetime) -> int:
    """Remove the files of the entered clinic that no row names; return how many. `now` is the real time. Idempotent.

    Removes none when they are more than MOST.
    """
    if _waits_outside():
        return 0
    unsettled = Attachment.objects.exclude(state=AttachmentState.STORED).values_list("pk", flat=True)
    coming = {playable_key(pk) for pk in unsettled}
    left = (key for key in store.untouched_since(now - KEPT_FOR) if key not in coming)
    unnamed: set[str] = set()
    while keys := set(itertools.islice(left, _KEYS_AT_ONCE)):
        unnamed |= keys - _named(keys)
    if len(unnamed) > MOST:
        logger.error(
            "%d files that no message has: none is taken away; is this the right database?", len(unnamed)
        )
        return 0
    for key in unnamed:
        store.remove(key)
    if unnamed:
        logger.info("%d files that no message has were taken away", len(unnamed))
    return len(unnamed)


def draw_old_papers(*, now: datetime) -> int:
    """Have the newest PDFs drawn that nobody has tried to draw; return how many. Idempotent."""
    never = Attachment.objects.filter(
        state=AttachmentState.STORED, content_type=sniffing.PDF, drawn=0, reason="", next_try_at=None
    )
    newest = list(never.order_by("-id").values_list("pk", flat=True)[:PAPERS_AT_ONCE])
    if not newest:
        return 0
    with transaction.atomic():
        due = never.filter(pk__in=newest).update(next_try_at=now, tries=0)
        clocks.wake(clocks.MEDIA, now)
    return due


def note_next(*, now: datetime) -> None:
    """Note that the entered clinic is to be visited again a day later."""
    with clocks.visit(clocks.FILES, now=now, longest=EVERY):
        pass


def _waits_outside() -> bool:
    """Tell whether a message waits to be stored that names its file itself: only those of the built-in phones do."""
    held = HeldEvent.objects.filter(account__provider="local", account__clinic=current_clinic())
    return held.filter(replayed_at=None).exists()


def _named(keys: Iterable[str]) -> set[str]:
    """Return which of these keys a row names, or may still name, for a file lies under its row's own id. One statement."""
    keys = set(keys)
    rows = Attachment.objects.filter(
        Q(pk__in=[id_in(key) for key in keys]) | Q(file__in=keys) | Q(playable__in=keys)
    )
    return {
        key for pk, *named in rows.values_list("pk", "file", "playable") for key in (pk.hex, *named) if key
    }
