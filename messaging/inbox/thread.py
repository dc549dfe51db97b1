"""One thread, as templates read it. Built from rows; the texts of a request's answers come from notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Channel, Clinic, User
from clinics.permissions import Action, can
from medsync.lib import phone
from messaging import gate, times
from messaging.inbox import botcontrol, bubbles, parts
from messaging.inbox.botcontrol import BotControl
from messaging.inbox.bubbles import Said, Ways
from messaging.inbox.happened import Events, event_lines
from messaging.inbox.heldreply import HeldReply, held_reply, is_held
from messaging.inbox.later import Waiting, newest_inbound, waiting
from messaging.inbox.parts import Chip, Tag, WindowChip
from messaging.inbox.queries import ThreadRows, View, newest_deed
from messaging.inbox.screens import thread_url, view_url
from messaging.models import Conversation, Direction, Message, WorkState
from messaging.requests import cards
from messaging.requests.cards import Request, RequestLine, Urls
from scheduling.models import Appointment

_NEUTRAL = gettext_lazy(
    "WhatsApp is not covered by a health-privacy agreement here. Leave out health details."
)
LANGUAGES = {"en": gettext_lazy("English"), "es": gettext_lazy("Spanish"), "zh": gettext_lazy("Chinese")}


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


@dataclass(frozen=True, slots=True)
class Lock:
    """Why a reply cannot be written now, and what helps."""

    title: str
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Composer:
    """What may be written here."""

    can_reply: bool
    can_note: bool
    lock: Lock | None
    warning: str  # what not to write here, "" for nothing
    from_label: str
    channel: str
    limit: int
    placeholder: str
    sender_id: UUID | None
    later: list[Waiting]
    draft_url: str
    writing_url: str
    texts_url: str
    later_url: str
    approved_url: str
    holds: bool  # a reply waits for the patient already


Item = Day | Events | NewSince | Said | HeldReply | Request | RequestLine


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
    lock = _lock(rows, name, now=now)
    tag = parts.sender_tag(conversation.last_sender, conversation.last_channel)
    language = next((p.preferred_language for p in rows.people if p.preferred_language), "") or point.language
    subs = [p.name for p in rows.people if p.name] if len(rows.people) > 1 else []
    if conversation.assignee:
        subs.append(_("%(name)s has it") % {"name": conversation.assignee.get_short_name()})
    state = str(WorkState(conversation.work_state).label)
    called = rows.people[0].call_name if len(rows.people) == 1 else ""
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
        bot=botcontrol.control(conversation, name=called or name, now=now) if works else None,
        items=list(_items(rows, name=name, clinic=clinic, user=user, preview=preview, now=now)),
        older_url=_older_url(conversation.id, rows.older_cursor),
        last_message_id=conversation.last_message_id,
        newest_deed=newest_deed(conversation),
        composer=Composer(
            can_reply=works,
            can_note=works,
            lock=lock,
            warning=str(_NEUTRAL) if neutral and lock is None else "",
            from_label=_from(conversation, tag, clinic),
            channel=conversation.last_channel,
            limit=gate.LONGEST_BODY,
            placeholder=_("Reply to %(name)s") % {"name": name},
            sender_id=conversation.last_sender_id,
            later=waiting(
                rows.later,
                conversation,
                name=called or name,
                last_inbound=newest_inbound(rows.messages),
                clinic=clinic,
                now=now,
            ),
            draft_url=reverse("inbox:draft", args=here),
            writing_url=reverse("inbox:writing", args=here),
            texts_url=reverse("inbox:texts", args=here),
            later_url=reverse("inbox:later", args=here),
            approved_url=reverse("inbox:approved", args=here),
            holds=any(is_held(message) for message in rows.messages),
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


def _from(conversation: Conversation, tag: Tag | None, clinic: Clinic) -> str:
    sender = conversation.last_sender
    if sender is None or tag is None:
        return tag.text if tag else ""
    return f"{tag.text} · {phone.display(sender.phone_number, clinic.country)}"


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


def _lock(rows: ThreadRows, name: str, *, now: datetime) -> Lock | None:
    conversation = rows.conversation
    channel = conversation.last_channel
    opted = next((c for c in rows.consents if c.channel == channel and c.opted_out_at), None)
    if opted:
        return Lock(
            _("You cannot write to %(name)s by %(channel)s")
            % {"name": name, "channel": Channel(channel).label},
            _(
                "They stopped messages there. START from them opens it again. A note stays possible, and so does a call."
            ),
        )
    if parts.ring(channel, conversation.window_closes_at, now=now).state == "closed":
        number = conversation.contact_point.phone
        return Lock(
            _("You could write freely until 24 hours after %(name)s’s last message") % {"name": name},
            (
                _(
                    "When %(name)s writes again, you can answer at once. Until then only a text that WhatsApp approved gets through; or call."
                )
                if number
                else _(
                    "When %(name)s writes again, you can answer at once. Until then only a text that WhatsApp approved gets through."
                )
            )
            % {"name": name},
            "63016",
        )
    return None


def _items(
    rows: ThreadRows,
    *,
    name: str,
    clinic: Clinic,
    user: User,
    preview: Callable[[Appointment], str],
    now: datetime,
) -> Iterator[Item]:
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
            called = rows.people[0].call_name if len(rows.people) == 1 else ""
            held = held_reply(message, name=called or name, works=ways.work)
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
