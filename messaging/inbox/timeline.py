"""What stands in a thread, in the order of time: messages, cards, what was done, and the lines between days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from clinics.models import Clinic, User
from clinics.permissions import Action, can
from messaging import times
from messaging.inbox import bubbles
from messaging.inbox.bubbles import Said, Ways
from messaging.inbox.happened import Events, event_lines
from messaging.inbox.heldreply import HeldReply, held_reply, is_held
from messaging.inbox.queries import ThreadRows
from messaging.models import Direction, Message
from messaging.requests import cards
from messaging.requests.cards import Request, RequestLine, Urls
from scheduling.models import Appointment


@dataclass(frozen=True, slots=True)
class Day:
    """A line between two days."""

    key: str
    label: str
    template: str = "messaging/item_day.html"


@dataclass(frozen=True, slots=True)
class NewSince:
    """The line above what came since this member looked."""

    key: str = "new-since"
    template: str = "messaging/item_new.html"


Item = Day | Events | NewSince | Said | HeldReply | Request | RequestLine


def items(
    rows: ThreadRows,
    *,
    name: str,
    called: str,
    clinic: Clinic,
    user: User,
    preview: Callable[[Appointment], str],
    now: datetime,
) -> Iterator[Item]:
    """Yield what stands in a thread, the oldest first; `called` is how one talks of the patient."""
    zone = clinic.zone
    ways = Ways(
        work=can(user, clinic, Action.WORK),
        sms=rows.can_text,
        phone=rows.conversation.contact_point.phone or "",
        me=user.pk,
    )
    timed: list[tuple[datetime, int, Item]] = []
    previous: Message | None = None
    for message in rows.messages:
        if is_held(message):
            held = held_reply(message, name=called, works=ways.work)
            timed.append((message.created_at, 2, held))
            continue
        timed.append(
            (
                message.created_at,
                0,
                bubbles.said(message, previous, name, clinic, ways=ways, now=now, quoted=rows.quoted),
            )
        )
        previous = message
    # A card stands behind the words that asked for it; without them, where it was stored.
    asked_at = {
        m.appointment_id: m.created_at
        for m in rows.messages
        if m.appointment_id and m.direction == Direction.INBOUND
    }
    decides = can(user, clinic, Action.DECIDE)
    for appointment in rows.requests:
        card = cards.card(
            appointment,
            people=rows.people,
            user=user,
            decides=decides,
            preview=preview,
            urls=_urls(appointment.pk),
            now=now,
        )
        timed.append((asked_at.get(appointment.id, appointment.created_at), 1, card))
    for at, line in event_lines(rows.events, names=rows.names, zone=zone):
        timed.append((at, 2, line))
    news = _first_news(rows)
    if news is not None:
        timed.append((news, -1, NewSince()))
    timed.sort(key=lambda entry: (entry[0], entry[1]))
    day, folded = None, list[Events]()
    for at, _order, item in timed:
        date = at.astimezone(zone).date()
        if date != day:
            day = date
            yield from folded
            folded = []
            yield Day(key=date.isoformat(), label=times.day_line(at, zone, now=now))
        if isinstance(item, Events):
            folded = [folded[0] + item] if folded else [item]
            continue
        yield from folded
        folded = []
        yield item
    yield from folded


def _first_news(rows: ThreadRows) -> datetime | None:
    """Return when the first message came that this member has not seen, None when there is none on this page."""
    seen = rows.seen_at
    if seen is None:
        return None
    came = [m.created_at for m in rows.messages if m.direction == Direction.INBOUND and m.created_at > seen]
    return came[0] if came else None


def _urls(appointment_id: UUID) -> Urls:
    """Return where the answers of a card in a thread go."""
    here = [appointment_id]
    return Urls(
        accept=reverse("inbox:accept", args=here),
        decline=reverse("inbox:decline", args=here),
        offer=reverse("inbox:offer", args=here),
    )
