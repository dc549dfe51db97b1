"""A clinic's rules: whether it reminds, how long before, in which words. Checked and saved in one place for page and API."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.core import Locale, UnknownLocaleError
from django.db import transaction
from django.utils.translation import gettext as _

from clinics import clocks
from clinics.models import User
from messaging import gate, linting
from messaging.models import ReminderSettings
from messaging.reminders import composing, due

#: What a clinic's own first line may name.
VARIABLES = ("patient_name", "when", "doctor_name")
# A language with its script or country; Babel's own "root", and what POSIX puts behind a tag, have no words for days.
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", re.ASCII)
_ROOM_FOR_THE_REST = 400  # characters: place, map, and the question


@dataclass(frozen=True, slots=True)
class Rules:
    """What a clinic wants, not checked yet."""

    enabled: bool
    steps: Sequence[int]
    language: str
    template_key: str
    custom_message: str


class RulesRefused(ValueError):
    """The rules cannot be; `problems` are sentences for each field."""

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        super().__init__("rules_refused")
        self.problems = problems


def problems_of(rules: Rules) -> dict[str, list[str]]:
    """Return what is wrong with the rules, by field, in the active language; {} is good. No statement."""
    found = {
        "steps": _steps(rules.steps),
        "language": _language(rules.language),
        "template_key": [] if rules.template_key in composing.choices() else [_("There is no such text.")],
        "custom_message": _words(rules.custom_message),
    }
    return {field: sentences for field, sentences in found.items() if sentences}


@transaction.atomic
def save(rules: Rules, *, by: User | None, now: datetime) -> ReminderSettings:
    """Store the rules and wake the clinic's clock, for what is due may be due now. Raises RulesRefused."""
    if problems := problems_of(rules):
        raise RulesRefused(problems)
    ReminderSettings.objects.bulk_create([ReminderSettings()], ignore_conflicts=True)
    row = ReminderSettings.objects.select_for_update().get(pk=1)
    if rules.enabled and not row.enabled:
        row.enabled_at = now
    row.enabled, row.language = rules.enabled, rules.language
    row.steps = due.in_order(rules.steps)
    row.template_key, row.custom_message = rules.template_key, rules.custom_message.strip()
    row.updated_by, row.updated_at = by, now
    row.save()
    clocks.wake(clocks.REMINDERS, now)
    return row


def _steps(steps: Sequence[int]) -> list[str]:
    if not steps:
        return [_("Choose at least one step.")]
    if len(set(steps)) > due.MAX_STEPS:
        return [_("At most %(n)d steps.") % {"n": due.MAX_STEPS}]
    if any(not due.FEWEST <= step <= due.MOST for step in steps):
        limits = {"least": due.FEWEST, "most": due.MOST}
        return [_("A step is %(least)d to %(most)d whole hours before the visit.") % limits]
    return []


def _language(tag: str) -> list[str]:
    if not tag:
        return []
    try:
        if not _TAG.fullmatch(tag):
            raise ValueError(tag)
        Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return [_("This is no language that we know. Write for example es, fr or pt-BR.")]
    return []


def _words(body: str) -> list[str]:
    words = body.strip()
    longest = gate.LONGEST_BODY - _ROOM_FOR_THE_REST
    problems = linting.problems_of(words, names=VARIABLES)
    if len(words) > longest:
        problems.append(_("Too long: at most %(n)d characters.") % {"n": longest})
    return problems
