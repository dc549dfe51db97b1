"""What every provider folder offers to the rest, and the data that goes in and out.

A provider is one object without state: it verifies, parses, acknowledges, sends and lists. It knows its
wire format and nothing of clinics, patients or the database; secrets are handed to it with each call.
Numbers are E.164 ("+14155550199"), times aware UTC, and no `whatsapp:` prefix ever leaves a folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from messaging.providers.causes import KnownError
from messaging.providers.media import Fetched

Channel = Literal["whatsapp", "sms"]
OptOut = Literal["stop", "start", "help"]
#: A reaction's body is its emoji ("" takes it back); it and a deletion name their message in `replied_to_id`.
EventKind = Literal["message", "status", "other"]
MessageKind = Literal["text", "media", "location", "contact", "reaction", "deletion", "unsupported"]
#: Our words for the life of an outbound message, in order of rank; the providers' own words map onto them.
DeliveryStatus = Literal["queued", "sending", "sent", "failed", "undelivered", "delivered", "read"]


class ErrorKind(StrEnum):
    """What the outbox may do after a send that did not succeed."""

    RETRY = "retry"  # surely not carried out; later it may work
    PERMANENT = "permanent"  # surely not carried out, and never will be as it stands
    ACCOUNT = "account"  # the credentials or the account; nothing of this account will go out
    UNKNOWN = "unknown"  # it may have been carried out: find out before sending again


class SendError(Exception):
    """A send or a listing did not succeed.

    `code` is the provider's error number, or a word of ours ("timeout", "unreachable", "garbage"). The
    provider's own text is dropped, for it may quote a phone number. `retry_after` is in seconds, `http_status`
    that of the answer, 0 where there was none or where it says nothing.
    """

    def __init__(
        self, code: str, kind: ErrorKind, *, retry_after: float | None = None, http_status: int = 0
    ) -> None:
        super().__init__(f"{kind}:{code}")
        self.code = code
        self.kind = kind
        self.retry_after = retry_after
        self.http_status = http_status


class Malformed(Exception):
    """A verified request that is no event we can store; `code` names what is wrong, never a value."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRequest:
    """A webhook as it arrived.

    `urls` are the public URLs it may have been signed for, the likeliest first; `headers` have lower-case
    names. `raw_form` is the form percent-decoded to bytes, which is what signatures cover (invalid UTF-8
    included); `form` is the same as text, undecodable bytes replaced. Both are empty for JSON. `received_at` is when
    it arrived, for signatures that grow old.
    """

    method: str
    urls: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes
    raw_form: Mapping[bytes, Sequence[bytes]]
    form: Mapping[str, Sequence[str]]
    content_type: str
    received_at: datetime | None = None

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of a form field, `default` when it is absent."""
        values = self.form.get(name)
        return values[0] if values else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """The paths at which a provider reports; `retries` is what makes it come again, and is no part of the URL."""

    message: str
    status: str
    retries: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRef:
    """Where the provider keeps a file that a patient sent.

    `key` is set when its bytes lie in our own store already (the built-in phones), `playable` when a copy that
    browsers play does too; size in bytes, `seconds` of sound.
    """

    url: str
    content_type: str
    name: str = ""
    size: int = 0
    key: str = ""
    playable: str = ""
    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message of a patient, the same whatever provider brought it.

    `from_address` is the opaque string we answer to; the phone or the WhatsApp user id may be unknown.
    `opens_window` is false for what is no message of a person's own (a reaction, a system notice).
    `extra` keeps small facts that a screen may show (place, people of a contact card, forwarded, the provider's kind).
    """

    event_id: str
    account_sid: str
    channel: Channel
    from_address: str
    to_number: str
    body: str
    kind: MessageKind = "text"
    from_phone: str | None = None
    from_user_id: str | None = None
    profile_name: str = ""
    media: tuple[MediaRef, ...] = ()
    button_payload: str | None = None
    replied_to_id: str | None = None
    opt_out: OptOut | None = None
    opens_window: bool = True
    occurred_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """What became of a message that we sent. `our_ref` is the `a` of the callback URL we gave with it."""

    provider_message_id: str
    account_sid: str
    channel: Channel
    status: DeliveryStatus
    error_code: str
    from_address: str
    to_address: str
    our_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """One message to send. `ref` is "<clinic id>.<attempt id>", the `a` of the callback URL.

    With a `content_sid` the provider's approved text goes out, filled with `content_variables` ({"1": "Ana"}), and
    `body` is only what it reads like. `media_urls` are public for a while; the provider fetches them.
    """

    account_sid: str
    secret: str = field(repr=False)
    channel: Channel
    from_number: str
    to_address: str = field(repr=False)
    body: str = field(repr=False)
    status_callback_url: str
    ref: str
    content_sid: str = ""
    content_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    media_urls: tuple[str, ...] = ()
    messaging_profile_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The provider has taken the message."""

    provider_message_id: str
    status: DeliveryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMessage:
    """A line of the provider's own list. `direction` is "inbound", "api" (a send) or "reply" (inline)."""

    provider_message_id: str
    direction: Literal["inbound", "api", "reply"]
    from_address: str
    to_address: str
    body: str = field(repr=False)
    status: DeliveryStatus | None
    error_code: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineReply:
    """An answer that travels in the webhook's own response."""

    body: str
    status_callback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a webhook answers."""

    status: int
    content_type: str
    body: bytes


class Provider(Protocol):
    """The contract; `tests/providers/contract.py` is its executable form."""

    slug: str
    channels: frozenset[str]
    #: Whether a webhook's response can carry answers to the patient.
    answers_inline: bool
    #: What the pictures of one text message may weigh together.
    mms_bytes: int
    #: Whether the same attempt may be handed over once more without a second text: what was lost is then sent again
    #: under its own key instead of being looked up.
    idempotent_sends: bool

    def webhooks(self, channel: str) -> Webhooks:
        """Return where it is to report for a number of that channel."""
        ...

    def event_kind(self, request: InboundRequest) -> EventKind:
        """Return what an unverified request reports, "other" for what concerns no message of ours."""
        ...

    def verify(self, request: InboundRequest, secrets: Sequence[str]) -> bool:
        """Tell whether one of the secrets signed this request; never raises, whatever was sent."""
        ...

    def named_account(self, request: InboundRequest) -> str:
        """Return the provider's account id that an unverified request names, "" for none."""
        ...

    def named_receiver(self, request: InboundRequest) -> tuple[Channel, str] | None:
        """Return channel and number (E.164) of ours that an unverified message was sent to, None when unclear."""
        ...

    def named_origin(self, request: InboundRequest) -> tuple[Channel, str] | None:
        """Return channel and number of ours that an unverified status callback says the message came from."""
        ...

    def parse_message(self, request: InboundRequest) -> InboundMessage:
        """Return the message of a verified request. Raises Malformed."""
        ...

    def parse_status(self, request: InboundRequest) -> StatusUpdate:
        """Return the status of a verified callback. Raises Malformed."""
        ...

    def acknowledge(self, replies: Sequence[InlineReply] = ()) -> Response:
        """Return the webhook's answer, with the replies in it where the provider can do that."""
        ...

    def refuse(self) -> Response:
        """Return the answer to a request that was not signed by any of the secrets: 403, empty."""
        ...

    def rate(self, channel: str) -> float | None:
        """Return how many messages a second one number may send there unless it has a rate of its own, None for any."""
        ...

    def send(self, outbound: Outbound) -> Receipt:
        """Hand one message over, within 15 s in all. Raises SendError and nothing else."""
        ...

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
        """Return what the provider says it carried between the two addresses, newest first. Raises SendError."""
        ...

    def check(self, account_sid: str, secret: str, *, channel: Channel, number: str) -> None:
        """Ask the provider whether it takes the credentials. Raises SendError."""
        ...

    def known_error(self, code: str) -> KnownError | None:
        """Return what one of its error numbers means, None for a number that is new to us or not its own."""
        ...

    def fetch_media(self, url: str, *, account_sid: str, secret: str, limit: int) -> Fetched:
        """Return a file of at most `limit` bytes that a message named. Raises media.MediaError and nothing else.

        Only the provider's own addresses are asked, see `providers.media.get`.
        """
        ...
