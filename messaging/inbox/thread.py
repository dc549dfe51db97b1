"""The pane of one thread, as templates read it: its head, what stands in it, and the composer. Built from rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic, User
from clinics.permissions import Action, can
from messaging.inbox import botcontrol, parts
from messaging.inbox.botcontrol import BotControl
from messaging.inbox.composer import Composer, composer
from messaging.inbox.parts import Chip, Tag, WindowChip
from messaging.inbox.queries import ThreadRows, View, newest_deed
from messaging.inbox.screens import thread_url, view_url
from messaging.inbox.timeline import Item, items
from messaging.language import LANGUAGES
from messaging.models import WorkState
from scheduling.models import Appointment


@dataclass(frozen=True, slots=True)
class Thread:
    """The thread pane."""

    id: UUID
    name: str
    language: str
    sub_title: str
    number: str
    chips: list[Chip]
    tag: Tag | None
    window: WindowChip | None
    state_line: str
    bot: BotControl | None
    items: list[Item]
    older_url: str
    last_message_id: UUID | None
    newest_deed: UUID
    composer: Composer
    needs_reply: bool
    is_done: bool
    can_decide_state: bool
    back_url: str
    fragment_url: str
    sought: str
    latest_url: str
    seen_url: str
    person_url: str
    send_url: str
    note_url: str
    assignee: str
    assignee_short: str
    done_url: str
    no_reply_url: str
    reopen_url: str
    snooze_url: str
    assign_url: str
    is_blocked: bool
    block_url: str  # blocks, or undoes it


def thread(
    rows: ThreadRows,
    *,
    clinic: Clinic,
    user: User,
    view: View,
    preview: Callable[[Appointment], str],
    now: datetime,
    sought: UUID | None = None,
    past: bool = False,
    neutral: bool = False,
) -> Thread:
    """Return the thread pane; `preview` words what a patient gets when a request is accepted.

    `sought` is a message that was searched for; `past` tells that what is shown ends before the newest, `neutral`
    that no health details belong here.
    """
    conversation = rows.conversation
    point = conversation.contact_point
    name = parts.name_of(point, rows.people, clinic.country)
    number = parts.number_of(point, clinic.country)
    works = can(user, clinic, Action.WORK)
    tag = parts.sender_tag(conversation.last_sender, conversation.last_channel)
    language = next((p.preferred_language for p in rows.people if p.preferred_language), "") or point.language
    subs = [p.name for p in rows.people if p.name] if len(rows.people) > 1 else []
    if conversation.assignee:
        subs.append(_("%(name)s has it") % {"name": conversation.assignee.get_short_name()})
    state = str(WorkState(conversation.work_state).label)
    called = (rows.people[0].call_name if len(rows.people) == 1 else "") or name
    here = [conversation.id]
    return Thread(
        id=conversation.id,
        name=name,
        language=str(LANGUAGES.get(language.split("-")[0], "")) if language else "",
        sub_title=" · ".join(subs),
        number=number if number != name else "",
        chips=_chips(rows),
        tag=tag,
        window=parts.window_chip(
            conversation.last_channel, conversation.window_closes_at, clinic.zone, now=now
        ),
        state_line=" · ".join([state, *subs]),
        bot=botcontrol.control(conversation, name=called, now=now) if works else None,
        items=list(items(rows, name=name, called=called, clinic=clinic, user=user, preview=preview, now=now)),
        older_url=_older_url(conversation.id, rows.older_cursor),
        last_message_id=conversation.last_message_id,
        newest_deed=newest_deed(conversation),
        composer=composer(
            rows, name=name, called=called, tag=tag, clinic=clinic, works=works, neutral=neutral, now=now
        ),
        needs_reply=conversation.work_state == WorkState.NEEDS_REPLY,
        is_done=conversation.work_state == WorkState.DONE,
        can_decide_state=works,
        back_url=view_url(view),
        fragment_url=_fragment_url(conversation.id, view, rows.seen_at, sought),
        sought=str(sought or ""),
        latest_url=thread_url(conversation.id, view) if past else "",
        seen_url=reverse("inbox:seen", args=here),
        person_url=reverse("inbox:person", args=here),
        send_url=reverse("inbox:send", args=here),
        note_url=reverse("inbox:note", args=here),
        assignee=conversation.assignee.get_full_name() if conversation.assignee else "",
        assignee_short=conversation.assignee.get_short_name() if conversation.assignee else "",
        done_url=reverse("inbox:done", args=here),
        no_reply_url=reverse("inbox:no-reply", args=here),
        reopen_url=reverse("inbox:reopen", args=here),
        snooze_url=reverse("inbox:snooze", args=here),
        assign_url=reverse("inbox:assign", args=here),
        is_blocked=point.blocked_at is not None,
        block_url=reverse("inbox:unblock" if point.blocked_at else "inbox:block", args=here),
    )


def _fragment_url(conversation_id: UUID, view: View, seen_at: datetime | None, sought: UUID | None) -> str:
    """Return where the open thread is read again: the same messages, "new since you looked" where it was."""
    url = thread_url(conversation_id, view)
    query = urlencode(
        {
            **({"seen": seen_at.isoformat()} if seen_at else {}),
            **({"message": str(sought)} if sought else {}),
        }
    )
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _older_url(conversation_id: UUID, cursor: str | None) -> str:
    if not cursor:
        return ""
    return reverse("inbox:older", args=[conversation_id]) + "?" + urlencode({"before": cursor})


def _chips(rows: ThreadRows) -> list[Chip]:
    chips = []
    point = rows.conversation.contact_point
    if point.blocked_at:
        chips.append(Chip(_("Blocked"), "ban", "bad"))
    if point.wrong_at:
        chips.append(Chip(_("Wrong number"), "warning", "warn"))
    for consent in rows.consents:
        if consent.opted_out_at:
            channel = Channel(consent.channel).label
            chips.append(Chip(_("Opted out of %(channel)s") % {"channel": channel}, "ban", "bad"))
    if rows.conversation.handed_over_at and rows.conversation.work_state == WorkState.NEEDS_REPLY:
        chips.append(Chip(_("Needs a person"), "user", "warn"))
    if not any(p.name for p in rows.people):
        chips.append(Chip(_("Not linked to a record"), "info"))
    return chips
