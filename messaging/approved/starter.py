"""The starter set of approved texts, and what each text of the catalogue that may go out as one is called."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging import catalog
from messaging.language import SPOKEN

KNOCK = "knock"
UTILITY, MARKETING, AUTHENTICATION = "UTILITY", "MARKETING", "AUTHENTICATION"

#: What an approved text can go out for, in the order of a screen.
USES: Mapping[str, str | Promise] = {
    "reminder_default": _("Reminder of a visit"),
    "api_reminder": _("Reminder of an appointment of another system"),
    "accepted": _("Visit confirmed"),
    "moved": _("Visit moved"),
    "cancelled": _("Visit cancelled by the clinic"),
    "counter": _("Other times offered"),
    "waiting_offer": _("Time from the waiting list"),
    KNOCK: _("We have an answer for you"),
    "missed": _("We missed you"),
    "reminder_default_neutral": _("Reminder of a visit, without details"),
    "accepted_neutral": _("Visit confirmed, without details"),
    "moved_neutral": _("Visit moved, without details"),
    "cancelled_neutral": _("Visit cancelled, without details"),
    "rejected": _("Request declined"),
    "expired": _("Request ran out"),
    "moved_pending": _("Request moved"),
    "cancelled_by_patient": _("Visit cancelled on the patient’s wish"),
}
#: How WhatsApp spells the languages that we speak.
SPELLED = {"en": "en", "es": "es", "zh": "zh_CN"}
#: What reviewers see in place of a variable.
SAMPLES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "patient_name": "Rosa",
        "clinic_name": "Riverside",
        "doctor_name": "Dr. Vidal",
        "date": "Wednesday, December 2",
        "time": "10:00 AM",
        "old_date": "Tuesday, December 1",
        "old_time": "9:00 AM",
        "when": "Wednesday, December 2, 10:00 AM",
        "times": "1 = Thursday, December 3, 9:00 AM; 2 = Friday, December 4, 11:30 AM",
    },
    "es": {
        "patient_name": "Rosa",
        "clinic_name": "Riverside",
        "doctor_name": "Dra. Vidal",
        "date": "miércoles, 2 de diciembre",
        "time": "10:00",
        "old_date": "martes, 1 de diciembre",
        "old_time": "9:00",
        "when": "miércoles, 2 de diciembre, 10:00",
        "times": "1 = jueves, 3 de diciembre, 9:00; 2 = viernes, 4 de diciembre, 11:30",
    },
    "zh": {
        "patient_name": "丽华",
        "clinic_name": "Riverside",
        "doctor_name": "Vidal 医生",
        "date": "12月2日星期三",
        "time": "10:00",
        "old_date": "12月1日星期二",
        "old_time": "9:00",
        "when": "12月2日星期三 10:00",
        "times": "1 = 12月3日星期四 9:00；2 = 12月4日星期五 11:30",
    },
}

_NAMED = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Starter:
    """One text in one language, as it is submitted: numbered variables in the order in which they stand."""

    key: str
    language: str  # as we say it: "zh"
    category: str
    body: str
    variables: tuple[tuple[str, str, str], ...]  # number, name, sample
    buttons: tuple[tuple[str, str], ...]


@functools.cache
def starter_set() -> tuple[Starter, ...]:
    """Return the texts of the starter set in every language that we speak."""
    path = resources.files("messaging") / "texts" / "approved.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        _starter(key, language, entry)
        for key, entry in raw.items()
        for language in SPOKEN
        if language in entry
    )


def names_of(key: str) -> tuple[str, ...]:
    """Return the variables that a text for this use can be filled with, by name; () for an unknown use."""
    entry = catalog.entries().get(key) or catalog.entries().get(f"template.{key}")
    known = entry.placeholders if entry else ()
    ours = [name for one in starter_set() if one.key == key for _n, name, _s in one.variables]
    return tuple(dict.fromkeys((*known, *ours)))


def can_be_filled(variables: Sequence[Mapping[str, object]], key: str) -> bool:
    """Tell whether each variable of a text is known by a name that has a value when it goes out for this use. Pure."""
    ours = names_of(key)
    return all(one.get("name") in ours for one in variables)


def numbered(body: str) -> tuple[str, list[str]]:
    """Return a text with {{1}}, {{2}} in place of its {names}, and the names in that order. Pure."""
    names = list(dict.fromkeys(_NAMED.findall(body)))
    return _NAMED.sub(lambda match: f"{{{{{names.index(match[1]) + 1}}}}}", body), names


def _starter(key: str, language: str, entry: dict[str, object]) -> Starter:
    body, names = numbered(str(entry[language]))
    buttons = entry.get("buttons", {})
    assert isinstance(buttons, dict)
    return Starter(
        key=key,
        language=language,
        category=str(entry["category"]),
        body=body,
        variables=tuple((str(n), name, SAMPLES[language][name]) for n, name in enumerate(names, 1)),
        buttons=tuple((str(one[0]), str(one[1])) for one in buttons.get(language, ())),
    )
