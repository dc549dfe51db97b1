"""What the page of approved texts reads."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from clinics.models import ProviderAccount
from messaging.approved.choosing import spelled
from messaging.approved.starter import SPELLED, USES, starter_set
from messaging.models import ContentTemplate

#: More than an account can hold at WhatsApp.
MOST = 1000


def texts() -> list[ContentTemplate]:
    """Return the texts in use, those with a use first; one statement."""
    order = {key: n for n, key in enumerate(USES)}
    rows = list(ContentTemplate.objects.filter(archived_at=None)[:MOST])
    return sorted(rows, key=lambda row: (order.get(row.key, len(order)), row.name, row.language))


def text(text_id: UUID) -> ContentTemplate | None:
    """Return one text that is in use."""
    return ContentTemplate.objects.filter(pk=text_id, archived_at=None).select_related("account").first()


def missing(rows: Sequence[ContentTemplate], accounts: Sequence[ProviderAccount]) -> int:
    """Return how many texts of the starter set are not in the list, or failed to be submitted. Pure."""
    known = {(row.account_id, row.key, spelled(row.language)) for row in rows}
    absent = sum(
        (account.pk, one.key, SPELLED[one.language]) not in known
        for account in accounts
        for one in starter_set()
    )
    failed = sum(
        bool(row.error_code) and bool(row.asked_category) and row.submitted_at is None for row in rows
    )
    return absent + failed
