"""The list and the shell, as templates read them. Built from rows; no statement is made here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic, User
from messaging import times
from messaging.history import stamp
from messaging.inbox import parts
from messaging.inbox.kinds import kind_words
from messaging.inbox.list_words import EMPTY, LABELS, ORDERS
from messaging.inbox.listing import COUNT_LIMIT, Page
from messaging.inbox.parts import Chip, Link, Ring, Tag
from messaging.inbox.queries import View
from messaging.models import Author, Conversation, Kind, WorkState
from scheduling.models import Patient


@dataclass(frozen=True, slots=True)
class Row:
    """A thread in the list."""

    id: UUID
    version: int
    stamp: str
    url: str
    name: str
    last: str
    author: str
    draft: str
    time: str
    time_iso: str
    time_tone: str
    ring: Ring
    tag: Tag | None
    flags: list[Chip]
    assignee: str
    selected: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A view in the list's own menu."""

    label: str
    url: str
    icon: str
    count: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class ListPage:
    """The list pane."""

    title: str
    order: str
    count: str
    url: str
    fragment_url: str
    rows: list[Row]
    more_url: str
    end: str
    empty_title: str
    empty_text: str
    empty_links: list[Link] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


def view_url(view: View) -> str:
    """Return the page of a view; the first is the inbox itself, the requests have a screen of their own."""
    if view is View.REQUESTS:
        return reverse("requests:page")
    return reverse("inbox:page") + ("" if view is View.NEEDS_REPLY else f"?{urlencode({'view': view.value})}")


def thread_url(conversation_id: UUID, view: View) -> str:
    """Return the page that shows a thread beside the list of a view."""
    query = "" if view is View.NEEDS_REPLY else f"?{urlencode({'view': view.value})}"
    return reverse("inbox:thread", args=[conversation_id]) + query


def figure(n: int) -> str:
    """Return a count as the rail shows it: "" for none, "99+" from COUNT_LIMIT on."""
    return f"{COUNT_LIMIT - 1}+" if n >= COUNT_LIMIT else str(n) if n else ""


def list_page(
    page: Page,
    view: View,
    *,
    clinic: Clinic,
    user: User,
    counts: dict[View, int],
    selected: UUID | None,
    phone: bool,
    closing: tuple[Conversation, list[Patient]] | None = None,
    now: datetime,
) -> ListPage:
    """Return the list pane of a view; `closing` is the thread whose window closes next, asked when nobody waits."""
    base = {"view": view.value}
    title, text = (str(words) for words in EMPTY[view])
    if closing is not None:
        text = _next_closing(*closing, clinic=clinic, now=now)
    links = []
    if not page.conversations:
        if counts.get(View.REQUESTS):
            links.append(Link(str(LABELS[View.REQUESTS][0]), view_url(View.REQUESTS), "request"))
        elif view is not View.ALL:
            links.append(Link(str(LABELS[View.ALL][0]), view_url(View.ALL), "users"))
        if phone:
            links.append(Link(_("The phone"), reverse("phone:desk"), "phone"))
    return ListPage(
        title=str(LABELS[view][0]),
        order=str(ORDERS.get(view, _("Latest first"))),
        count=figure(counts.get(view, 0)),
        url=view_url(view),
        fragment_url=reverse("inbox:list") + "?" + urlencode(base),
        rows=[
            row(conversation, page, view, clinic=clinic, user=user, selected=selected, now=now)
            for conversation in page.conversations
        ],
        more_url=(
            reverse("inbox:list") + "?" + urlencode({**base, "after": page.next_cursor})
            if page.next_cursor
            else ""
        ),
        end=_end(page, view, clinic=clinic, now=now),
        empty_title=title,
        empty_text=text,
        empty_links=links,
        places=[
            Place(str(label), view_url(place), icon, figure(counts.get(place, 0)), place is view)
            for place, (label, _short, icon) in LABELS.items()
        ],
    )


def _next_closing(conversation: Conversation, people: list[Patient], *, clinic: Clinic, now: datetime) -> str:
    """Say whose window closes next, and when."""
    closes_at = conversation.window_closes_at
    assert closes_at is not None
    return _("Next window closes %(time)s (%(name)s).") % {
        "time": times.until(closes_at, clinic.zone, now=now),
        "name": parts.short_name(conversation.contact_point, people, clinic.country),
    }


def _end(page: Page, view: View, *, clinic: Clinic, now: datetime) -> str:
    """Close the list; where people wait, with whom to write to before a window closes."""
    waits = [row for row in page.conversations if row.window_closes_at and row.window_closes_at > now]
    soonest = min(waits, key=lambda row: row.window_closes_at or now, default=None)
    if view not in (View.NEEDS_REPLY, View.UNASSIGNED, View.CLOSING) or soonest is None:
        return _("That is all.")
    assert soonest.window_closes_at is not None
    return _("That is all. Write to %(name)s by %(time)s.") % {
        "name": parts.name_of(
            soonest.contact_point, page.people.get(soonest.contact_point_id, []), clinic.country
        ),
        "time": times.until(soonest.window_closes_at, clinic.zone, now=now),
    }


def row(
    conversation: Conversation,
    page: Page,
    view: View,
    *,
    clinic: Clinic,
    user: User,
    selected: UUID | None,
    now: datetime,
) -> Row:
    """Return one line of the list."""
    point = conversation.contact_point
    people = page.people.get(point.id, [])
    channel, closes_at = conversation.last_channel, conversation.window_closes_at
    ring = parts.ring(channel, closes_at, now=now)
    waits = conversation.work_state == WorkState.NEEDS_REPLY
    since = conversation.waiting_since if waits else None
    at = since or conversation.last_message_at
    return Row(
        id=conversation.id,
        version=conversation.version,
        stamp=stamp(conversation),
        url=thread_url(conversation.id, view),
        name=parts.name_of(point, people, clinic.country),
        last=_last_line(conversation),
        author=_author(conversation, page, user),
        draft=page.drafts.get(conversation.id, ""),
        time=times.duration(now - since) if since else times.moment(at, clinic.zone, now=now) if at else "",
        time_iso=at.isoformat() if at else "",
        time_tone=ring.state if since and ring.state in ("warn", "bad") else "",
        ring=ring,
        tag=parts.sender_tag(conversation.last_sender, channel),
        flags=_flags(
            conversation, page, view, named=sum(bool(p.name) for p in people), clinic=clinic, now=now
        ),
        assignee=conversation.assignee.get_full_name() if conversation.assignee else "",
        selected=conversation.id == selected,
    )


#: They stand in the order of what must be seen first; what does not fit into the line is not shown.
_FLAGS_SHOWN = 3


def _flags(
    conversation: Conversation, page: Page, view: View, *, named: int, clinic: Clinic, now: datetime
) -> list[Chip]:
    state, zone = conversation.work_state, clinic.zone
    flags = []
    if conversation.failed_count:
        flags.append(Chip(_("Not delivered"), "warning", "bad"))
    window = None
    if state not in (WorkState.DONE, WorkState.WAITING):
        window = parts.window_flag(conversation.last_channel, conversation.window_closes_at, zone, now=now)
    if window and window.tone:
        flags.append(window)
    if state == WorkState.SNOOZED and conversation.snoozed_until:
        until = times.until(conversation.snoozed_until, zone, now=now)
        flags.append(Chip(_("Snoozed until %(time)s") % {"time": until}, "moon"))
    if conversation.pk in page.holding:
        flags.append(Chip(_("Sends when the patient answers"), "clock"))
    if conversation.contact_point_id in page.requests:
        flags.append(Chip(_("Request"), "request", "accent"))
    if conversation.handed_over_at and state == WorkState.NEEDS_REPLY:
        flags.append(Chip(_("Needs a person"), "user", "warn"))
    if conversation.pk in page.today:
        flags.append(Chip(_("Visit today"), "calendar"))
    if window and not window.tone:
        flags.append(window)
    if named > 1 and state == WorkState.NEEDS_REPLY:
        flags.append(Chip(_("Who writes?"), "users"))
    if view in (View.ALL, View.MINE, View.FAILED):
        flags.extend(_state_flag(state, alone=not flags))
    if not named and not flags:
        flags.append(Chip(_("Not linked to a record"), "info"))
    return flags[:_FLAGS_SHOWN]


def _state_flag(state: str, *, alone: bool) -> list[Chip]:
    """Say where a thread stands in a view that holds several states."""
    if state == WorkState.BOT:
        return [Chip(_("Bot answering"), "bot", "bot")]
    if state == WorkState.DONE:
        return [Chip(_("Done"), "check", "ok")]
    if state == WorkState.WAITING:
        return [Chip(_("Waiting for patient"), "message")]
    return [Chip(_("Needs reply"), "inbox")] if alone and state == WorkState.NEEDS_REPLY else []


def _last_line(conversation: Conversation) -> str:
    body, kind = conversation.last_body, conversation.last_kind
    return kind_words(kind, body) if kind == Kind.REACTION else body or kind_words(kind)


def _author(conversation: Conversation, page: Page, user: User) -> str:
    if conversation.last_kind == Kind.NOTE:
        return _("Note:")
    if conversation.last_author == Author.BOT:
        return _("Bot:")
    if conversation.last_author == Author.SYSTEM:
        return _("Notice:")
    if conversation.last_author != Author.STAFF:
        return ""
    written = page.staff.get(conversation.last_message_id) if conversation.last_message_id else None
    if written is None:
        return _("Staff:")
    return _("You:") if written[0] == user.pk else f"{written[1]}:"
