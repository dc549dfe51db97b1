"""What the API's description is made of: the token, named shapes, lists, and the errors each endpoint may give."""

import re
import types
from collections.abc import Callable, Iterable
from functools import cache
from typing import Annotated, Any, TypedDict, Union, get_args, get_origin, get_type_hints, is_typeddict

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.plumbing import build_object_type, resolve_type_hint
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from clinics.api.fields import Body


class Error(TypedDict):
    """What went wrong: a sentence, a code for programs, and the fields that are wrong."""

    detail: str
    code: str


class FieldsError(Error, total=False):
    """An error that names fields, each with its sentences."""

    fields: dict[str, list[str]]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's description names the token."""

    target_class = "clinics.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}


class TypedDictShape(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Lets a TypedDict describe an answer: presenters return what the description says, and mypy sees to it."""

    @classmethod
    def _matches(cls, target: Any) -> bool:
        return is_typeddict(target)

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """Return the shape's name in the description."""
        return str(self.target.__name__).removesuffix("Shape")

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return the OpenAPI object; shapes within it stand under their own names."""
        hints = get_type_hints(self.target, include_extras=True)
        schema: dict[str, Any] = build_object_type(
            properties={name: _hint(hint, auto_schema, direction) for name, hint in hints.items()},
            required=sorted(self.target.__required_keys__),
            description=(self.target.__doc__ or "").strip(),
        )
        return schema


def _hint(hint: Any, auto_schema: Any, direction: Any) -> dict[str, Any]:
    origin, args = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        reference: dict[str, Any] = auto_schema.resolve_serializer(hint, direction).ref
        return reference
    if origin is list:
        return {"type": "array", "items": _hint(args[0], auto_schema, direction)}
    if origin in (Union, types.UnionType):
        inner = _hint(next(arg for arg in args if arg is not type(None)), auto_schema, direction)
        return {"allOf": [inner], "nullable": True} if "$ref" in inner else {**inner, "nullable": True}
    if origin is Annotated:  # a string that is one of the choices
        return {**_hint(args[0], auto_schema, direction), "enum": list(args[1].values)}
    schema: dict[str, Any] = resolve_type_hint(hint)  # type: ignore[no-untyped-call]
    return schema


_NO_WORD = re.compile(r"[^a-z]+")

ACCOUNT = OpenApiParameter(
    "X-Account-Id",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The clinic: its id or short name.",
)
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 characters. A request that is sent again with its key has its effect once, for 48 hours.",
)
_PAGE = [
    OpenApiParameter("limit", int, description="1 to 100; more is 100.", default=50),
    OpenApiParameter("cursor", str, description="From `next` or `previous`."),
]
_SINCE = OpenApiParameter(
    "updated_since",
    OpenApiTypes.DATETIME,
    description=(
        "A time with an offset. Lists what has changed since, the earliest change first. Ask again from a minute "
        "before the last one: changes are seen when they are committed, not when they were stamped."
    ),
)

_ALWAYS = {
    401: "`not_authenticated`",
    404: "`not_found`",
    429: "`throttled`, with `Retry-After`",
    503: "`unavailable`, with `Retry-After`",
}


@cache
def listing(shape: Any) -> type[Any]:
    """Return the shape of a list of that shape."""
    return TypedDict(  # type: ignore[no-any-return,operator]
        shape.__name__.removesuffix("Shape") + "List",
        {"results": list[shape], "next": str | None, "previous": str | None},
    )


def describe(
    summary: str,
    *,
    answers: Any = None,
    status: int = 200,
    sends: type[Body] | None = None,
    creates: bool = False,
    pages: bool = False,
    since: bool = True,
    parameters: Iterable[OpenApiParameter] = (),
    may: dict[int, Any] | None = None,
    roles: bool = False,
    tag: str,
    description: str = "",
) -> Callable[[Any], Any]:
    """Describe one method of a view: what is sent, what it answers, and every error.

    `may` adds errors: a status to its codes in words, or to (words, shape) where the body has more.
    """
    given = [ACCOUNT, *parameters, *([KEY] if creates else []), *(_PAGE if pages else [])]
    if pages and since:
        given.append(_SINCE)
    errors: dict[int, Any] = {**_ALWAYS, 400: "`invalid`, `account_required`"}
    if roles:
        errors[403] = "`role`"
    if sends is not None:
        errors |= {413: "`too_large`", 415: "`unsupported_media_type`"}
    errors |= may or {}
    responses: dict[int, Any] = {status: answers if answers is not None else None}
    for code, words in sorted(errors.items()):
        words, shape = (
            words if isinstance(words, tuple) else (words, FieldsError if code in (400, 404) else Error)
        )
        responses[code] = OpenApiResponse(shape, description=words)
    return extend_schema(
        operation_id=_NO_WORD.sub("_", summary.lower()).strip("_"),
        summary=summary,
        description=description,
        parameters=given,
        request=sends,
        responses=responses,
        tags=[tag],
    )


def canonical_paths(endpoints: list[Any], **kwargs: Any) -> list[Any]:
    """Leave out the second spelling of each path, with a slash at its end, and the alias of the reminders."""
    return [path for path in endpoints if path[0].startswith("/api/") and not path[0].endswith("/")]
