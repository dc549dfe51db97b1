"""What a reminder says: whom it greets, when, with whom and where, and the question that can be answered by one key.

Dates follow the patient's own locale, also one whose language we do not speak; times are those of the place.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clinics.models import Channel, Clinic
from messaging import catalog, datewords, details
from messaging.language import SPOKEN, nearest
from messaging.models import ReminderSettings
from scheduling.models import Appointment, ContactPoint

DEFAULT = "reminder_default"
#: What goes as an approved text where WhatsApp may carry no details; without it that of DEFAULT does, with none.
NEUTRAL = "reminder_default_neutral"
_LAST_RESORT = "es"

# A greeting without a name: "Hello {patient_name}, this" and "{patient_name}, we" both lose it and its comma.
_NAMED_FIRST = re.compile(r"\A\s*\{patient_name\}\s*[,，:：]?\s*")
_NAMED = re.compile(r"\s*\{patient_name\}")


@dataclass(frozen=True, slots=True)
class Words:
    """A reminder in words: the body as free text, and what of the catalog it says, for its approved form."""

    body: str
    language: str
    said: catalog.Said


def compose(
    visits: Sequence[Appointment],
    *,
    point: ContactPoint | None,
    rules: ReminderSettings,
    clinic: Clinic,
    channel: str,
) -> Words:
    """Return the words for one visit, or for several of one day in their order.

    Each visit has patient, practitioner and location at hand. Where the channel may carry no details the clinic's
    own words go neither: nobody knows what they tell. No statement but for what the catalog and the facts keep.
    """
    language, dates = languages(visits[0], point, rules, clinic)
    values = _values(visits, dates, clinic)
    if len(visits) == 1:
        lines = _one(visits[0], values, language, rules, channel)
    else:
        lines = _several(visits, language, dates, clinic, channel)
    place = _place(visits, clinic, language, channel, said=lines[0])
    ask = "reminder_ask" if len(visits) == 1 else "reminder_ask_several"
    body = "\n".join(filter(None, [*lines, place, catalog.text(ask, language, channel=channel)]))
    if not values["patient_name"]:
        # Free text does without a name; an approved text has a sentence around it.
        values["patient_name"] = catalog.text("reminder_unnamed", language, channel=channel)
    return Words(body, language, catalog.said(_approved_as(), language, values))


def languages(
    visit: Appointment, point: ContactPoint | None, rules: ReminderSettings, clinic: Clinic
) -> tuple[str, str]:
    """Return the language of the words, and the locale of dates, which need not be one that we speak. Pure."""
    wanted = [
        tag
        for tag in (
            visit.patient.preferred_language,
            point.language if point else "",
            rules.language or clinic.language,
        )
        if tag
    ]
    if not wanted:
        return _LAST_RESORT, _LAST_RESORT
    return nearest(*wanted), wanted[0]


def fits(body: str) -> bool:
    """Say whether a text can begin a reminder: it has no variable that nobody could fill. Pure."""
    return catalog.placeholders(body) <= {
        "patient_name",
        "when",
        "doctor_name",
        "date",
        "time",
        "clinic_name",
    }


def choices() -> list[str]:
    """Return the keys of the built-in texts that can begin a reminder, the default first."""
    keys = [
        entry.key
        for entry in catalog.templates()
        if entry.category == "reminder" and fits(entry.bodies[SPOKEN[0]])
    ]
    return sorted(keys, key=lambda key: key != DEFAULT)


def _approved_as() -> str:
    """Return the key of the approved text: approved texts go over WhatsApp only."""
    return NEUTRAL if details.hidden_on(Channel.WHATSAPP) else DEFAULT


def _one(
    visit: Appointment, values: Mapping[str, str], language: str, rules: ReminderSettings, channel: str
) -> list[str]:
    if details.hidden_on(channel):
        return [catalog.text("reminder_neutral", language, channel=channel, **values)]
    own = rules.custom_message.strip()
    body = own or catalog.body(f"template.{rules.template_key}", language)
    if not visit.patient.call_name:
        body = _without_name(body)
    return [catalog.fill(body, values)]


def _several(
    visits: Sequence[Appointment], language: str, dates: str, clinic: Clinic, channel: str
) -> list[str]:
    first = visits[0]
    day = datewords.short_day(first.starts_at, zone=first.zone, language=dates, country=clinic.country)
    head = catalog.text("reminder_several", language, channel=channel, day=day, clinic_name=clinic.name)
    people = len({visit.patient_id for visit in visits})
    return [
        head,
        *(
            _line(n, visit, language, dates, clinic, channel, named=people > 1)
            for n, visit in enumerate(visits, 1)
        ),
    ]


def _line(
    n: int, visit: Appointment, language: str, dates: str, clinic: Clinic, channel: str, *, named: bool
) -> str:
    time = datewords.time(visit.starts_at, zone=visit.zone, language=dates, country=clinic.country)
    name = visit.patient.call_name if named else ""
    line = catalog.body(catalog.form("reminder_line", channel), language)
    if not name:
        line = re.sub(r"\s*\{patient_name\}(?=[,，])", "", line)
    values = {"n": n, "time": time, "patient_name": name, "doctor_name": visit.practitioner.name}
    return catalog.fill(line, details.told(values, channel))


def _place(visits: Sequence[Appointment], clinic: Clinic, language: str, channel: str, *, said: str) -> str:
    """Return the line of the place; the clinic's name only where the words before have not said it."""
    location = visits[0].location
    alike = len({visit.location_id for visit in visits}) == 1
    name = "" if clinic.name.casefold() in said.casefold() and said else clinic.name
    parts = [name, location.address if alike else ""]
    return catalog.text(
        "reminder_place",
        language,
        channel=channel,
        place=", ".join(filter(None, parts)),
        map_url=location.map_url if alike else "",
    )


def _values(visits: Sequence[Appointment], dates: str, clinic: Clinic) -> dict[str, str]:
    """Return what the variables of an approved text are worth; of several visits, all in one line."""
    first, spoken = visits[0], {"language": dates, "country": clinic.country}
    names = dict.fromkeys(visit.patient.call_name for visit in visits if visit.patient.call_name)
    doctors = dict.fromkeys(visit.practitioner.name for visit in visits)
    day = datewords.short_day(first.starts_at, zone=first.zone, **spoken)
    times = ", ".join(datewords.time(visit.starts_at, zone=visit.zone, **spoken) for visit in visits)
    gap = " " if dates.startswith("zh") else ", "
    return {
        "patient_name": ", ".join(names),
        "when": f"{day}{gap}{times}",
        "date": day,
        "time": times,
        "doctor_name": ", ".join(doctors),
        "clinic_name": clinic.name,
        "address": first.location.address,
        "map_url": first.location.map_url,
    }


def _without_name(body: str) -> str:
    """Return a greeting that does without a name."""
    bare = _NAMED.sub("", _NAMED_FIRST.sub("", body))
    return bare[:1].upper() + bare[1:]
