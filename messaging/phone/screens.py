"""The phone page, as templates read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Channel, Clinic, Sender
from medsync.lib import phone as numbers
from messaging import local_phone
from messaging.models import Direction, Kind, Message
from messaging.phone.queries import Played
from messaging.providers.local.script import Behaviour
from messaging.times import clock_time, day_line

LATE_SECONDS = 20.0
BROKEN_CODE = "30003"  # the phone is switched off or out of reach
LINES = {
    "online": (gettext_lazy("Online"), "signal", Behaviour()),
    "late": (gettext_lazy("Late by 20 s"), "clock", Behaviour(deliver_after=LATE_SECONDS)),
    "broken": (gettext_lazy("Broken"), "warning", Behaviour(error_code=BROKEN_CODE)),
}
_QUICK = {
    "es": ("1", "2", "sí", "no", "STOP"),
    "zh": ("1", "2", "是", "否", "STOP"),
    "en": ("1", "2", "yes", "no", "STOP"),
}
_WRITES = {
    "en": gettext_lazy("writes English"),
    "es": gettext_lazy("writes Spanish"),
    "zh": gettext_lazy("writes Chinese"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A choice of how messages arrive."""

    slug: str
    label: str
    icon: str
    chosen: bool


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
    quick: tuple[str, ...]
    lines: list[Line]
    reads: bool
    can_read: bool
    send_url: str
    settings_url: str


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """A kind of phone that can be taken."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Desk:
    """The page."""

    clinic_name: str
    channels: list[ChannelChoice]
    phones: list[Phone]
    new_url: str
    update_url: str
    inbox_url: str


def desk(clinic: Clinic, senders: dict[str, Sender], played: list[Played], *, now: datetime) -> Desk:
    """Return the page with these phones."""
    order = [channel for channel in (Channel.WHATSAPP, Channel.SMS) if channel in senders]
    return Desk(
        clinic_name=clinic.name,
        channels=[ChannelChoice(channel.value, str(channel.label)) for channel in order],
        phones=[_phone(clinic, one, now=now) for one in played],
        new_url=reverse("phone:new"),
        update_url=reverse("phone:update"),
        inbox_url=reverse("inbox:page"),
    )


def _phone(clinic: Clinic, played: Played, *, now: datetime) -> Phone:
    address, point = played.address, played.address.contact_point
    number = numbers.display(played.sender.phone_number, clinic.country)
    whatsapp = address.channel == Channel.WHATSAPP
    behaviour = local_phone.behaviour_of(address.channel, address.address)
    line = line_of(behaviour)
    language = (point.language or clinic.language).split("-")[0]
    own = numbers.display(point.phone, clinic.country) if point.phone else ""
    writes = str(_WRITES[language]) if point.language and language in _WRITES else ""
    return Phone(
        id=address.id,
        channel=address.channel,
        clinic_name=clinic.name,
        title=clinic.name if whatsapp else number,
        sub_title=f"WhatsApp · {number}" if whatsapp else "SMS",
        name=played.owner or point.display_name or own,
        about=writes or (_("new") if not played.messages else own),
        items=list(_items(played.messages, clinic, now=now)),
        quick=_QUICK.get(language, _QUICK["en"]),
        lines=[Line(slug, str(label), icon, slug == line) for slug, (label, icon, _b) in LINES.items()],
        reads=behaviour.reads,
        can_read=whatsapp,
        send_url=reverse("phone:send", args=[address.id]),
        settings_url=reverse("phone:settings", args=[address.id]),
    )


def line_of(behaviour: Behaviour) -> str:
    """Return which of the choices a behaviour is."""
    if behaviour.error_code:
        return "broken"
    return "late" if behaviour.deliver_after >= LATE_SECONDS else "online"


def _items(messages: list[Message], clinic: Clinic, *, now: datetime) -> Iterator[Item]:
    day = None
    for message in messages:
        date = message.created_at.astimezone(clinic.zone).date()
        if date != day:
            day = date
            yield Item(key=f"day-{date.isoformat()}", day=day_line(message.created_at, clinic.zone, now=now))
        mine = message.direction == Direction.INBOUND
        yield Item(
            key=str(message.id),
            side="mine" if mine else "theirs",
            body=message.body or (_("(a picture or a file)") if message.kind != Kind.TEXT else ""),
            time=clock_time(message.created_at, clinic.zone),
            iso=message.created_at.isoformat(),
            tick=mine,
        )
