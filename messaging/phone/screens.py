"""The phone page, as templates read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic, Sender
from clinics.places import city_of
from medsync.lib import phone as numbers
from medsync.lib.spans import duration
from messaging import shown
from messaging.attachments import sniffing
from messaging.attachments.screens import File, files
from messaging.models import Direction, Message, Question, QuestionKind
from messaging.phone import lines, samples
from messaging.phone.lines import Choice
from messaging.phone.queries import Other, Played
from messaging.providers.local.lines import common_behaviour, own_behaviour
from messaging.times import clock_time, day_line, short_day

#: What a patient may say at any time, and what a list of times takes beside its numbers.
_WORDS = {
    "es": ("sí", "no", "cita", "PERSONA", "STOP"),
    "zh": ("是", "否", "预约", "人工", "STOP"),
    "en": ("yes", "no", "appointment", "PERSON", "STOP"),
}
_ANSWERS = {"es": ("PERSONA", "STOP"), "zh": ("人工", "STOP"), "en": ("PERSON", "STOP")}
_CALL = {"es": "LLAMAR", "zh": "打电话", "en": "CALL"}
_MORE = frozenset({QuestionKind.PICK_SLOT, QuestionKind.PICK_DAY})
_WRITES = {
    "en": gettext_lazy("writes English"),
    "es": gettext_lazy("writes Spanish"),
    "zh": gettext_lazy("writes Chinese"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A message on a phone, or the line between two days."""

    key: str
    day: str = ""
    side: str = ""  # mine | theirs, seen from the patient
    body: str = ""
    time: str = ""
    iso: str = ""
    tick: bool = False
    files: list[File] = field(default_factory=list)
    place: shown.Place | None = None
    contacts: list[shown.Contact] = field(default_factory=list)
    quote: shown.Quote | None = None
    reactions: list[str] = field(default_factory=list)
    deleted: bool = False
    can_delete: bool = False
    buttons: list[shown.Button] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone on the desk."""

    id: UUID
    channel: str
    clinic_name: str
    title: str
    sub_title: str
    name: str
    about: str
    items: list[Item]
    answering: str
    quick: tuple[str, ...]
    line: Choice
    lines: list[Choice]
    reads: bool
    can_read: bool
    send_url: str
    settings_url: str
    accepts: str  # what its file chooser is asked for
    samples: list[Option]  # what can be sent without having it
    signs_url: str  # "" where messages take no reactions
    emoji: tuple[str, ...] = ("👍", "❤️", "😂", "🙏")


@dataclass(frozen=True, slots=True)
class Option:
    """Something in a list to choose from."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Clock:
    """The clinic's clock; `url` is "" where it cannot be moved."""

    time: str
    moved: str
    field: str  # as a datetime-local input has it, in the clinic's zone
    city: str
    url: str


@dataclass(frozen=True, slots=True)
class Desk:
    """The page."""

    clinic_name: str
    channels: list[Option]
    others: list[Option]
    common: Choice | None
    common_lines: list[Choice]
    common_url: str
    clock: Clock
    phones: list[Phone]
    new_url: str
    update_url: str
    inbox_url: str


def desk(
    clinic: Clinic, senders: dict[str, Sender], played: list[Played], others: list[Other], *, now: datetime
) -> Desk:
    """Return the page with these phones."""
    order = [channel for channel in (Channel.WHATSAPP, Channel.SMS) if channel in senders]
    common = lines.choices(common_behaviour(), *order)
    return Desk(
        clinic_name=clinic.name,
        channels=[Option(channel.value, str(channel.label)) for channel in order],
        others=[Option(str(one.address.id), _other(one, clinic)) for one in others],
        common=next((choice for choice in common if choice.chosen), None),
        common_lines=common,
        common_url=reverse("phone:lines"),
        clock=_clock(clinic, now=now),
        phones=[_phone(clinic, one, now=now) for one in played],
        new_url=reverse("phone:new"),
        update_url=reverse("phone:update"),
        inbox_url=reverse("inbox:page"),
    )


def _other(one: Other, clinic: Clinic) -> str:
    point = one.address.contact_point
    name = (
        one.owner
        or point.display_name
        or (numbers.display(point.phone, clinic.country) if point.phone else "")
    )
    return f"{name} · {Channel(one.address.channel).label}"


def _clock(clinic: Clinic, *, now: datetime) -> Clock:
    moved = clinic.clock_offset
    return Clock(
        time=f"{short_day(now, clinic.zone)}, {clock_time(now, clinic.zone)}",
        moved=f"+{duration(moved)}" if moved else "",
        field=now.astimezone(clinic.zone).strftime("%Y-%m-%dT%H:%M"),
        city=city_of(clinic, language=get_language() or "en"),
        url=reverse("phone:clock") if clinic.is_demo else "",
    )


def _phone(clinic: Clinic, played: Played, *, now: datetime) -> Phone:
    address, point = played.address, played.address.contact_point
    number = numbers.display(played.sender.phone_number, clinic.country)
    whatsapp = address.channel == Channel.WHATSAPP
    own = own_behaviour(address.channel, address.address)
    choices = lines.choices(own, address.channel)
    language = (point.language or clinic.language).split("-")[0]
    number_of_owner = numbers.display(point.phone, clinic.country) if point.phone else ""
    writes = str(_WRITES[language]) if point.language and language in _WRITES else ""
    name = played.owner or point.display_name or number_of_owner
    return Phone(
        id=address.id,
        channel=address.channel,
        clinic_name=clinic.name,
        title=clinic.name if whatsapp else number,
        sub_title=f"WhatsApp · {number}" if whatsapp else "SMS",
        name=name,
        about=writes or (_("new") if not played.messages else number_of_owner),
        items=list(_items(played.messages, clinic, name=name, quoted=played.quoted, now=now)),
        answering=_("%(clinic)s is answering") % {"clinic": clinic.name} if played.answering else "",
        quick=quick_words(played.asked, language),
        line=next((choice for choice in choices if choice.chosen), choices[0]),
        lines=choices,
        reads=own.reads,
        can_read=whatsapp,
        send_url=reverse("phone:send", args=[address.id]),
        settings_url=reverse("phone:settings", args=[address.id]),
        accepts=",".join(sniffing.ENDINGS if whatsapp else sorted(sniffing.PICTURES)),
        samples=[Option(one.slug, str(one.label)) for one in samples.ALL] if whatsapp else [],
        signs_url=reverse("phone:sign", args=[address.id]) if whatsapp else "",
    )


def quick_words(asked: Question | None, language: str) -> tuple[str, ...]:
    """Return the answers that the open question expects; without one, what can be said at any time."""
    if asked is None:
        return _WORDS.get(language, _WORDS["en"])
    if asked.kind == QuestionKind.CONFIRM_VISIT:
        call = _CALL.get(language, _CALL["en"])
        yes, no = _WORDS.get(language, _WORDS["en"])[:2]
        one = len(asked.items) == 1 and "appointment_id" in asked.items[0]
        return ("1", "2", "3", call, "STOP") if one else (yes, no, call, "STOP")
    keys = [str(item["key"]) for item in asked.items[:8] if "key" in item]
    more = ("0",) if asked.kind in _MORE else ()
    return (*keys, *more, *_ANSWERS.get(language, _ANSWERS["en"]))


def _items(
    messages: list[Message], clinic: Clinic, *, name: str, quoted: Mapping[str, Message], now: datetime
) -> Iterator[Item]:
    day = None
    for message in messages:
        date = message.created_at.astimezone(clinic.zone).date()
        if date != day:
            day = date
            yield Item(key=f"day-{date.isoformat()}", day=day_line(message.created_at, clinic.zone, now=now))
        mine = message.direction == Direction.INBOUND
        sent = message.deleted_at is None
        whose = name if mine else clinic.name
        came = files(message, who=whose, zone=clinic.zone, now=now) if sent else []
        place = shown.place_of(message) if sent else None
        contacts = shown.contacts_of(message, country=clinic.country) if sent else []
        yield Item(
            key=str(message.id),
            side="mine" if mine else "theirs",
            body=message.body if sent else "",
            time=clock_time(message.created_at, clinic.zone),
            iso=message.created_at.isoformat(),
            tick=mine,
            files=came,
            place=place,
            contacts=contacts,
            quote=shown.quote_of(message, quoted, name=name) if sent else None,
            reactions=shown.reactions_of(message),
            buttons=shown.buttons_of(message),
            deleted=not sent,
            can_delete=mine and sent,
        )
