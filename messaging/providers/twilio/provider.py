"""The provider object: Twilio behind the contract of `providers.base`."""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from django.conf import settings
from requests import RequestException
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from medsync.lib import clock, phone
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
from messaging.providers.twilio import errors, parse, signature, twiml
from messaging.providers.twilio.contents import TwilioContents
from messaging.providers.twilio.http import BoundedHttpClient, exchange

logger = logging.getLogger(__name__)

API = "https://api.twilio.com"
MAX_BODY = 1600
#: Messages a second of one number: what Twilio takes by default; it queues what is more, for hours.
RATES = {"whatsapp": 80.0, "sms": 1.0}
#: Not part of what is signed: it stays with Twilio.
RETRIES = "#rc=2&rp=5xx,ct,rt"
_PAGE = 50
_LISTED_AT_MOST = 500
_DIRECTIONS: dict[str, Literal["inbound", "api", "reply"]] = {
    "inbound": "inbound",
    "outbound-api": "api",
    "outbound-call": "api",
    "outbound-reply": "reply",
}


class TwilioProvider:
    """Twilio; without state but for the pool of connections."""

    slug = "twilio"
    channels = frozenset({"whatsapp", "sms"})
    answers_inline = True
    mms_bytes = 5 * 1024 * 1024
    idempotent_sends = False

    @cached_property
    def _transport(self) -> BoundedHttpClient:
        return BoundedHttpClient()

    def _client(self, account_sid: str, secret: str) -> Client:
        exchange.reset()
        if not account_sid or not secret:  # the SDK would take the environment's instead: another account
            raise SendError("no_credentials", ErrorKind.ACCOUNT)
        client = Client(account_sid, secret, http_client=self._transport)
        if settings.TWILIO_API_BASE_URL:
            client.api.base_url = settings.TWILIO_API_BASE_URL
            client.content.base_url = settings.TWILIO_API_BASE_URL
        return client

    @cached_property
    def contents(self) -> TwilioContents:
        """Return where approved texts are kept."""
        return TwilioContents(self._client, _send_error)

    def webhooks(self, channel: str) -> Webhooks:
        """Return the paths, and what makes Twilio repeat a callback that got a 5xx or timed out."""
        path = f"/api/webhooks/{channel if channel in self.channels else 'whatsapp'}"
        return Webhooks(message=path, status=f"{path}/status", retries=RETRIES)

    def event_kind(self, request: InboundRequest) -> EventKind:
        """Return what the fields say; each of the two has a URL of its own besides."""
        return "status" if request.first("MessageStatus") else "message"

    def known_error(self, code: str) -> KnownError | None:
        """Return what a number of Twilio's means."""
        return errors.known(code)

    def verify(self, request: InboundRequest, secrets: Sequence[str]) -> bool:
        """Tell whether one of the tokens signed this form post."""
        if signature.BETA_HEADER in request.headers:
            return False
        # A body hash belongs to JSON webhooks; on a form it would leave the fields unsigned.
        if any("bodySHA256" in url for url in request.urls):
            return False
        given = request.headers.get(signature.HEADER, "")
        return signature.verify(given, request.urls, request.raw_form, secrets)

    def named_account(self, request: InboundRequest) -> str:
        """Return the `AccountSid` field."""
        return request.first("AccountSid")

    def named_receiver(self, request: InboundRequest) -> tuple[Channel, str] | None:
        """Return what `To` says, None when it is no number."""
        return _number(request.first("To"))

    def named_origin(self, request: InboundRequest) -> tuple[Channel, str] | None:
        """Return what `From` says, None when it is no number."""
        return _number(request.first("From"))

    def parse_message(self, request: InboundRequest) -> InboundMessage:
        """Return the message. Raises Malformed."""
        return parse.parse_message(request)

    def parse_status(self, request: InboundRequest) -> StatusUpdate:
        """Return the status update. Raises Malformed."""
        return parse.parse_status(request)

    def acknowledge(self, replies: Sequence[InlineReply] = ()) -> Response:
        """Return TwiML."""
        return Response(status=200, content_type=twiml.CONTENT_TYPE, body=twiml.render(replies))

    def refuse(self) -> Response:
        """Return an empty 403 of a type that Twilio never forwards to a patient."""
        return Response(status=403, content_type=twiml.CONTENT_TYPE, body=b"")

    def rate(self, channel: str) -> float | None:
        """Return 80 for WhatsApp, 1 for SMS: what a long code may send."""
        return RATES.get(channel)

    def send(self, outbound: Outbound) -> Receipt:
        """Create the message by REST. Raises SendError."""
        if len(outbound.body) > MAX_BODY and not outbound.content_sid:
            raise SendError("21617", ErrorKind.PERMANENT)
        client = self._client(outbound.account_sid, outbound.secret)
        try:
            message = client.messages.create(
                to=parse.join_address(outbound.channel, outbound.to_address),
                from_=parse.join_address(outbound.channel, outbound.from_number),
                **_said(outbound),
                status_callback=outbound.status_callback_url,
            )
            sid, account = message.sid, message.account_sid
            word = str(message.status)
        except (TwilioException, RequestException, OSError, ValueError, TypeError, AttributeError) as error:
            # ValueError to AttributeError: a 2xx whose body is not what the SDK takes for granted.
            raise _send_error(error) from None
        if not isinstance(sid, str) or not sid or account not in (None, outbound.account_sid):
            raise SendError("garbage", ErrorKind.UNKNOWN)
        return Receipt(provider_message_id=sid, status=parse.STATUS_WORDS.get(word, "queued"))

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
        """Return the list between two addresses, newest first. Raises SendError.

        Not filtered by `DateSent`, which messages that still wait at Twilio do not have.
        """
        client = self._client(account_sid, secret)
        found: list[ListedMessage] = []
        try:
            for record in client.messages.stream(
                to=parse.join_address(channel, to_address),
                from_=parse.join_address(channel, from_number),
                page_size=_PAGE,
                limit=_LISTED_AT_MOST,
            ):
                line = _listed(record)
                if line is None or line.created_at > until:
                    continue
                if line.created_at < since:
                    break
                found.append(line)
        except (
            TwilioException,
            RequestException,
            OSError,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
        ) as error:
            raise _send_error(error) from None
        return found

    def check(self, account_sid: str, secret: str, *, channel: Channel, number: str) -> None:
        """Ask for the number's messages of the last minute. Raises SendError."""
        now = clock.real_now()
        since = now - timedelta(minutes=1)
        self.list_recent(
            account_sid,
            secret,
            from_number=number,
            to_address=number,
            channel=channel,
            since=since,
            until=now,
        )

    def fetch_media(self, url: str, *, account_sid: str, secret: str, limit: int) -> media.Fetched:
        """Return a file that a message named, asked with the account's credentials. Raises MediaError."""
        origins = {media.origin_of(settings.TWILIO_API_BASE_URL or API), *settings.MEDIA_ORIGINS}
        return media.get(url, origins=origins, auth=(account_sid, secret) if secret else None, limit=limit)


def _said(outbound: Outbound) -> dict[str, Any]:
    """Return what is said: an approved text by its SID, whose words in `Body` would count as free text, or words."""
    if not outbound.content_sid:
        words = {"body": outbound.body} if outbound.body or not outbound.media_urls else {}
        return words | ({"media_url": list(outbound.media_urls)} if outbound.media_urls else {})
    said: dict[str, Any] = {"content_sid": outbound.content_sid}
    if outbound.content_variables:
        said["content_variables"] = json.dumps(dict(outbound.content_variables), ensure_ascii=False)
    return said


def _number(value: str) -> tuple[Channel, str] | None:
    channel, number = parse.split_address(value)
    return (channel, number) if phone.is_e164(number) else None


def _listed(record: Any) -> ListedMessage | None:
    direction = _DIRECTIONS.get(str(record.direction))
    if direction is None or not isinstance(record.date_created, datetime):
        return None
    return ListedMessage(
        provider_message_id=record.sid,
        direction=direction,
        from_address=parse.split_address(record.from_ or "")[1],
        to_address=parse.split_address(record.to or "")[1],
        body=record.body or "",
        status=parse.STATUS_WORDS.get(str(record.status)),
        error_code="" if record.error_code is None else str(record.error_code),
        created_at=record.date_created.astimezone(UTC),
    )


def _send_error(error: Exception) -> SendError:
    """Return our error for whatever the SDK or the network raised, without any of its text."""
    status = exchange.status
    if status is None:
        if not exchange.written:
            return SendError("unreachable", ErrorKind.RETRY)
        return SendError("no_answer", ErrorKind.UNKNOWN)
    if 200 <= status < 300:
        return SendError("garbage", ErrorKind.UNKNOWN)
    raw = getattr(error, "code", None)
    code = raw if isinstance(raw, int) and raw > 0 else status
    logger.info("twilio refused a request: http %s, code %s", status, code)
    return SendError(
        str(code),
        errors.kind(status, code),
        retry_after=_seconds(exchange.retry_after),
    )


def _seconds(value: str | None) -> float | None:
    """Return a Retry-After in seconds; the form with a date is not used by Twilio and is ignored."""
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 6:
        return None
    return float(value)
