"""What the page of the clinic's numbers reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from clinics.models import Channel, Clinic, Sender, SenderHealth, SenderStatus
from medsync.lib import clock
from medsync.lib.ids import lowest_id
from messaging.gate.capacity import Use, use_of
from messaging.models import Direction, Message
from messaging.threads import NOT_REACHED

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """What left through a number in the last 24 hours."""

    sent: int
    failed: int
    reach: Use | None = None  # of a WhatsApp number's account, whatever clinic it reached somebody for


def numbers(clinic: Clinic) -> list[Sender]:
    """Return the clinic's active numbers by channel and rank, then those taken off, the newest first."""
    rows = Sender.objects.filter(clinic=clinic).select_related("account", "health")
    active = sorted(
        (row for row in rows if row.status == SenderStatus.ACTIVE),
        key=lambda row: (Channel.values.index(row.channel), row.rank),
    )
    gone = sorted(
        (row for row in rows if row.status != SenderStatus.ACTIVE),
        key=lambda row: row.retired_at or row.created_at,
        reverse=True,
    )
    # A number that was linked again is shown as it is now.
    present = {(row.phone_number, row.channel) for row in active}
    return active + [row for row in gone if (row.phone_number, row.channel) not in present]


def health_of(sender: Sender) -> SenderHealth:
    """Return what was seen of a number; an empty row when nothing was."""
    try:
        return sender.health
    except SenderHealth.DoesNotExist:
        return SenderHealth(sender=sender)


def figures(sender: Sender, *, now: datetime) -> Figures:
    """Return what left through the number in the last 24 hours; found by time, whatever the table's size."""
    since = now - DAY
    found = Message.objects.filter(
        pk__gte=lowest_id(since - clock.offset()),  # ids are made by the real clock
        created_at__gte=since,
        sender=sender,
        direction=Direction.OUTBOUND,
    ).aggregate(sent=Count("pk"), failed=Count("pk", filter=Q(status__in=NOT_REACHED)))
    reach = use_of(sender.account, now=now) if sender.channel == Channel.WHATSAPP else None
    return Figures(**found, reach=reach)
