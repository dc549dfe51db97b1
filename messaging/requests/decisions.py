"""What members answer to a request: one domain call each, and a sentence when it could not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import QueryDict
from django.utils.translation import gettext as _

from clinics.models import User
from medsync.lib import clock
from medsync.lib.ids import id_in
from medsync.lib.text import clean
from messaging import catalog, foretelling
from messaging.addressees import language_of
from messaging.requests import cards
from scheduling import operations
from scheduling.deciding import REASON_LENGTH
from scheduling.errors import AlreadyDecided, FreeSlot, SchedulingError, SlotTaken
from scheduling.looking import look
from scheduling.models import Appointment
from scheduling.slots import Reason

#: Reasons that are offered, by their key in the catalogue: the patient reads them in the own language.
REASONS = ("reason_away", "reason_gone", "reason_longer", "reason_referral", "reason_call")
MOST_SLOTS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a decision went; `said` is for the member, "" when it simply happened."""

    said: str = ""
    status: int = 200


def accept(appointment: Appointment, *, user: User, now: datetime) -> Outcome:
    """Accept a request; the patient is told by what follows from it. Refused when the doctor is not there."""
    if look(appointment, now=now).reason in (Reason.TIME_OFF, Reason.HOURS):
        return Outcome(gone(appointment), 409)
    try:
        operations.accept(appointment, by=user, now=now)
    except SchedulingError as error:
        return _refused(error, user, now)
    return Outcome()


def decline(appointment: Appointment, *, reason: str, user: User, now: datetime) -> Outcome:
    """Decline a request, with a word for the patient if there is one."""
    try:
        operations.reject(appointment, by=user, reason=reason, now=now)
    except SchedulingError as error:
        return _refused(error, user, now)
    return Outcome()


def offer(appointment: Appointment, *, slots: Sequence[FreeSlot], user: User, now: datetime) -> Outcome:
    """Offer other times instead. Refused when nobody would hear of them."""
    if not slots:
        return Outcome(_("Choose one to three times first."), 409)
    body = foretelling.preview_counter(appointment, slots, now)
    if not body:
        return Outcome(_("Nothing was offered: the patient cannot be reached here."), 409)
    if refusal := foretelling.refused(appointment, slots, now):
        return Outcome(refusal, 409)
    try:
        operations.counter_offer(appointment, slots=slots, by=user, now=now)
    except SlotTaken:
        return Outcome(_("One of these times was just taken. Look at the times that are free now."), 409)
    except SchedulingError as error:
        return _refused(error, user, now)
    return Outcome()


def gone(appointment: Appointment) -> str:
    """Return why a request cannot be accepted any more."""
    return _("%(doctor)s is away then. Accept is off: offer another time.") % {
        "doctor": appointment.practitioner.name
    }


def reason_from(fields: QueryDict, appointment: Appointment) -> str:
    """Return the words on why, as the patient reads them: a chosen reason, then the member's own words."""
    key = fields.get("why", "")
    own = clean(fields.get("reason", "")).strip()
    known = ""
    if key in REASONS:  # said on whatever channel the decision is told
        known = catalog.text(key, language_of(appointment), channel="")
    return f"{known} {own}".strip()[:REASON_LENGTH]


def slots_from(fields: QueryDict, appointment: Appointment) -> list[FreeSlot]:
    """Return the chosen times; what is no time is left out. Whether they are free is seen when they are held."""
    length = timedelta(minutes=appointment.type.duration)
    found: dict[datetime, FreeSlot] = {}
    for value in fields.getlist("slot"):
        at, _sep, rest = value.partition("|")
        doctor, _sep, place = rest.partition("|")
        starts_at, doctor_id, place_id = clock.moment_in(at), id_in(doctor), id_in(place)
        if starts_at is None or doctor_id is None or place_id is None:
            continue
        found[starts_at] = FreeSlot(starts_at, starts_at + length, doctor_id, appointment.type_id, place_id)
    return [found[at] for at in sorted(found)][:MOST_SLOTS]


def slot_value(slot: FreeSlot) -> str:
    """Return what `slots_from` reads."""
    return f"{slot.starts_at.isoformat()}|{slot.practitioner_id}|{slot.location_id}"


def _refused(error: SchedulingError, user: User, now: datetime) -> Outcome:
    if isinstance(error, AlreadyDecided):
        return Outcome(cards.decided(error.appointment, user=user, now=now), 409)
    return Outcome(_("It has changed meanwhile; look again."), 409)
