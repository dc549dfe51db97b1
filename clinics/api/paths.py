"""URLs of the API: with and without a slash at the end, for a redirect would lose a POST."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """Return the patterns of both spellings; `name` belongs to the one without a slash."""
    return [path(route, view, name=name), path(f"{route}/", view)]
