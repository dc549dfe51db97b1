"""Changing the clinic's saved texts; one that is no longer wanted is archived, and comes back by one click."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from clinics.models import User
from messaging.models import SavedText


class Taken(ValueError):
    """Another text that is in use has that name or that shortcut; `field` says which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def save(
    text: SavedText | None,
    *,
    name: str,
    shortcut: str,
    category: str,
    texts: Mapping[str, str],
    by: User,
    now: datetime,
) -> SavedText:
    """Store a new text, or change one. The constraints judge what is taken. Raises Taken."""
    row = text or SavedText(created_by=by, created_at=now)
    row.name, row.shortcut, row.category = name, shortcut, category
    row.texts, row.updated_at = dict(texts), now
    with _naming_what_is_taken():
        row.save()
    return row


def archive(text_id: UUID, *, now: datetime) -> bool:
    """Put a text away; False when it is already."""
    return bool(
        SavedText.objects.filter(pk=text_id, archived_at=None).update(archived_at=now, updated_at=now)
    )


def restore(text_id: UUID, *, now: datetime) -> bool:
    """Bring a text back; False when it is in use already. Raises Taken."""
    with _naming_what_is_taken():
        return bool(
            SavedText.objects.filter(pk=text_id)
            .exclude(archived_at=None)
            .update(archived_at=None, updated_at=now)
        )


@contextmanager
def _naming_what_is_taken() -> Iterator[None]:
    """Name a broken constraint as a person would."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Taken("shortcut" if "shortcut" in str(error) else "name") from error
