"""The list and the shell, as templates read them. Built from rows; no statement is made here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Clinic, User
from messaging import times
from messaging.inbox import parts
from messaging.inbox.parts import Chip, Link, Ring, Tag
from messaging.inbox.queries import COUNT_LIMIT, Page, View
from messaging.models import Author, Conversation, Kind, MessageStatus, WorkState

LABELS = {
    View.NEEDS_REPLY: (gettext_lazy("Needs reply"), gettext_lazy("Inbox"), "inbox"),
    View.REQUESTS: (gettext_lazy("Requests"), gettext_lazy("Requests"), "request"),
    View.BOT: (gettext_lazy("Bot answering"), "", "bot"),
    View.WAITING: (gettext_lazy("Waiting for patient"), "", "message"),
    View.DONE: (gettext_lazy("Done"), "", "check"),
    View.ALL: (gettext_lazy("All"), "", "users"),
}
_EMPTY = {
    View.NEEDS_REPLY: (
        gettext_lazy("All answered"),
        gettext_lazy("Nobody waits for a reply. A new message appears here by itself."),
    ),
    View.REQUESTS: (
        gettext_lazy("No request waits"),
        gettext_lazy("When a patient asks for a time, it appears here to accept or decline."),
    ),
    View.BOT: (
        gettext_lazy("The bot is talking with nobody"),
        gettext_lazy("Threads stand here while the bot answers and nobody is needed."),
    ),
    View.WAITING: (
        gettext_lazy("Nobody to wait for"),
        gettext_lazy("Threads stand here after you answered, until the patient writes."),
    ),
    View.DONE: (
        gettext_lazy("Nothing done yet"),
        gettext_lazy("Threads you close stand here; a new message brings them back."),
    ),
    View.ALL: (
        gettext_lazy("No messages yet"),
        gettext_lazy(
            "When somebody writes to one of the clinic’s numbers, the thread appears here by itself."
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A thread in the list."""

    id: UUID
    version: int
    url: str
    name: str
    last: str
    author: str
    time: str
    time_iso: str
    time_tone: str
    ring: Ring
    tag: Tag | None
    flags: list[Chip]
    assignee: str
    selected: bool


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


def view_url(view: View) -> str:
    """Return the page of a view; the first is the inbox itself."""
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
    now: datetime,
) -> ListPage:
    """Return the list pane of a view."""
    base = {"view": view.value}
    title, text = _EMPTY[view]
    links = []
    if not page.conversations:
        if view is not View.REQUESTS and counts.get(View.REQUESTS):
            links.append(Link(str(LABELS[View.REQUESTS][0]), view_url(View.REQUESTS), "request"))
        elif view is not View.ALL:
            links.append(Link(str(LABELS[View.ALL][0]), view_url(View.ALL), "users"))
        if phone:
            links.append(Link(_("The phone"), reverse("phone:desk"), "phone"))
    return ListPage(
        title=str(LABELS[view][0]),
        order=_("Longest waiting first") if view is View.NEEDS_REPLY else _("Latest first"),
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
        end=_("That is all."),
        empty_title=str(title),
        empty_text=str(text),
        empty_links=links,
    )


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
        url=thread_url(conversation.id, view),
        name=parts.name_of(point, people, clinic.country),
        last=_last_line(conversation),
        author=_author(conversation, page, user),
        time=times.duration(now - since) if since else times.moment(at, clinic.zone, now=now) if at else "",
        time_iso=at.isoformat() if at else "",
        time_tone=ring.state if since and ring.state in ("warn", "bad") else "",
        ring=ring,
        tag=parts.sender_tag(conversation.last_sender, channel),
        flags=_flags(conversation, page, view, named=any(p.name for p in people), clinic=clinic, now=now),
        assignee=conversation.assignee.get_full_name() if conversation.assignee else "",
        selected=conversation.id == selected,
    )


def _flags(
    conversation: Conversation, page: Page, view: View, *, named: bool, clinic: Clinic, now: datetime
) -> list[Chip]:
    flags = []
    if conversation.failed_count or conversation.last_status in (
        MessageStatus.FAILED,
        MessageStatus.UNDELIVERED,
    ):
        flags.append(Chip(_("Not delivered"), "warning", "bad"))
    if conversation.contact_point_id in page.requests:
        flags.append(Chip(_("Request"), "request", "accent"))
    if conversation.handed_over_at and conversation.work_state == WorkState.NEEDS_REPLY:
        flags.append(Chip(_("Needs a person"), "user", "warn"))
    if conversation.work_state not in (WorkState.DONE, WorkState.WAITING):
        window = parts.window_flag(
            conversation.last_channel, conversation.window_closes_at, clinic.zone, now=now
        )
        if window:
            flags.append(window)
    if view is View.ALL or view is View.REQUESTS:
        if conversation.work_state == WorkState.BOT:
            flags.append(Chip(_("Bot answering"), "bot", "bot"))
        elif conversation.work_state == WorkState.DONE:
            flags.append(Chip(_("Done"), "check", "ok"))
        elif conversation.work_state == WorkState.WAITING:
            flags.append(Chip(_("Waiting for patient"), "message"))
        elif not flags:
            flags.append(Chip(_("Needs reply"), "inbox"))
    if not named and not flags:
        flags.append(Chip(_("Not linked to a record"), "info"))
    return flags[:3]


_KIND_WORDS = {
    Kind.MEDIA: gettext_lazy("Picture or file"),
    Kind.LOCATION: gettext_lazy("A place on the map"),
    Kind.CONTACT: gettext_lazy("A contact card"),
    Kind.UNSUPPORTED: gettext_lazy("Something that cannot be shown here"),
    Kind.CALL: gettext_lazy("A call"),
}
KIND_ICONS = {
    Kind.MEDIA: "attach",
    Kind.LOCATION: "pin",
    Kind.CONTACT: "user",
    Kind.UNSUPPORTED: "info",
    Kind.CALL: "call",
}


def kind_words(kind: str) -> str:
    """Return what stands for a message without words, "" for a text."""
    return str(_KIND_WORDS[Kind(kind)]) if kind in _KIND_WORDS else ""


def _last_line(conversation: Conversation) -> str:
    return conversation.last_body or kind_words(conversation.last_kind)


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
