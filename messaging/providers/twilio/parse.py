"""Twilio's form fields to our dataclasses.

Tolerant of what is new (unknown fields, unknown kinds), strict about what identifies. The signature joins names
and values without a separator, so a captured request could be cut into other fields and still verify; the
formats below refuse every such cut (an id grows beyond its length, or a field we need disappears).
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from medsync.lib import phone
from medsync.lib.text import clean
from messaging.providers.base import (
    Channel,
    DeliveryStatus,
    InboundMessage,
    InboundRequest,
    Malformed,
    MediaRef,
    MessageKind,
    OptOut,
    StatusUpdate,
)

WHATSAPP = "whatsapp:"
_SID = re.compile(r"[A-Z]{2}[0-9A-Za-z]{1,32}", re.ASCII)
_USER_ID = re.compile(r"[A-Z]{2}\.[0-9A-Za-z]{1,128}", re.ASCII)
_NO_PHONE = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._&+-]{0,30}", re.ASCII)  # short codes, sender names
_ERROR_CODE = re.compile(r"[0-9A-Za-z]{1,10}", re.ASCII)
#: Several values of one of these: not decided by us which one counts.
_SINGLE = ("MessageSid", "AccountSid", "From", "To", "Body", "MessageStatus")

STATUS_WORDS: Mapping[str, DeliveryStatus] = {
    "accepted": "queued",
    "scheduled": "queued",
    "queued": "queued",
    "sending": "sending",
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}
_OPT_OUT: Mapping[str, OptOut] = {"STOP": "stop", "START": "start", "HELP": "help"}
_KINDS: Mapping[str, MessageKind] = {
    "": "text",
    "text": "text",
    "button": "text",
    "interactive": "text",
    "location": "location",
    "contacts": "contact",
    "contact": "contact",
}
#: What these name they do not always say; then they stand in the thread by themselves.
_SIGNS: Mapping[str, MessageKind] = {
    "reaction": "reaction",
    "deleted": "deletion",
    "message_deleted": "deletion",
}
_VCARD = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
#: Not a person's own words to us, so they open no window and get no answer.
_NO_MESSAGE = frozenset({"reaction", "system", "ephemeral", "deleted", "message_deleted"})
_EXTRA = {
    "MessageType": "message_type",
    "Latitude": "latitude",
    "Longitude": "longitude",
    "Address": "address",
    "Label": "label",
    "ButtonText": "button_text",
    "ListId": "list_id",
    "ListTitle": "list_title",
    "Forwarded": "forwarded",
    "FrequentlyForwarded": "frequently_forwarded",
    "OriginalRepliedMessageSender": "replied_to_sender",
    "NumSegments": "segments",
    "MessagingServiceSid": "service",
    "ReferralSourceType": "referral",
}
_EXTRA_LENGTH = 1000


def split_address(value: str) -> tuple[Channel, str]:
    """Return the channel and the bare address of Twilio's "whatsapp:+1…" or "+1…"."""
    if value.startswith(WHATSAPP):
        return "whatsapp", value[len(WHATSAPP) :]
    return "sms", value


def join_address(channel: Channel, address: str) -> str:
    """Return the address as Twilio wants it."""
    return WHATSAPP + address if channel == "whatsapp" else address


def parse_message(request: InboundRequest) -> InboundMessage:
    """Return the message. Raises Malformed."""
    _refuse_repeated(request)
    event_id = _sid(request.first("MessageSid") or request.first("SmsSid"), "message_sid")
    account_sid = _sid(request.first("AccountSid"), "account_sid")
    channel, to_number = split_address(request.first("To"))
    from_channel, from_address = split_address(request.first("From"))
    if not phone.is_e164(to_number):
        raise Malformed("to")
    if from_channel != channel:
        raise Malformed("channels_differ")
    media = _media(request)
    message_type = request.first("MessageType").strip().lower()
    body = clean(request.first("Body"))
    payload = clean(request.first("ButtonPayload") or request.first("ListId")) or None
    call_permission = body == "VOICE_CALL_REQUEST" and request.first("ButtonText") == body
    return InboundMessage(
        event_id=event_id,
        account_sid=account_sid,
        channel=channel,
        from_address=_from(from_address),
        from_phone=from_address if phone.is_e164(from_address) else None,
        from_user_id=_user_id(request, channel, from_address),
        to_number=to_number,
        body=body,
        kind="unsupported" if call_permission else _kind(message_type, body, media, payload),
        profile_name=clean(request.first("ProfileName"))[:200],
        media=media,
        button_payload=payload[:_EXTRA_LENGTH] if payload else None,
        replied_to_id=_optional_sid(request.first("OriginalRepliedMessageSid")),
        opt_out=_OPT_OUT.get(request.first("OptOutType").upper()),
        opens_window=not call_permission and message_type not in _NO_MESSAGE,
        extra={
            ours: clean(value)[:_EXTRA_LENGTH]
            for theirs, ours in _EXTRA.items()
            if (value := request.first(theirs))
        },
    )


def parse_status(request: InboundRequest) -> StatusUpdate:
    """Return the status update. Raises Malformed."""
    _refuse_repeated(request)
    word = request.first("MessageStatus") or request.first("SmsStatus")
    status = STATUS_WORDS.get(word.lower())
    if status is None:
        raise Malformed("status")
    channel, from_address = split_address(request.first("From"))
    code = request.first("ErrorCode")
    return StatusUpdate(
        provider_message_id=_sid(request.first("MessageSid") or request.first("SmsSid"), "message_sid"),
        account_sid=_sid(request.first("AccountSid"), "account_sid"),
        channel=channel,
        status=status,
        error_code=code if code != "0" and _ERROR_CODE.fullmatch(code) else "",
        from_address=from_address,
        to_address=split_address(request.first("To"))[1],
        our_ref=_ref(request),
    )


def _refuse_repeated(request: InboundRequest) -> None:
    for name in _SINGLE:
        if len(set(request.form.get(name, ()))) > 1:
            raise Malformed("repeated_field")


def _sid(value: str, what: str) -> str:
    if not _SID.fullmatch(value):
        raise Malformed(what)
    return value


def _optional_sid(value: str) -> str | None:
    return value if _SID.fullmatch(value) else None


def _from(address: str) -> str:
    if phone.is_e164(address) or _USER_ID.fullmatch(address) or _NO_PHONE.fullmatch(address):
        return address
    raise Malformed("from")


def _user_id(request: InboundRequest, channel: Channel, from_address: str) -> str | None:
    """Return the business-scoped id, which comes alone when the number is hidden, else beside the number."""
    if channel != "whatsapp":
        return None
    for candidate in (split_address(request.first("ExternalUserId"))[1], from_address):
        if _USER_ID.fullmatch(candidate):
            return candidate
    return None


def _media(request: InboundRequest) -> tuple[MediaRef, ...]:
    count = request.first("NumMedia", "0")
    number = int(count) if count.isascii() and count.isdigit() and len(count) < 3 else 0
    return tuple(
        MediaRef(url=url[:2000], content_type=clean(request.first(f"MediaContentType{n}"))[:100])
        for n in range(number)
        if (url := clean(request.first(f"MediaUrl{n}")))
    )


def _kind(message_type: str, body: str, media: tuple[MediaRef, ...], payload: str | None) -> MessageKind:
    if media:
        return "contact" if all(m.content_type.lower() in _VCARD for m in media) else "media"
    known = _KINDS.get(message_type) or _SIGNS.get(message_type)
    if known == "text" and not body.strip() and payload is None:
        return "unsupported"  # nothing that can be read: a form that was filled in, a file that did not come along
    if known is not None:
        return known
    if message_type in _NO_MESSAGE:
        return "unsupported"
    # A kind we have never heard of: what can be read of it is read as text.
    return "text" if body or payload else "unsupported"


def _ref(request: InboundRequest) -> str | None:
    """Return the `a` of the callback URL's query; all candidate URLs share path and query."""
    query = urlsplit(request.urls[0]).query if request.urls else ""
    values = parse_qs(query, max_num_fields=20).get("a", []) if query.count("&") < 20 else []
    return values[0] if len(values) == 1 else None
