"""How many messages a sender may send now: its rate, kept by all processes together in one row a sender.

The rate is the sender's own (`Sender.per_second`), else its provider's for the channel. In any span of a second no
more are taken than it says; of a rate below one, one in its span. Who has no place left is not looked at before
`free_at`, so nothing sleeps and nothing is written for those that wait. Real time, like all that is shared.
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import connection
from django.db.models import Exists, OuterRef

from clinics.models import Sender, SenderPace
from clinics.tenancy import current_clinic
from medsync.lib import clock, jobs
from messaging import providers
from messaging.models import Message, MessageStatus

#: A bell is rung so many seconds ahead at most; what must wait longer is found by the sweep.
LONGEST_RING = timedelta(seconds=60)
#: Bells of one clinic stand at least so many seconds apart.
_BETWEEN = 0.1


@dataclass(slots=True)
class Room:
    """What a sender may still take at `at`, of `most` in any `span` seconds."""

    most: int
    span: float
    at: float
    taken: list[tuple[float, int]]

    @property
    def left(self) -> int:
        """Return how many more may go."""
        return max(0, self.most - sum(count for _, count in self.taken))

    def take(self, count: int) -> None:
        """Note that so many go."""
        if count:
            self.taken.append((self.at, count))

    @property
    def free_at(self) -> datetime:
        """Return from when on there is a place; one that is there now was there before, whoever's clock is late."""
        seconds = self.at - self.span if self.left else self.taken[0][0] + self.span
        return datetime.fromtimestamp(seconds, UTC)


def rate_of(sender: Sender) -> float | None:
    """Return how many messages a second a sender may send, None for any number; its account is selected."""
    if sender.per_second is not None and sender.per_second > 0:
        return sender.per_second
    return allowed(sender)


def allowed(sender: Sender) -> float | None:
    """Return how many messages a second the provider takes from an ordinary number of the channel, None for any."""
    try:
        return providers.get(sender.account.provider).rate(sender.channel)
    except providers.UnknownProvider:
        return None


def room_for(senders: Sequence[Sender], *, now: datetime) -> dict[UUID, Room]:
    """Lock the paces of those senders that have a rate, ascending, and return what each may take; one statement.

    In a transaction, which `keep` ends with what was taken.
    """
    rates = {sender.pk: rate for sender in senders if (rate := rate_of(sender))}
    if not rates:
        return {}
    at = now - clock.offset()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.clinics_senderpace AS kept (sender_id, free_at, taken) "
            "SELECT id, %s, '[]' FROM unnest(%s::uuid[]) AS id "
            "ON CONFLICT (sender_id) DO UPDATE SET free_at = kept.free_at RETURNING sender_id, taken::text",
            [at, sorted(rates)],
        )
        rows = cursor.fetchall()
    return {sender_id: _room(rates[sender_id], at.timestamp(), taken) for sender_id, taken in rows}


def _room(rate: float, at: float, taken: str) -> Room:
    most = max(1, math.floor(rate))
    span = most / rate
    kept = [(float(when), int(count)) for when, count in json.loads(taken) if when > at - span]
    return Room(most, span, at, kept)


def keep(rooms: dict[UUID, Room]) -> None:
    """Store what was taken; the rows are locked."""
    for sender_id, room in rooms.items():
        SenderPace.objects.filter(pk=sender_id).update(free_at=room.free_at, taken=room.taken)


def full(*, now: datetime) -> Exists:
    """Return the condition of messages whose sender has no place now."""
    at = now - clock.offset()
    return Exists(SenderPace.objects.filter(sender=OuterRef("sender"), free_at__gt=at))


def ring_when_free(*, now: datetime) -> None:
    """Wake a worker for the entered clinic when the first of its senders with something due has a place again."""
    at = now - clock.offset()
    waiting = Message.objects.filter(
        sender=OuterRef("sender"), status=MessageStatus.QUEUED, next_attempt_at__lte=now
    )
    paces = SenderPace.objects.filter(sender__clinic=current_clinic(), free_at__gt=at)
    free_at = paces.filter(Exists(waiting)).order_by("free_at").values_list("free_at", flat=True).first()
    if free_at is not None:
        ring(free_at - at, now=now)


def ring(wait: timedelta, *, now: datetime) -> None:
    """Wake a worker for the entered clinic after so long, once however many ask for that moment."""
    if wait > LONGEST_RING:
        return
    slot = math.ceil(((now + wait) - clock.offset()).timestamp() / _BETWEEN)
    # The cache only spares bells; were it lost, there would be more of them.
    if cache.add(f"outbox-bell:{slot}", 1, 90):
        seconds = max(slot * _BETWEEN - (now - clock.offset()).timestamp(), 0.0)
        jobs.enqueue_on_commit("messaging.deliver_outbox", after=seconds + 0.01)


def in_turn(messages: Sequence[Message], rooms: dict[UUID, Room]) -> list[Message]:
    """Return those of the messages, in their order, for which their senders have a place."""
    seen: Counter[UUID | None] = Counter()
    fitting = []
    for message in messages:
        room = rooms.get(message.sender_id) if message.sender_id else None
        if room is None or seen[message.sender_id] < room.left:
            seen[message.sender_id] += 1
            fitting.append(message)
    return fitting
