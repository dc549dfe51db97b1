"""The provider object: Telnyx behind the contract of `providers.base`."""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings

from medsync.lib import clock
from messaging.providers import media
from messaging.providers.base import (
    Channel,
    ErrorKind,
    EventKind,
    InboundMessage,
    InboundRequest,
    InlineReply,
    ListedMessage,
    Outbound,
    Receipt,
    Response,
    SendError,
    StatusUpdate,
    Webhooks,
)
from messaging.providers.causes import KnownError
from messaging.providers.telnyx import errors, parse, signature
from messaging.providers.telnyx.http import Answer, NoAnswer, NotWritten, Wire

logger = logging.getLogger(__name__)

API = "https://api.telnyx.com"
MAX_BODY = 1600
MOST_MEDIA = 10
#: An id that no message has: asking for it tells whether the key is taken, and nothing else.
_NOBODY = "00000000-0000-4000-8000-000000000000"
#: Where files of messages lie: signed addresses of short life, asked without credentials.
MEDIA_ORIGINS = (
    "https://media.telnyx.com",
    "https://us-central-1.telnyxcloudstorage.com",
    "https://us-east-1.telnyxcloudstorage.com",
    "https://us-west-1.telnyxcloudstorage.com",
    "https://eu-central-1.telnyxcloudstorage.com",
)
#: From here on a reset is a moment of the Unix clock, not a number of seconds.
_A_MOMENT = 1_000_000_000


class TelnyxProvider:
    """Telnyx; without state but for the pool of connections. `secret` is an API key, to verify a public key."""

    slug = "telnyx"
    channels = frozenset({"sms"})
    answers_inline = False
    mms_bytes = 1_000_000
    idempotent_sends = True

    @cached_property
    def _wire(self) -> Wire:
        return Wire()

    def webhooks(self, channel: str) -> Webhooks:
        """Return the one path that takes all events."""
        return Webhooks(message="/api/webhooks/sms/telnyx", status="/api/webhooks/sms/telnyx")

    def rate(self, channel: str) -> float | None:
        """Return what every long code may send; a campaign of the clinic's own may allow more, or less."""
        return 1.0

    def event_kind(self, request: InboundRequest) -> EventKind:
        """Return what the event's type says."""
        return parse.event_kind(request)

    def known_error(self, code: str) -> KnownError | None:
        """Return what a number of Telnyx's means."""
        return errors.known(code)

    def verify(self, request: InboundRequest, secrets: Sequence[str]) -> bool:
        """Tell whether one of the public keys signed this body in these minutes."""
        return signature.verify(
            request.headers.get(signature.HEADER, ""),
            request.headers.get(signature.TIMESTAMP, ""),
            request.body,
            secrets,
            now=request.received_at or clock.real_now(),
        )

    def named_account(self, request: InboundRequest) -> str:
        """Return "": an event names no account by a name that its owner would know."""
        return ""

    def named_receiver(self, request: InboundRequest) -> tuple[Channel, str] | None:
        """Return what `to` says, None when it is no number."""
        return parse.receiver(request)

    def named_origin(self, request: InboundRequest) -> tuple[Channel, str] | None:
        """Return what `from` says, None when it is no number."""
        return parse.origin(request)

    def parse_message(self, request: InboundRequest) -> InboundMessage:
        """Return the message. Raises Malformed."""
        return parse.parse_message(request)

    def parse_status(self, request: InboundRequest) -> StatusUpdate:
        """Return the status update. Raises Malformed."""
        return parse.parse_status(request)

    def acknowledge(self, replies: Sequence[InlineReply] = ()) -> Response:
        """Return an empty 200; there are never replies to carry."""
        return Response(status=200, content_type="application/json", body=b"")

    def refuse(self) -> Response:
        """Return an empty 403."""
        return Response(status=403, content_type="application/json", body=b"")

    def send(self, outbound: Outbound) -> Receipt:
        """Create the message by REST, under our attempt's id as its key. Raises SendError."""
        if outbound.content_sid or outbound.channel not in self.channels:
            raise SendError("wrong_form", ErrorKind.PERMANENT)
        if len(outbound.body) > MAX_BODY:
            raise SendError("40302", ErrorKind.PERMANENT)
        if len(outbound.media_urls) > MOST_MEDIA:
            raise SendError("too_many_files", ErrorKind.PERMANENT)
        key = outbound.ref.rpartition(".")[2]
        answer = self._ask("POST", "/v2/messages", outbound.secret, json=_said(outbound), key=key)
        found = parse.sent(answer.body)
        if found is None:
            raise SendError("garbage", ErrorKind.UNKNOWN)
        message_id, status = found
        return Receipt(provider_message_id=message_id, status=status)

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
        """Raise SendError: Telnyx keeps no list by number. What was lost is sent again under the same key."""
        raise SendError("no_list", ErrorKind.PERMANENT)

    def check(self, account_sid: str, secret: str, *, channel: Channel, number: str) -> None:
        """Ask for a message that nobody has: a 404 says that the key is taken. Raises SendError."""
        try:
            self._ask("GET", f"/v2/messages/{_NOBODY}", secret)
        except SendError as error:
            if error.kind is not ErrorKind.PERMANENT:
                raise

    def fetch_media(self, url: str, *, account_sid: str, secret: str, limit: int) -> media.Fetched:
        """Return a file that a message named, asked without credentials. Raises MediaError."""
        base = media.origin_of(settings.TELNYX_API_BASE_URL) if settings.TELNYX_API_BASE_URL else ""
        origins = {*MEDIA_ORIGINS, *settings.MEDIA_ORIGINS, *([base] if base else [])}
        return media.get(url, origins=origins, auth=None, limit=limit)

    def _ask(
        self, method: str, path: str, secret: str, *, json: Mapping[str, Any] | None = None, key: str = ""
    ) -> Answer:
        """Make one call; return its 2xx. Raises SendError."""
        if not secret:
            raise SendError("no_credentials", ErrorKind.ACCOUNT)
        headers = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {})}
        url = (settings.TELNYX_API_BASE_URL or API).rstrip("/") + path
        try:
            answer = self._wire.request(method, url, headers=headers, json=json)
        except NotWritten:
            raise SendError("unreachable", ErrorKind.RETRY) from None
        except NoAnswer:
            raise SendError("no_answer", ErrorKind.UNKNOWN) from None
        if not 200 <= answer.status < 300:
            raise _refused(answer)
        return answer


def _said(outbound: Outbound) -> dict[str, Any]:
    """Return what is sent. The second address gives a callback that we missed three more tries."""
    url = outbound.status_callback_url
    said: dict[str, Any] = {
        "from": outbound.from_number,
        "to": outbound.to_address,
        "webhook_url": url,
        "webhook_failover_url": url,
        "use_profile_webhooks": False,
    }
    if outbound.messaging_profile_id:
        said["messaging_profile_id"] = outbound.messaging_profile_id
    if outbound.body:
        said["text"] = outbound.body
    if outbound.media_urls:
        said |= {"media_urls": list(outbound.media_urls), "type": "MMS"}
    return said


def _refused(answer: Answer) -> SendError:
    """Return our error for an answer that is no 2xx, without any of its text."""
    code = parse.error_code(answer.body) or str(answer.status)
    logger.info("telnyx refused a request: http %s, code %s", answer.status, code)
    return SendError(
        code,
        errors.kind(answer.status, code),
        retry_after=_seconds(answer.headers),
        http_status=answer.status,
    )


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long to wait; whether a reset is a moment or a number of seconds shows by its size."""
    for name in ("retry-after", "x-ratelimit-reset"):
        value = headers.get(name, "").partition(".")[0]
        if value.isascii() and value.isdigit() and len(value) <= 10:
            number = float(value)
            return max(number - time.time(), 0.0) if number >= _A_MOMENT else number
    return None
