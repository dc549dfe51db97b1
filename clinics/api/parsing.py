"""Reading a request's JSON: strict, bounded, and never an exception for what somebody sends."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from clinics.api.errors import ApiError

MAX_BYTES = 1_048_576
MAX_DEPTH = 32


class StrictJSONParser(BaseParser):
    """UTF-8 JSON of at most MAX_BYTES and MAX_DEPTH levels, each name once, no NaN or Infinity, not compressed."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the document. Raises ParseError (400), UnsupportedMediaType (415), ApiError (413)."""
        meta = (parser_context or {})["request"].META
        if meta.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
            # Never unpacked: a kilobyte could become a gigabyte.
            raise UnsupportedMediaType(media_type or "", "Send the body uncompressed.")
        # Read one byte too many rather than trust a Content-Length.
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ApiError(413, "too_large", "The body is larger than 1 MB.")
        try:
            document = json.loads(
                raw.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_refuse_constant
            )
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not valid JSON.") from error
        if _depth_exceeds(document, MAX_DEPTH):
            raise ParseError("The body is nested too deeply.")
        return document


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _depth_exceeds(document: Any, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True
