"""What a member can put into a message: the clinic's texts and the built-in ones, in the patient's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging import catalog
from messaging.language import SPOKEN
from messaging.models import SavedText

#: The built-in texts that stand for themselves; the rest is chosen by the product.
BUILT_IN: Mapping[str, str | Promise] = {
    "appt_reminder": _("Reminder of the visit"),
    "appt_confirmed": _("The visit is confirmed"),
    "followup": _("How are you since the visit?"),
    "pre_visit": _("Before the visit"),
    "reschedule": _("We need another time"),
}


@dataclass(frozen=True, slots=True)
class Offered:
    """A text in one language, not filled yet."""

    key: str
    name: str
    shortcut: str
    language: str
    body: str
    own: bool


def present() -> list[SavedText]:
    """Return the clinic's texts that are in use, by name; one statement."""
    return list(SavedText.objects.filter(archived_at=None))


def archived() -> list[SavedText]:
    """Return the clinic's texts that were put away, the latest first; one statement."""
    return list(SavedText.objects.exclude(archived_at=None).order_by("-archived_at", "id")[:50])


def text(text_id: UUID) -> SavedText | None:
    """Return one of the clinic's texts."""
    return SavedText.objects.filter(pk=text_id).first()


def offered(language: str) -> list[Offered]:
    """Return all texts, each in the patient's language where it has it; those come first, the clinic's own before."""
    found = [
        Offered(str(row.pk), row.name, row.shortcut, spoken, row.texts[spoken], own=True)
        for row in present()
        if (spoken := spoken_in(row.texts, language))
    ]
    found += [
        Offered(key, str(BUILT_IN[key]), key, language, catalog.body(f"template.{key}", language), own=False)
        for entry in catalog.templates()
        if (key := entry.key) in BUILT_IN
    ]
    return sorted(found, key=lambda one: (one.language != language, not one.own))


def spoken_in(texts: Mapping[str, str], language: str) -> str:
    """Return in which language a text is offered: the wanted one, else the first that it has; "" for none."""
    return next((code for code in (language, *SPOKEN) if texts.get(code)), "")
