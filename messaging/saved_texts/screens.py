"""The saved texts as templates read them; no statement is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from messaging import catalog, segments
from messaging.language import LANGUAGES, SPOKEN
from messaging.models import SavedText, TextCategory
from messaging.saved_texts.offering import BUILT_IN, spoken_in


@dataclass(frozen=True, slots=True)
class Row:
    """A text in the list."""

    id: UUID | None
    name: str
    shortcut: str
    category: str
    languages: list[str]
    body: str
    language: str
    parts: int  # of the shown text by SMS
    url: str = ""


@dataclass(frozen=True, slots=True)
class TextsPage:
    """The page: the clinic's texts, those built in, and those put away."""

    own: list[Row]
    built_in: list[Row]
    archived: list[Row]
    may_change: bool


def page(
    own: Sequence[SavedText], archived: Sequence[SavedText], *, language: str, may_change: bool
) -> TextsPage:
    """Return the page; each text is shown in the member's language where it has it."""
    return TextsPage(
        own=[_row(text, language, may_change) for text in own],
        built_in=[
            _shown(None, str(BUILT_IN[entry.key]), entry.key, entry.category, entry.bodies, language)
            for entry in catalog.templates()
            if entry.key in BUILT_IN
        ],
        archived=[_row(text, language, may_change) for text in archived],
        may_change=may_change,
    )


def _row(text: SavedText, language: str, may_change: bool) -> Row:
    url = reverse("saved-texts:edit", args=[text.pk]) if may_change and text.archived_at is None else ""
    return _shown(text.pk, text.name, text.shortcut, text.category, text.texts, language, url=url)


def _shown(
    text_id: UUID | None,
    name: str,
    shortcut: str,
    category: str,
    bodies: Mapping[str, str],
    language: str,
    *,
    url: str = "",
) -> Row:
    texts = dict(bodies)
    spoken = spoken_in(texts, language)
    return Row(
        id=text_id,
        name=name,
        shortcut=shortcut,
        category=str(TextCategory(category).label),
        languages=[str(LANGUAGES[code]) for code in SPOKEN if texts.get(code)],
        body=texts.get(spoken, ""),
        language=spoken,
        parts=segments.count(texts.get(spoken, "")).parts,
        url=url,
    )
