"""Search in the admin's lists without a patient's name in an address: the term is kept, the address names its place.

Addresses end up in histories, bookmarks and the logs of whatever stands between; a list's search sends its term by
POST, and the page that follows carries a random key. Keys of a clinic's cache carry its schema.
"""

import secrets
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from unfold.views import ChangeList

from medsync.lib.text import clean

LONGEST = 200
KEPT = 12 * 3600  # seconds; as long as a session
_PLACE = "admin-search:"


def keep(term: str) -> str:
    """Keep a term and return the key of its place, "" for an empty one."""
    term = clean(term).strip()[:LONGEST]
    if not term:
        return ""
    key = secrets.token_urlsafe(9)
    cache.set(_PLACE + key, term, KEPT)
    return key


def term_of(key: str) -> str:
    """Return the term that was kept there; what was typed into an address by hand is its own term."""
    kept: str | None = cache.get(_PLACE + key) if key and len(key) == 12 else None
    return key if kept is None else kept


class QuietChangeList(ChangeList):  # type: ignore[misc]
    """A list that looks for the kept term."""

    query: str

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        """Return the rows that fit the filters and the term."""
        self.query = term_of(self.query)
        return super().get_queryset(request, exclude_parameters)
