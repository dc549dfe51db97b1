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
from messaging import failures, gate, times
from messaging.inbox import parts, requests, words
from messaging.inbox.parts import Chip, Tag, WindowChip
from messaging.inbox.queries import ThreadRows, View
from messaging.inbox.requests import Request, RequestLine
from messaging.inbox.screens import KIND_ICONS, kind_words, thread_url, view_url
from messaging.models import Author, Conversation, Direction, Kind, Message, WorkState
from scheduling.models import Appointment

LANGUAGES = {"en": gettext_lazy("English"), "es": gettext_lazy("Spanish"), "zh": gettext_lazy("Chinese")}


@dataclass(frozen=True, slots=True)
class Day:
    """A line between two days."""

    key: str
    label: str
    template: str = "messaging/item_day.html"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened between messages."""

    key: str
    icon: str
    text: str
    tone: str = ""
    template: str = "messaging/item_event.html"


@dataclass(frozen=True, slots=True)
class Failed:
    """What did not arrive, when, and why."""

    head: str
    cause: str
    code: str


@dataclass(frozen=True, slots=True)
class Said:
    """A bubble, or a note."""

    key: str
    id: UUID
    template: str
    side: str  # in | out
    look: str  # patient | staff | bot | auto
    head: str
    head_icon: str
    body: str
    placeholder: Chip | None
    time: str
    time_title: str
    iso: str
    via: str
    tick: words.Tick | None
    why_url: str
    failed: Failed | None
    label: str


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
    from_label: str
    channel: str
    limit: int
    placeholder: str


Item = Day | Event | Said | Request | RequestLine


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
    bot: Chip | None
    items: list[Item]
    older_url: str
    last_message_id: UUID | None
    composer: Composer
    needs_reply: bool
    is_done: bool
    can_decide_state: bool
    back_url: str
    fragment_url: str
    person_url: str
    send_url: str
    note_url: str
    done_url: str
    no_reply_url: str


def thread(
    rows: ThreadRows,
    *,
    clinic: Clinic,
    user: User,
    view: View,
    preview: Callable[[Appointment], str],
    now: datetime,
) -> Thread:
    """Return the thread pane; `preview` words what a patient gets when a request is accepted."""
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
    state, bot = str(WorkState(conversation.work_state).label), _bot(conversation, now=now)
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
        state_line=" · ".join([*([] if bot else [state]), *subs]),
        bot=bot,
        items=list(_items(rows, name=name, clinic=clinic, user=user, preview=preview, now=now)),
        older_url=_older_url(conversation.id, rows.older_cursor),
        last_message_id=conversation.last_message_id,
        composer=Composer(
            can_reply=works,
            can_note=works,
            lock=lock,
            from_label=_from(conversation, tag, clinic),
            channel=conversation.last_channel,
            limit=gate.LONGEST_BODY,
            placeholder=_("Reply to %(name)s") % {"name": name},
        ),
        needs_reply=conversation.work_state == WorkState.NEEDS_REPLY,
        is_done=conversation.work_state == WorkState.DONE,
        can_decide_state=works,
        back_url=view_url(view),
        fragment_url=thread_url(conversation.id, view),
        person_url=reverse("inbox:person", args=here),
        send_url=reverse("inbox:send", args=here),
        note_url=reverse("inbox:note", args=here),
        done_url=reverse("inbox:done", args=here),
        no_reply_url=reverse("inbox:no-reply", args=here),
    )


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


def _bot(conversation: Conversation, *, now: datetime) -> Chip | None:
    if conversation.bot_off:
        return Chip(_("Bot off here"), "bot")
    paused = conversation.bot_paused_until
    if paused and paused > now:
        left = times.short_duration(paused - now)
        return Chip(_("Bot paused %(left)s") % {"left": left}, "bot", "warn")
    if conversation.work_state == WorkState.BOT:
        return Chip(_("Bot answering"), "bot", "bot")
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
    timed: list[tuple[datetime, int, Item]] = []
    previous: Message | None = None
    for message in rows.messages:
        timed.append((message.created_at, 0, _said(message, previous, name, clinic, now=now)))
        previous = message
    # A card stands behind the words that asked for it; without them, where it was stored.
    asked_at = {
        m.appointment_id: m.created_at
        for m in rows.messages
        if m.appointment_id and m.direction == Direction.INBOUND
    }
    decides = can(user, clinic, Action.DECIDE)
    for appointment in rows.requests:
        card = requests.card(
            appointment,
            people=rows.people,
            clinic=clinic,
            user=user,
            decides=decides,
            preview=preview,
            now=now,
        )
        timed.append((asked_at.get(appointment.id, appointment.created_at), 1, card))
    timed.sort(key=lambda entry: (entry[0], entry[1]))
    day = None
    for at, _order, item in timed:
        date = at.astimezone(zone).date()
        if date != day:
            day = date
            yield Day(key=date.isoformat(), label=times.day_line(at, zone, now=now))
        yield item


def _said(message: Message, previous: Message | None, name: str, clinic: Clinic, *, now: datetime) -> Said:
    zone = clinic.zone
    inbound = message.direction == Direction.INBOUND
    note = message.kind == Kind.NOTE
    look, head, icon = _author(message)
    placeholder = kind_words(message.kind) if not note else ""
    tick = None if inbound or note else words.tick(message)
    failed = _failed(message, clinic, now=now)
    time = times.clock_time(message.created_at, zone)
    who = name if inbound else head or _("Notice")
    label = ", ".join(filter(None, (who, time, tick.word if tick else "")))
    return Said(
        key=str(message.id),
        id=message.id,
        template="messaging/item_note.html" if note else "messaging/item_message.html",
        side="in" if inbound else "out",
        look=look,
        head="" if inbound else head,
        head_icon=icon,
        body=message.body,
        placeholder=Chip(placeholder, KIND_ICONS[Kind(message.kind)]) if placeholder else None,
        time=time,
        time_title=f"{times.day(message.created_at, zone)}, {time}",
        iso=message.created_at.isoformat(),
        via=_via(message, previous),
        tick=tick,
        why_url="" if inbound or note else reverse("inbox:why", args=[message.conversation_id, message.id]),
        failed=failed,
        label=_("Note by %(who)s, %(time)s") % {"who": head, "time": time} if note else label,
    )


def _author(message: Message) -> tuple[str, str, str]:
    """Return the bubble's look, head and icon."""
    if message.author == Author.PATIENT:
        return "patient", "", ""
    if message.author == Author.BOT:
        return "bot", _("Bot"), "bot"
    if message.author == Author.STAFF:
        return "staff", message.user.get_short_name() if message.user else _("Staff"), ""
    by = message.user.get_short_name() if message.user else ""
    return "auto", _("Notice · %(name)s") % {"name": by} if by else _("Notice"), "info"


def _via(message: Message, previous: Message | None) -> str:
    """Say the number only where it changes."""
    if message.kind == Kind.NOTE or previous is None or previous.kind == Kind.NOTE:
        return ""
    if message.sender_id == previous.sender_id and message.channel == previous.channel:
        return ""
    tag = parts.sender_tag(message.sender, message.channel)
    return tag.text if tag else ""


def _failed(message: Message, clinic: Clinic, *, now: datetime) -> Failed | None:
    if message.status not in words.NOT_ARRIVED:
        return None
    tick = words.tick(message)
    bits = [tick.word if tick else "", times.moment(message.updated_at, clinic.zone, now=now)]
    if message.tries > 1:
        bits.append(_("%(n)d attempts") % {"n": message.tries})
    failure = failures.explain(error_code=message.error_code, reason=message.reason, channel=message.channel)
    return Failed(
        head=" · ".join(bits),
        cause=f"{failure.what.rstrip('.')}. {failure.helps}",
        code=message.error_code,
    )
