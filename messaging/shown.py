"""What a message carries beside words and files, as templates of the inbox and of the phone read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from medsync.lib import phone
from messaging.models import Attempt, Direction, Kind, Message, Reaction

_MAP = "https://www.google.com/maps/search/"
_QUOTED = 160


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was sent: what it is called, and where a map shows it ("" for no place on earth)."""

    name: str
    address: str
    figures: str
    url: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a contact card; `tel` is "" for what nobody can call."""

    text: str
    tel: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of a contact card."""

    name: str
    numbers: list[Number]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a message answers: the quoted words, or that they are not here."""

    who: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to know of a message: that it was forwarded, chosen from buttons, deleted."""

    icon: str
    text: str


def load(messages: list[Message]) -> dict[str, Message]:
    """Read what these messages quote and what reacted to them; return the quoted by the provider's id.

    No statement for a thread without any of it, at most three for all.
    """
    prefetch_related_objects(
        [m for m in messages if m.payload.get("reacted")],
        Prefetch("reactions", queryset=Reaction.objects.filter(removed_at=None)),
    )
    named = {m.replied_to_id for m in messages if m.replied_to_id and not _is_sign(m)}
    if not named:
        return {}
    threads = {m.conversation_id for m in messages}
    theirs = Message.objects.filter(conversation__in=threads, provider_message_id__in=named)
    found = {str(m.provider_message_id): m for m in theirs}
    if left := named - found.keys():
        ours = Attempt.objects.filter(message__conversation__in=threads, provider_id__in=left)
        found |= {str(a.provider_id): a.message for a in ours.select_related("message")}
    return found


def is_applied(message: Message) -> bool:
    """Tell whether a reaction or deletion is shown on the message that it is about, and not by itself."""
    return _is_sign(message) and bool(message.payload.get("applied"))


def _is_sign(message: Message) -> bool:
    return message.kind in (Kind.REACTION, Kind.DELETION)


def reactions_of(message: Message) -> list[str]:
    """Return the emoji on a message, the oldest first; read by `load`."""
    if not message.payload.get("reacted"):
        return []
    return [one.emoji for one in message.reactions.all() if one.emoji and one.removed_at is None]


def place_of(message: Message) -> Place | None:
    """Return the place that a message sends."""
    if message.kind != Kind.LOCATION:
        return None
    told = message.payload
    figures, url = "", ""
    try:
        latitude, longitude = float(told.get("latitude", "")), float(told.get("longitude", ""))
    except (TypeError, ValueError):
        latitude = longitude = 999.0
    if abs(latitude) <= 90 and abs(longitude) <= 180:
        figures = f"{latitude:.5f}, {longitude:.5f}"
        query = f"{latitude:.6f},{longitude:.6f}"
        url = f"{_MAP}?{urlencode({'api': '1', 'query': query})}"
    return Place(
        name=str(told.get("label") or "") or _("A place on the map"),
        address=str(told.get("address") or ""),
        figures=figures,
        url=url,
    )


def contacts_of(message: Message, *, country: str) -> list[Contact]:
    """Return the people of a contact card."""
    found = message.payload.get("contacts")
    return [
        Contact(
            name=str(card.get("name", "")) or _("No name"),
            numbers=[_number(str(number), country) for number in card.get("numbers", [])],
        )
        for card in (found if isinstance(found, list) else [])
        if isinstance(card, Mapping)
    ]


def _number(text: str, country: str) -> Number:
    try:
        e164 = phone.parse(text, country)
    except phone.InvalidPhone:
        return Number(text, "")
    return Number(phone.display(e164, country), e164)


def quote_of(message: Message, quoted: Mapping[str, Message], *, name: str) -> Quote | None:
    """Return what a message answers, as it was read by `load`; *name* is the patient's."""
    if not message.replied_to_id or _is_sign(message):
        return None
    found = quoted.get(message.replied_to_id)
    if found is None:
        return Quote("", _("A message that is not here"), "")
    who = name if found.direction == Direction.INBOUND else _("Clinic")
    words = " ".join(found.body.split())
    text = words[:_QUOTED] + ("…" if len(words) > _QUOTED else "")
    return Quote(who, text or _wordless(found), str(found.pk))


def _wordless(message: Message) -> str:
    if message.kind == Kind.LOCATION:
        return _("A place on the map")
    return _("A contact card") if message.kind == Kind.CONTACT else _("Picture or file")


def marks_of(message: Message) -> list[Mark]:
    """Return what is to be known of a patient's message beside what it says."""
    if message.direction != Direction.INBOUND:
        return []
    told, found = message.payload, []
    if told.get("frequently_forwarded") == "true":
        found.append(Mark("forward", _("Forwarded many times")))
    elif told.get("forwarded") == "true":
        found.append(Mark("forward", _("Forwarded")))
    if told.get("button") or told.get("button_text"):
        found.append(Mark("check", _("Chosen from the buttons")))
    return found


@dataclass(frozen=True, slots=True)
class Button:
    """A button of an approved text: what comes back, and its words."""

    id: str
    title: str


def buttons_of(message: Message) -> list[Button]:
    """Return the buttons that stand below an approved text. Pure."""
    told = message.payload.get("buttons") if message.kind == Kind.TEMPLATE else None
    return [Button(str(one.get("id", "")), str(one.get("title", ""))) for one in told or ()]
