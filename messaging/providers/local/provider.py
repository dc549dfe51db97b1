"""The provider object for phones played in the browser.

It speaks the same contract as the real ones: its webhooks are signed (with the secret of the clinic's own
`local` account), its sends are receipted at once, and the ticks come later as signed status callbacks.
"""

import contextlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast, get_args
from urllib.parse import urlencode

from django.db import connection

from medsync.lib import jobs, phone
from medsync.lib.ids import new_id
from medsync.lib.text import clean
from messaging.providers.base import (
    Channel,
    DeliveryStatus,
    ErrorKind,
    EventKind,
    InboundMessage,
    InboundRequest,
    InlineReply,
    ListedMessage,
    Malformed,
    MediaRef,
    MessageKind,
    Outbound,
    Receipt,
    Response,
    SendError,
    StatusUpdate,
    Webhooks,
)
from messaging.providers.causes import KnownError
from messaging.providers.local.contents import LocalContents
from messaging.providers.local.lines import behaviour_of
from messaging.providers.media import Fetched, MediaError

HEADER = "x-medsync-signature"
#: Task that plays the phone's side of a delivery; it lives above, in `messaging.local_phone`.
PLAY_TASK = "messaging.play_local_delivery"
_URL = "local:phone"
_CHANNELS = frozenset(get_args(Channel))
_STATUSES = frozenset(get_args(DeliveryStatus))
_KINDS = frozenset(get_args(MessageKind))
#: Not a person's own words: they open no window and get no answer.
_SIGNS = frozenset({"reaction", "deletion"})
_EXTRA = ("latitude", "longitude", "label", "address", "forwarded", "button_text", "message_type")


def sign(body: bytes, secret: str) -> str:
    """Return the signature of a webhook body."""
    return hmac.digest(secret.encode(), body, "sha256").hex()


def signed_request(fields: Mapping[str, str], secret: str, *, ref: str = "") -> InboundRequest:
    """Return a webhook as a played phone posts it, signed; `ref` is the `a` of a status callback URL."""
    fields = {**fields, "ref": ref} if ref else fields
    fields = {name: clean(value) for name, value in fields.items()}
    body = urlencode(fields).encode()
    return InboundRequest(
        method="POST",
        urls=(_URL,),
        headers={HEADER: sign(body, secret)},
        body=body,
        raw_form={name.encode(): (value.encode(),) for name, value in fields.items()},
        form={name: (value,) for name, value in fields.items()},
        content_type="application/x-www-form-urlencoded",
    )


def new_message_id() -> str:
    """Return a fresh id for a message, as a provider would give one."""
    return f"LM{new_id().hex}"


class LocalProvider:
    """Phones without a network."""

    slug = "local"
    channels = frozenset({"whatsapp", "sms"})
    #: Everything goes through the outbox, so that a demonstration shows the ticks of a real send.
    answers_inline = False
    mms_bytes = 5 * 1024 * 1024
    idempotent_sends = False
    contents = LocalContents()

    def webhooks(self, channel: str) -> Webhooks:
        """Return paths that nobody calls: a played phone hands its requests over within this process."""
        return Webhooks(message="/api/webhooks/local", status="/api/webhooks/local/status")

    def event_kind(self, request: InboundRequest) -> EventKind:
        """Return what the fields say."""
        return "status" if request.first("status") else "message"

    def known_error(self, code: str) -> KnownError | None:
        """Return nothing: a played phone breaks with the numbers of the real providers."""
        return None

    def verify(self, request: InboundRequest, secrets: Sequence[str]) -> bool:
        """Tell whether one of the secrets signed the body."""
        given = request.headers.get(HEADER, "").encode("utf-8", "replace")
        return any(
            hmac.compare_digest(sign(request.body, secret).encode(), given) for secret in secrets if secret
        )

    def named_account(self, request: InboundRequest) -> str:
        """Return the `account` field."""
        return request.first("account")

    def named_receiver(self, request: InboundRequest) -> tuple[Channel, str] | None:
        """Return channel and `to`, None when that is no number."""
        return _number(request, "to")

    def named_origin(self, request: InboundRequest) -> tuple[Channel, str] | None:
        """Return channel and `from`, None when that is no number."""
        return _number(request, "from")

    def parse_message(self, request: InboundRequest) -> InboundMessage:
        """Return the message. Raises Malformed."""
        address = _required(request, "from")
        media_type = request.first("media_type")
        kind = request.first("kind", "media" if media_type else "text")
        return InboundMessage(
            event_id=_required(request, "id"),
            account_sid=_required(request, "account"),
            channel=_channel(request),
            from_address=address,
            from_phone=address if phone.is_e164(address) else None,
            from_user_id=request.first("user_id") or (None if phone.is_e164(address) else address),
            to_number=_required(request, "to"),
            body=clean(request.first("body")),
            kind=cast(MessageKind, kind if kind in _KINDS else "unsupported"),
            profile_name=clean(request.first("name"))[:200],
            media=(_media(request, media_type),) if media_type else (),
            button_payload=request.first("button") or None,
            replied_to_id=request.first("reply_to") or None,
            opens_window=kind not in _SIGNS,
            extra=_extra(request),
        )

    def parse_status(self, request: InboundRequest) -> StatusUpdate:
        """Return the status update. Raises Malformed."""
        status = _required(request, "status")
        if status not in _STATUSES:
            raise Malformed("status")
        return StatusUpdate(
            provider_message_id=_required(request, "id"),
            account_sid=_required(request, "account"),
            channel=_channel(request),
            status=cast(DeliveryStatus, status),
            error_code=request.first("error_code")[:10],
            from_address=_required(request, "from"),
            to_address=_required(request, "to"),
            our_ref=request.first("ref") or None,
        )

    def acknowledge(self, replies: Sequence[InlineReply] = ()) -> Response:
        """Return an empty answer; there are never replies to carry."""
        return Response(status=200, content_type="text/xml", body=b"")

    def refuse(self) -> Response:
        """Return an empty 403."""
        return Response(status=403, content_type="text/xml", body=b"")

    def rate(self, channel: str) -> float | None:
        """Return None: the phones take any number at once."""
        return None

    def send(self, outbound: Outbound) -> Receipt:
        """Take the message; the phone reads it from the thread, and its ticks are played by a task.

        Raises SendError when the phone is set so.
        """
        behaviour = behaviour_of(outbound.channel, outbound.to_address)
        if behaviour.refused_with:
            raise SendError(behaviour.refused_with, ErrorKind.PERMANENT)
        message_id = new_message_id()
        attempt_id = outbound.ref.rpartition(".")[2]
        schema = str(getattr(connection, "schema_name", ""))
        jobs.enqueue(PLAY_TASK, schema=schema, attempt_id=attempt_id, provider_message_id=message_id)
        if behaviour.lost:
            raise SendError("timeout", ErrorKind.UNKNOWN)
        return Receipt(provider_message_id=message_id, status="sent")

    def list_recent(
        self,
        account_sid: str,
        secret: str,
        *,
        from_number: str,
        to_address: str,
        channel: Channel,
        since: datetime,
        until: datetime,
    ) -> Sequence[ListedMessage]:
        """Return nothing: a played phone keeps no list, and shows each message once however often it is sent."""
        return ()

    def check(self, account_sid: str, secret: str, *, channel: Channel, number: str) -> None:
        """Do nothing: a played phone has no credentials."""

    def fetch_media(self, url: str, *, account_sid: str, secret: str, limit: int) -> Fetched:
        """Raise MediaError: what a played phone sends lies in the clinic's store already."""
        raise MediaError("gone")


def _media(request: InboundRequest, content_type: str) -> MediaRef:
    return MediaRef(
        url=_URL,
        content_type=content_type,
        name=clean(request.first("media_name"))[:200],
        size=_figure(request.first("media_size")),
        key=request.first("media_key"),
        playable=request.first("media_playable"),
        seconds=_figure(request.first("media_seconds")) or None,
    )


def _extra(request: InboundRequest) -> dict[str, Any]:
    extra: dict[str, Any] = {
        name: clean(request.first(name))[:1000] for name in _EXTRA if request.first(name)
    }
    with contextlib.suppress(ValueError):
        extra["contacts"] = json.loads(request.first("contacts"))
    return extra


def _figure(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _number(request: InboundRequest, field: str) -> tuple[Channel, str] | None:
    channel, number = request.first("channel"), request.first(field)
    return (cast(Channel, channel), number) if channel in _CHANNELS and phone.is_e164(number) else None


def _required(request: InboundRequest, name: str) -> str:
    value = request.first(name)
    if not value or len(value) > 140:
        raise Malformed(name)
    return value


def _channel(request: InboundRequest) -> Channel:
    channel = request.first("channel")
    if channel not in _CHANNELS:
        raise Malformed("channel")
    return cast(Channel, channel)
