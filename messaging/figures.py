"""What the clinic's dashboard counts of messages and threads. Bounded by days or by an index, never a whole table."""

from datetime import datetime

from django.db.models import Count

from medsync.lib import clock
from medsync.lib.ids import lowest_id
from messaging.models import Conversation, Direction, Kind, Message, WorkState


def sent_by_status(*, since: datetime) -> dict[str, int]:
    """Return how many messages to patients stand in each status, of those written since then."""
    rows = (
        Message.objects.filter(
            direction=Direction.OUTBOUND,
            created_at__gte=since,
            pk__gte=lowest_id(since - clock.offset()),  # ids are made by the real clock
        )
        .exclude(kind__in=(Kind.NOTE, Kind.CALL))
        .order_by()
        .values_list("status")
        .annotate(count=Count("pk"))
    )
    return dict(rows)


def waiting_threads(*, limit: int) -> tuple[int, datetime | None]:
    """Return how many threads need a reply (at most ``limit``), and since when the first of them waits."""
    since = list(
        Conversation.objects.filter(work_state=WorkState.NEEDS_REPLY, put_away_at=None)
        .order_by("waiting_since", "id")
        .values_list("waiting_since", flat=True)[:limit]
    )
    return len(since), next((at for at in since if at is not None), None)
