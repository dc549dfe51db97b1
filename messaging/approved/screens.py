"""The approved texts as templates read them; no statement is made here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from messaging.approved import words
from messaging.approved.choosing import wish_of
from messaging.approved.starter import SPELLED, USES, can_be_filled, starter_set
from messaging.language import LANGUAGES
from messaging.models import Approval, ContentTemplate

_VARIABLE = re.compile(r"\{\{(\d+)\}\}")


@dataclass(frozen=True, slots=True)
class Row:
    """A text in the list."""

    id: UUID
    key: str
    name: str
    own_name: str  # as it is called at the provider, where that says more
    sid: str
    language: str
    code: str
    category: str
    moved: str  # what the change of category means, "" for none
    standing: words.Standing
    use: str
    waits: str  # why it does not go out for what it is to, "" where it does or is for nothing
    body: str
    buttons: list[str]
    url: str
    again_url: str
    anew_url: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many texts stand alike."""

    word: str
    icon: str
    tone: str
    number: int


@dataclass(frozen=True, slots=True)
class ApprovedPage:
    """The page: how many stand how, the texts, and what of the starter set is not submitted yet."""

    rows: list[Row]
    counts: list[Count]
    missing: int
    starters: int
    moving: bool  # something is being submitted or reviewed: the page looks again by itself
    has_accounts: bool
    uses: list[tuple[str, list[tuple[str, bool]]]]


def page(rows: Sequence[ContentTemplate], *, accounts: int, missing: int) -> ApprovedPage:
    """Return the page."""
    shown = [row_of(row) for row in rows]
    counts: dict[str, Count] = {}
    for row in shown:
        known = counts.get(row.standing.word)
        number = known.number + 1 if known else 1
        counts[row.standing.word] = Count(row.standing.word, row.standing.icon, row.standing.tone, number)
    return ApprovedPage(
        rows=shown,
        counts=list(counts.values()),
        missing=missing,
        starters=len(starter_set()) * max(accounts, 1),
        moving=any(
            row.approval == Approval.PENDING
            or (row.approval == Approval.DRAFT and row.asked_category and not row.error_code)
            or (row.approval == Approval.UNKNOWN and row.synced_at is None and not row.error_code)
            for row in rows
        ),
        has_accounts=accounts > 0,
        uses=list(_uses(rows)),
    )


def row_of(row: ContentTemplate) -> Row:
    """Return one text as the list shows it."""
    here = [row.pk]
    standing = words.standing(row)
    failed = row.approval == Approval.DRAFT and row.error_code and row.asked_category
    return Row(
        id=row.pk,
        key=str(row.pk),
        name=words.name_of(row),
        own_name=row.name if row.key and row.name != row.key else "",
        sid=row.content_sid,
        language=words.language_of(row),
        code=row.language.replace("_", "-"),
        category=words.category_of(row),
        moved=(
            _("WhatsApp made it marketing: it costs more, and phones in the US do not get it (63049).")
            if words.category_moved(row)
            else ""
        ),
        standing=standing,
        use=str(USES[row.key]) if row.key in USES else "",
        waits=_waits(row),
        body=reads_like(row),
        buttons=[str(one.get("title", "")) for one in row.buttons],
        url=reverse("approved-texts:one", args=here),
        again_url=reverse("approved-texts:again", args=here) if failed else "",
        anew_url=(
            reverse("approved-texts:anew", args=here)
            if row.approval in (Approval.REJECTED, Approval.DISABLED)
            else ""
        ),
    )


def _waits(row: ContentTemplate) -> str:
    wish = wish_of(row)
    if not wish or row.synced_at is None:  # what is not read yet has nothing to be filled
        return ""
    use = {"use": str(USES.get(wish, wish))}
    if can_be_filled(row.variables, wish):
        return _("Another text of this language goes out for “%(use)s” already.") % use
    return _("It goes out for “%(use)s” once you say what each of its variables is filled with.") % use


def reads_like(row: ContentTemplate) -> str:
    """Return the body with its samples, as reviewers read it."""
    samples: Mapping[str, str] = {str(one["n"]): str(one.get("sample", "")) for one in row.variables}
    return _VARIABLE.sub(lambda match: samples.get(match[1]) or match[0], row.body)


def _uses(rows: Sequence[ContentTemplate]) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    """Yield each use with its languages, and whether something goes out for it there."""
    ready = {
        (row.key, row.language.partition("_")[0])
        for row in rows
        if row.approval == Approval.APPROVED and can_be_filled(row.variables, row.key)
    }
    for key, name in USES.items():
        yield str(name), [(str(LANGUAGES[code]), (key, code) in ready) for code in SPELLED]
