"""Serializers for what callers send: nothing is coerced, nothing is ignored, every error names its field."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers

from medsync.lib import phone

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# Far enough for anything a clinic plans, near enough that no arithmetic leaves the calendar.
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_FARTHEST_OFFSET = timedelta(hours=14)

_MOST_UNKNOWN_NAMED = 20

ANY_LENGTH = 1_048_576  # a body cannot be longer: for fields that say themselves what is too long


def shown_name(name: str) -> str:
    """Return a caller's field name as an error may show it: storable, short."""
    return _UNSTORABLE.sub("�", name)[:80]


def parse_instant(value: str) -> datetime | None:
    """Return an ISO 8601 time with an offset as aware UTC, or None for anything else, also for impossible ones."""
    if not _INSTANT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value.upper())
        offset = moment.utcoffset()
        if offset is None or abs(offset) > _FARTHEST_OFFSET or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            return None
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_date(value: str) -> date | None:
    """Return a date written YYYY-MM-DD, or None."""
    if not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def parse_id(value: str) -> UUID | None:
    """Return a UUID written in its usual form, or None."""
    return UUID(value) if _UUID.fullmatch(value) else None


def storable(text: str) -> str:
    """Return any text as Postgres can keep it: NUL and lone surrogates become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


class Body(serializers.Serializer[Any]):
    """A JSON object whose every name is known: a field that cannot be written is an error, not a surprise."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the clean values. Raises ValidationError."""
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({"non_field_errors": ["Send a JSON object."]})
        unknown = [name for name in data if name not in self.fields or self.fields[name].read_only]
        errors: dict[str, Any] = {
            shown_name(name): ["There is no such field to write."] for name in unknown[:_MOST_UNKNOWN_NAMED]
        }
        try:
            clean = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                errors |= error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return clean


class Text(serializers.CharField):
    """A string, and only a string; NUL and lone surrogates are refused, for Postgres cannot keep them."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the string, without white space around it. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        if _UNSTORABLE.search(data):
            raise serializers.ValidationError("NUL and lone surrogates cannot be stored.")
        return super().to_internal_value(data)


class Yes(serializers.BooleanField):
    """`true` or `false`; "yes", 1 and "on" are neither."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean. Raises ValidationError."""
        if not isinstance(data, bool):
            raise serializers.ValidationError("Must be true or false.")
        return data


class Id(serializers.UUIDField):
    """A UUID in its usual form; numbers are none."""

    def to_internal_value(self, data: Any) -> UUID:
        """Return the UUID. Raises ValidationError."""
        found = parse_id(data) if isinstance(data, str) else None
        if found is None:
            raise serializers.ValidationError("Must be an id (a UUID).")
        return found


class Instant(serializers.DateTimeField):
    """An ISO 8601 time with an offset; a time without one means something else in every zone."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return aware UTC. Raises ValidationError."""
        found = parse_instant(value) if isinstance(value, str) else None
        if found is None:
            raise serializers.ValidationError(
                "Must be a time with an offset, such as 2026-12-02T10:00:00-05:00."
            )
        return found


class Day(serializers.DateField):
    """A date, YYYY-MM-DD."""

    def to_internal_value(self, value: Any) -> date:
        """Return the date. Raises ValidationError."""
        found = parse_date(value) if isinstance(value, str) else None
        if found is None:
            raise serializers.ValidationError("Must be a date, such as 2026-12-02.")
        return found


class Count(serializers.IntegerField):
    """A whole number, not a string of digits."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number. Raises ValidationError."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Phone(Text):
    """A phone number as anybody writes it; becomes E.164 by the country of `context["region"]`."""

    SENTENCES = {
        "empty": "A number is due.",
        "letters": "A phone number has no letters.",
        "too_short": "This is too short for a phone number with its area code.",
        "too_long": "This is too long for a phone number.",
        "short_code": "Short codes are not people's numbers.",
    }

    def __init__(self, *, own: bool = False, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)
        self._parse = phone.parse_own if own else phone.parse  # `own`: one of the clinic's numbers

    def to_internal_value(self, data: Any) -> str:
        """Return E.164. Raises ValidationError."""
        text = super().to_internal_value(data)
        try:
            return self._parse(text, self.context["region"])
        except phone.InvalidPhone as error:
            sentence = self.SENTENCES.get(error.code, "This is no possible phone number.")
            raise serializers.ValidationError(sentence, code=error.code) from error
