"""Every URL of the product, read from its resolvers."""

import re
from collections.abc import Iterator
from uuid import UUID

from django.urls import URLResolver, get_resolver

SAMPLES = {
    "uuid": str(UUID(int=0x7)),
    "slug": "clinic",
    "int": "1",
    "str": "x",
    "path": "x",
    "token": "x",
    "uidb36": "1",
    "key": "x-y",
}


def patterns(urlconf: str) -> Iterator[tuple[str, str, str]]:
    """Yield (pattern, a path that it matches, where it lives: "admin" or "page")."""
    yield from _walk(get_resolver(urlconf), "", "", "page")


def _walk(resolver: URLResolver, written: str, path: str, kind: str) -> Iterator[tuple[str, str, str]]:
    for entry in resolver.url_patterns:
        here = str(entry.pattern)
        there = written + here, path + _sample(here)
        if isinstance(entry, URLResolver):
            inside = "admin" if entry.app_name == "admin" else kind
            yield from _walk(entry, *there, inside)
        else:
            yield there[0].rstrip("/") or "/", there[1], kind


def _sample(pattern: str) -> str:
    """Return text that the pattern matches; good for the few shapes of regular expressions we have."""
    text = re.sub(r"<(\w+):\w+>", lambda m: SAMPLES[m[1]], pattern)
    text = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: SAMPLES.get(m[1], "x"), text)
    text = re.sub(r"\(\?:([^|)]+)\|[^)]*\)", r"\1", text)
    return text.replace("^", "").replace("$", "").replace("/?", "").replace("\\Z", "")
