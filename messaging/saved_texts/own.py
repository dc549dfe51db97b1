"""The clinic's own words for texts that the product sends by itself: what is there, and changing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinics.models import User
from messaging import catalog
from messaging.language import SPOKEN
from messaging.models import OwnText
from messaging.ownwords import forget_own_words

#: The files of the catalogue with what they are for, in the order of the screen.
GROUPS: Mapping[str, str | Promise] = {
    "notices": _("What was decided about a visit"),
    "reminders": _("Reminders"),
    "answers": _("Answers to a reminder"),
    "templates": _("Saved texts that are built in"),
    "dialogue": _("What the bot says"),
}
_TEMPLATE = "template."


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the catalogue with the clinic's own words by language."""

    key: str
    group: str
    entry: catalog.Entry
    own: Mapping[str, str]


def texts() -> list[Text]:
    """Return every text that a clinic may say in its own words; one statement."""
    own: dict[str, dict[str, str]] = {}
    for row in OwnText.objects.all():
        own.setdefault(row.key, {})[row.language] = row.body
    groups = catalog.groups()
    order = {name: n for n, name in enumerate(GROUPS)}
    found = [
        Text(key, groups[key], entry, own.get(key, {}))
        for key, entry in catalog.entries().items()
        if entry.category != "custom"  # a member's own words are nobody's text
    ]
    return sorted(found, key=lambda text: order.get(text.group, len(order)))


def text(key: str) -> Text | None:
    """Return one text; one statement."""
    entry = catalog.entries().get(key)
    if entry is None or entry.category == "custom":
        return None
    own = {row.language: row.body for row in OwnText.objects.filter(key=key)}
    return Text(key, catalog.groups()[key], entry, own)


@transaction.atomic
def save(key: str, bodies: Mapping[str, str], *, by: User, now: datetime) -> None:
    """Keep the clinic's words by language; empty or the same as built in gives the built-in ones back."""
    entry = catalog.entries()[key]
    for language in SPOKEN:
        body = bodies.get(language, "").strip()
        row = OwnText.objects.filter(key=key, language=language)
        if not body or body == entry.bodies[language]:
            row.delete()
        else:
            OwnText.objects.update_or_create(
                key=key, language=language, defaults={"body": body, "updated_by": by, "updated_at": now}
            )
    transaction.on_commit(forget_own_words)
