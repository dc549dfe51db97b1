"""Telnyx's events to our dataclasses: tolerant of what is new, strict about what identifies."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from medsync.lib import phone
from medsync.lib.text import clean
from messaging.providers.base import (
    Channel,
    DeliveryStatus,
    EventKind,
    InboundMessage,
    InboundRequest,
    Malformed,
    MediaRef,
    MessageKind,
    OptOut,
    StatusUpdate,
)

MOST_MEDIA = 20
_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_ERROR_CODE = re.compile(r"[0-9A-Za-z]{1,10}", re.ASCII)
_NO_PHONE = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._&+-]{0,30}", re.ASCII)  # short codes, sender names

STATUS_WORDS: Mapping[str, DeliveryStatus] = {
    "queued": "queued",
    "scheduled": "queued",
    "sending": "sending",
    "sent": "sent",
    # The end, too, but the carrier does not tell whether it arrived: what is shown is what is known.
    "delivery_unconfirmed": "sent",
    "delivered": "delivered",
    "read": "read",
    "delivery_failed": "undelivered",
    "sending_failed": "failed",
    "expired": "failed",
    "cancelled": "failed",
}
#: What is meant when the event names no error of its own.
_IMPLIED = {"expired": "40005"}
_OPT_OUT: Mapping[str, OptOut] = {"STOP": "stop", "START": "start", "HELP": "help"}
_CHANNELS: Mapping[str, Channel] = {"SMS": "sms", "MMS": "sms", "WHATSAPP": "whatsapp"}
_EVENTS: Mapping[str, EventKind] = {
    "message.received": "message",
    "message.sent": "status",
    "message.finalized": "status",
}
_VCARD = frozenset({"text/vcard", "text/x-vcard", "text/directory"})


def event_of(request: InboundRequest) -> Mapping[str, Any]:
    """Return the event's `data`, {} for a body that has none."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return _dict(_dict(body).get("data"))


def event_kind(request: InboundRequest) -> EventKind:
    """Return what an event is about; a body that is none counts as a message, so that it is looked at."""
    word = _text(event_of(request).get("event_type"))
    return _EVENTS.get(word, "other") if word else "message"


def receiver(request: InboundRequest) -> tuple[Channel, str] | None:
    """Return channel and number of ours that a message was sent to, None when unclear."""
    payload = _payload(event_of(request))
    return _number(payload, _ours(payload))


def origin(request: InboundRequest) -> tuple[Channel, str] | None:
    """Return channel and number of ours that a message came from, None when unclear."""
    payload = _payload(event_of(request))
    return _number(payload, _dict(payload.get("from")))


def parse_message(request: InboundRequest) -> InboundMessage:
    """Return the message. Raises Malformed."""
    event = event_of(request)
    payload = _payload(event)
    channel = _channel(payload)
    to_number = _text(_ours(payload).get("phone_number"))
    if not phone.is_e164(to_number):
        raise Malformed("to")
    address = _text(_dict(payload.get("from")).get("phone_number"))
    if not phone.is_e164(address) and not _NO_PHONE.fullmatch(address):
        raise Malformed("from")
    media = _media(payload.get("media"))
    body = clean(_text(payload.get("text")))
    return InboundMessage(
        # Of the message, not of the event: the same words stay one message however often they are reported.
        event_id=_id(payload),
        account_sid=_text(payload.get("organization_id"))[:64],
        channel=channel,
        from_address=address,
        from_phone=address if phone.is_e164(address) else None,
        to_number=to_number,
        body=body,
        kind=_kind(body, media),
        media=media,
        opt_out=_OPT_OUT.get(_text(payload.get("autoresponse_type")).upper()),
        occurred_at=_moment(event.get("occurred_at")) or _moment(payload.get("received_at")),
        extra={"message_type": kind} if (kind := clean(_text(payload.get("type")))[:20]) else {},
    )


def parse_status(request: InboundRequest) -> StatusUpdate:
    """Return the status update. Raises Malformed."""
    payload = _payload(event_of(request))
    first = _first(payload.get("to"))
    word = _text(first.get("status")).lower()
    status = STATUS_WORDS.get(word)
    if status is None:
        raise Malformed("status")
    code = _text(_first(payload.get("errors")).get("code")) or _IMPLIED.get(word, "")
    return StatusUpdate(
        provider_message_id=_id(payload),
        account_sid=_text(payload.get("organization_id"))[:64],
        channel=_channel(payload),
        status=status,
        error_code=code if _ERROR_CODE.fullmatch(code) else "",
        from_address=_text(_dict(payload.get("from")).get("phone_number")),
        to_address=_text(first.get("phone_number")),
        our_ref=_ref(request),
    )


def sent(body: bytes) -> tuple[str, DeliveryStatus] | None:
    """Return id and status of a message in the answer to a send, None for nonsense."""
    try:
        data = _dict(_dict(json.loads(body)).get("data"))
    except (ValueError, RecursionError):
        return None
    given = _text(data.get("id"))
    if not _ID.fullmatch(given):
        return None
    return given, STATUS_WORDS.get(_text(_first(data.get("to")).get("status")).lower(), "queued")


def error_code(body: bytes) -> str:
    """Return the error number of an answer, "" for none. Its words are dropped: they quote phone numbers."""
    try:
        code = _text(_first(_dict(json.loads(body)).get("errors")).get("code"))
    except (ValueError, RecursionError):
        return ""
    return code if _ERROR_CODE.fullmatch(code) else ""


def _payload(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return _dict(event.get("payload"))


def _id(payload: Mapping[str, Any]) -> str:
    value = _text(payload.get("id"))
    if not _ID.fullmatch(value):
        raise Malformed("id")
    return value


def _channel(payload: Mapping[str, Any]) -> Channel:
    channel = _CHANNELS.get(_text(payload.get("type")).upper() or "SMS")
    if channel is None:
        raise Malformed("type")
    return channel


def _number(payload: Mapping[str, Any], party: Mapping[str, Any]) -> tuple[Channel, str] | None:
    """Return whose key is to be tried; a kind of message we do not know is looked at, and kept, like an SMS."""
    number = _text(party.get("phone_number"))
    channel = _CHANNELS.get(_text(payload.get("type")).upper(), "sms")
    return (channel, number) if phone.is_e164(number) else None


def _ours(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return who of the receivers is reported to us: a message to a group names the others, too."""
    to = payload.get("to")
    receivers = [_dict(one) for one in to] if isinstance(to, list) else []
    reported = (one for one in receivers if one.get("status") == "webhook_delivered")
    return next(reported, _first(to))


def _kind(body: str, media: Sequence[MediaRef]) -> MessageKind:
    if media:
        return "contact" if _all_contacts(media) else "media"
    return "text" if body.strip() else "unsupported"


def _media(value: Any) -> tuple[MediaRef, ...]:
    rows = value if isinstance(value, list) else []
    return tuple(
        MediaRef(
            url=url[:2000],
            content_type=clean(_text(row.get("content_type")))[:100],
            size=size if isinstance(size := row.get("size"), int) and 0 <= size < 10**12 else 0,
        )
        for row in map(_dict, rows[:MOST_MEDIA])
        if (url := clean(_text(row.get("url"))))
    )


def _all_contacts(media: Sequence[MediaRef]) -> bool:
    return all(file.content_type.lower() in _VCARD for file in media)


def _moment(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(value))
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _ref(request: InboundRequest) -> str | None:
    """Return the `a` of the URL's query; all candidate URLs share path and query."""
    query = urlsplit(request.urls[0]).query if request.urls else ""
    values = parse_qs(query, max_num_fields=20).get("a", []) if query.count("&") < 20 else []
    return values[0] if len(values) == 1 else None


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(value: Any) -> Mapping[str, Any]:
    return _dict(value[0]) if isinstance(value, list) and value else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
