"""What was found, as the palette's template reads it. Built from rows; no statement is made here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic
from messaging import times
from messaging.inbox import parts
from messaging.models import Author, Conversation, Kind, Message
from messaging.people.listing import name_of
from messaging.people.record import thread_of
from messaging.search.folding import snippet
from messaging.search.queries import Found
from scheduling.models import Patient


@dataclass(frozen=True, slots=True)
class Hit:
    """One place to go: what it is, and the words around what was looked for."""

    url: str
    icon: str
    title: str
    meta: str
    before: str = ""
    word: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """The palette's list."""

    people: list[Hit]
    messages: list[Hit]
    more_patients: bool
    cut_short: bool

    @property
    def nothing(self) -> bool:
        """Tell that nobody and nothing was found."""
        return not (self.people or self.messages)


def results(found: Found, wanted: str, *, clinic: Clinic, now: datetime) -> Results:
    """Return what was found in words."""
    return Results(
        people=[
            *(_person(patient, found, clinic) for patient in found.patients),
            *(_nobody(thread, clinic) for thread in found.nobodys),
        ],
        messages=[_message(message, found, wanted, clinic, now=now) for message in found.messages],
        more_patients=found.more_patients,
        cut_short=found.cut_short,
    )


def _person(patient: Patient, found: Found, clinic: Clinic) -> Hit:
    contacts = found.contacts.get(patient.pk, [])
    thread = next((t for c in contacts if (t := thread_of(c.contact_point))), None)
    number = parts.number_of(contacts[0].contact_point, clinic.country) if contacts else ""
    url = reverse("inbox:thread", args=[thread.pk]) if thread else reverse("people:page", args=[patient.pk])
    meta = " · ".join(filter(None, (number, patient.record_number)))
    return Hit(url, "message" if thread else "user", name_of(patient, contacts), meta)


def _nobody(thread: Conversation, clinic: Clinic) -> Hit:
    point = thread.contact_point
    name, number = parts.name_of(point, [], clinic.country), parts.number_of(point, clinic.country)
    url = reverse("inbox:thread", args=[thread.pk])
    return Hit(url, "message", name, number if number != name else "")


def _message(message: Message, found: Found, wanted: str, clinic: Clinic, *, now: datetime) -> Hit:
    point = message.conversation.contact_point
    name = parts.name_of(point, found.people.get(point.pk, []), clinic.country)
    before, word, after = snippet(message.body, wanted)
    url = reverse("inbox:thread", args=[message.conversation_id]) + "?" + urlencode({"message": message.pk})
    when = times.moment(message.created_at, clinic.zone, now=now)
    icon = "note" if message.kind == Kind.NOTE else "message"
    return Hit(url, icon, name, " · ".join(filter(None, (_by(message), when))), before, word, after)


def _by(message: Message) -> str:
    if message.author == Author.PATIENT:
        return ""
    if message.author == Author.BOT:
        return _("Bot")
    return message.user.get_short_name() if message.user else _("Notice")
