"""Pages by key: no COUNT, no OFFSET, the same time for the first page and the thousandth.

A cursor is the sort key of the row at a page's edge, signed for one list of one clinic; it names nobody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request
from rest_framework.serializers import ValidationError
from rest_framework.utils.urls import remove_query_param, replace_query_param

from clinics.api.fields import parse_instant

DEFAULT_LIMIT, MAX_LIMIT = 50, 100
BROKEN_CURSOR = "This is no cursor of this list. Take `next` and `previous` as they are."

M = TypeVar("M", bound=Model)
T = TypeVar("T")

_CHANGES = ("updated_at", "id")


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: field names, a "-" before those that descend, the last one unique.

    `changes` tells that the rows have `updated_at`, so that `?updated_since=` walks them by it.
    """

    name: str
    fields: tuple[str, ...]
    changes: bool = False


@dataclass(frozen=True, slots=True)
class _Cursor:
    forward: bool
    values: tuple[Any, ...]


def page(
    rows: QuerySet[M],
    request: Request,
    order: Order,
    present: Callable[[Sequence[M]], list[T]],
    *,
    scope: str,
) -> dict[str, Any]:
    """Return `{"results", "next", "previous"}` for one page of rows.

    `present` gets the rows of the page at once; `scope` binds the cursors, e.g. to the clinic. One statement
    besides those of `present`. Raises ValidationError for a bad limit, cursor or updated_since.
    """
    limit = _limit(request)
    since = updated_since(request)
    if since is not None and order.changes:
        rows = rows.filter(updated_at__gte=since)
        order = Order(order.name + ".changes", _CHANGES)
    salt = f"page:{order.name}:{scope}"
    cursor = _cursor(request, salt, len(order.fields))
    forward = cursor is None or cursor.forward
    if cursor is not None:
        rows = rows.filter(_beyond(order.fields, cursor))
    fields = order.fields if forward else tuple(_flipped(name) for name in order.fields)
    found = list(rows.order_by(*fields)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    if not forward:
        found.reverse()
    has_next, has_previous = (more, cursor is not None) if forward else (True, more)
    return {
        "results": present(found),
        "next": _link(request, order, salt, found[-1], forward=True) if found and has_next else None,
        "previous": _link(request, order, salt, found[0], forward=False) if found and has_previous else None,
    }


def whole(results: list[T]) -> dict[str, Any]:
    """Return a list that always fits into one page."""
    return {"results": results, "next": None, "previous": None}


def updated_since(request: Request) -> datetime | None:
    """Return the parameter `updated_since` as aware UTC, or None. Raises ValidationError."""
    given = request.query_params.get("updated_since")
    if given is None:
        return None
    # A "+" that was not written as %2B arrives as a space.
    moment = parse_instant(given.replace(" ", "+") if given[10:11] in "Tt" else given)
    if moment is None:
        raise ValidationError(
            {"updated_since": ["Must be a time with an offset, such as 2026-12-02T10:00:00Z."]}
        )
    return moment


def _limit(request: Request) -> int:
    given = request.query_params.get("limit")
    if given is None:
        return DEFAULT_LIMIT
    digits = given.lstrip("0")
    if not (given.isascii() and given.isdigit() and digits):
        raise ValidationError({"limit": [f"Must be a number from 1 to {MAX_LIMIT}."]})
    return MAX_LIMIT if len(digits) > 3 else min(int(digits), MAX_LIMIT)


def _flipped(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(fields: tuple[str, ...], cursor: _Cursor) -> Q:
    """Return the condition for the rows after (or before) the cursor's, in a form that an index can serve."""
    condition = Q()
    for name, value in reversed(list(zip(fields, cursor.values, strict=True))):
        bare = name.lstrip("-")
        side = "lt" if name.startswith("-") == cursor.forward else "gt"
        further = Q(**{f"{bare}__{side}": value})
        if condition:
            further |= Q(**{bare: value}) & condition
            # Says no more than the line above, but is what bounds an index scan.
            further &= Q(**{f"{bare}__{side}e": value})
        condition = further
    return condition


def _cursor(request: Request, salt: str, length: int) -> _Cursor | None:
    given = request.query_params.get("cursor")
    if given is None:
        return None
    try:
        forward, values = signing.loads(given, salt=salt)
    except (signing.BadSignature, ValueError) as error:
        raise ValidationError({"cursor": [BROKEN_CURSOR]}) from error
    if len(values) != length:
        raise ValidationError({"cursor": [BROKEN_CURSOR]})
    return _Cursor(bool(forward), tuple(values))


def _link(request: Request, order: Order, salt: str, edge: Model, *, forward: bool) -> str:
    values = [_plain(getattr(edge, name.lstrip("-"))) for name in order.fields]
    cursor = signing.dumps([forward, values], salt=salt)
    url = remove_query_param(request.build_absolute_uri(), "cursor")
    return str(replace_query_param(url, "cursor", cursor))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
