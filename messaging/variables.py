"""The {variables} of members' texts: what they are called, what they are worth in a thread, and how they are filled.

Filled by pattern, never evaluated. One without a value stops the sending: no patient reads "{time}".
"""

import re
from collections.abc import Mapping
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic
from medsync.lib import phone
from messaging import datewords, details
from messaging.language import nearest
from messaging.models import Conversation
from scheduling.models import Appointment, Patient, PatientContact
from scheduling.queries import next_visits

NAMES: Mapping[str, str | Promise] = {
    "patient_name": _("Patient’s name"),
    "doctor_name": _("Doctor of the next visit"),
    "date": _("Day of the next visit"),
    "time": _("Time of the next visit"),
    "clinic_name": _("Name of the clinic"),
    "clinic_phone": _("Phone of the clinic"),
}
#: What the previews of saved texts show, where there is no patient.
SAMPLES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "patient_name": "Rosa",
        "doctor_name": "Dr. Vidal",
        "date": "Wednesday, December 2",
        "time": "10:00 AM",
    },
    "es": {
        "patient_name": "Rosa",
        "doctor_name": "Dra. Vidal",
        "date": "miércoles, 2 de diciembre",
        "time": "10:00",
    },
    "zh": {"patient_name": "丽华", "doctor_name": "Vidal 医生", "date": "12月2日星期三", "time": "10:00"},
}

# A time ends with a stop in Spanish ("8:30 a.m."), and so does the sentence.
_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
_VARIABLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


class MissingVariable(ValueError):
    """A text has variables that nobody knows the value of; `names` in the order they stand."""

    code = "missing_variable"

    def __init__(self, names: list[str]) -> None:
        super().__init__(self.code)
        self.names = names


def language_of(conversation: Conversation, people: list[Patient], clinic: Clinic) -> str:
    """Return the language in which the patient is written to."""
    preferred = next((p.preferred_language for p in people if p.preferred_language), "")
    return nearest(preferred, conversation.contact_point.language, clinic.language)


def values_in(
    conversation: Conversation, *, clinic: Clinic, now: datetime, channel: str = ""
) -> tuple[dict[str, str], str]:
    """Return what each variable is worth on a channel, and in which language; two statements beside the facts.

    The channel is where the thread is, unless it is given.
    """
    people, visit = people_and_visit(conversation, now=now)
    language = language_of(conversation, people, clinic)
    return told(worth(people, visit, clinic, language), channel or conversation.last_channel), language


def people_and_visit(
    conversation: Conversation, *, now: datetime
) -> tuple[list[Patient], Appointment | None]:
    """Return whom a thread reaches, and the next visit of any of them; two statements."""
    links = PatientContact.objects.filter(
        contact_point=conversation.contact_point_id, not_theirs_at=None, patient__merged_into=None
    ).select_related("patient")
    people = [link.patient for link in links]
    return people, next_visits([p.pk for p in people], now=now).first() if people else None


def worth(people: list[Patient], visit: Appointment | None, clinic: Clinic, language: str) -> dict[str, str]:
    """Return the values that are known; who is meant on a shared phone only the next visit can tell. Pure."""
    named = [p for p in people if p.name]
    patient = visit.patient if visit else named[0] if len(named) == 1 else None
    values = {
        "patient_name": patient.call_name if patient and patient.name else "",
        "clinic_name": clinic.name,
        "clinic_phone": phone.display(clinic.phone, clinic.country) if clinic.phone else "",
    }
    if visit:
        place = {"zone": visit.zone, "language": language, "country": clinic.country}
        values |= {
            "doctor_name": visit.practitioner.name,
            "date": datewords.day(visit.starts_at, **place),
            "time": datewords.time(visit.starts_at, **place),
        }
    return {name: value for name, value in values.items() if value}


def told(values: Mapping[str, str], channel: str) -> dict[str, str]:
    """Return the values that a text on this channel may tell."""
    return {name: str(value) for name, value in details.told(values, channel).items()}


def fill(body: str, values: Mapping[str, str]) -> str:
    """Return the text with every variable that has a value filled; the others stay as they are."""
    found = _VARIABLE.sub(lambda match: values.get(match[1], match[0]), body)
    return found if found == body else _TWO_STOPS.sub(".", found)


def names_in(body: str) -> list[str]:
    """Return the variables of a text, each once, in their order."""
    return list(dict.fromkeys(_VARIABLE.findall(body)))


def filled(body: str, conversation: Conversation, *, clinic: Clinic, now: datetime, channel: str = "") -> str:
    """Return a member's text as the patient reads it; reads nothing when it has no variable. Raises MissingVariable.

    The channel is where the thread is, unless it is given.
    """
    wanted = names_in(body)
    if not wanted:
        return body
    values, _language = values_in(conversation, clinic=clinic, now=now, channel=channel)
    missing = [name for name in wanted if name not in values]
    if missing:
        raise MissingVariable(missing)
    return fill(body, values)
