"""A clinic's own words for texts of the catalogue, kept some seconds in the process: one statement when not known."""

import threading
import time
from collections.abc import Mapping

from django.db import connection

from messaging.models import OwnText

CACHE_SECONDS = 5.0

Words = Mapping[tuple[str, str], str]
_cache: dict[str, tuple[float, Words]] = {}
_lock = threading.Lock()


def own_words() -> Words:
    """Return the entered clinic's own words by (key, language), at most CACHE_SECONDS old; {} outside of clinics."""
    schema: str = getattr(connection, "schema_name", "") or ""
    if not schema.startswith("c_"):
        return {}
    at = time.monotonic()
    found = _cache.get(schema)
    if found and at - found[0] < CACHE_SECONDS:
        return found[1]
    fresh = {(row.key, row.language): row.body for row in OwnText.objects.only("key", "language", "body")}
    with _lock:
        if len(_cache) > 5_000:
            _cache.clear()
        _cache[schema] = (at, fresh)
    return fresh


def forget_own_words() -> None:
    """Empty this process's cache; every process forgets by itself after CACHE_SECONDS."""
    with _lock:
        _cache.clear()
