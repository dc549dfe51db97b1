"""Posts of providers; forms are taken apart so that signatures can be checked over exactly what was sent."""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

from messaging.providers.base import InboundRequest

MAX_FIELDS = 1000
FORM = "application/x-www-form-urlencoded"


class TooManyFields(ValueError):
    """The form has more than MAX_FIELDS fields."""


JSON = "application/json"


def request_of(
    body: bytes, *, urls: tuple[str, ...], headers: Mapping[str, str], content_type: str = FORM
) -> InboundRequest:
    """Return a post to be verified and parsed; only a form is taken apart. Raises TooManyFields."""
    raw = parse_form(body) if content_type == FORM else {}
    return InboundRequest(
        method="POST",
        urls=urls,
        headers=headers,
        body=body,
        raw_form=raw,
        form={
            name.decode("utf-8", "replace"): [value.decode("utf-8", "replace") for value in values]
            for name, values in raw.items()
        },
        content_type=content_type,
    )


def parse_form(body: bytes) -> Mapping[bytes, Sequence[bytes]]:
    """Return the form decoded to bytes, for signatures cover bytes that may be no UTF-8."""
    fields: dict[bytes, list[bytes]] = {}
    pairs = body.split(b"&")
    if len(pairs) > MAX_FIELDS:
        raise TooManyFields
    for pair in pairs:
        if pair:
            name, _, value = pair.partition(b"=")
            fields.setdefault(_decode(name), []).append(_decode(value))
    return fields


def _decode(value: bytes) -> bytes:
    if b"+" in value:
        value = value.replace(b"+", b" ")
    return unquote_to_bytes(value) if b"%" in value else value
