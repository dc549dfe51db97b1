"""A stand-in Telnyx: checks each request as Telnyx does, honours its keys, remembers what it accepted.

Start it with `with TelnyxStandIn() as telnyx:`, point `TELNYX_API_BASE_URL` at `telnyx.base_url`. What scripts,
callbacks and faults can do stands in `tests.standin.server`; callbacks are given in our words.
"""

import base64
import itertools
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.standin.server import Carried, Exchange, Script, StandIn, refuse

__all__ = ["KEY", "PROFILE", "PUBLIC_KEY", "Script", "TelnyxStandIn", "event", "post_json", "refuse", "sign"]

KEY = "KEY0123456789ABCDEF_of_the_stand_in"
PROFILE = "00000002-0000-4000-8000-000000000000"
ORGANIZATION = "00000003-0000-4000-8000-000000000000"
_SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = base64.b64encode(_SIGNER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: What a send may say; an unknown key is an error in Telnyx's own description.
_KNOWN = frozenset(
    [
        *("to", "from", "text", "subject", "media_urls", "messaging_profile_id", "type", "encoding"),
        *("auto_detect", "use_profile_webhooks", "webhook_url", "webhook_failover_url", "send_at"),
    ]
)
_WORDS = {
    "queued": "queued",
    "sending": "sending",
    "sent": "sent",
    "delivered": "delivered",
    "undelivered": "delivery_failed",
    "failed": "sending_failed",
}


@dataclass(kw_only=True)
class Accepted(Carried):
    """A message that the stand-in carries."""

    key: str = ""
    profile: str = ""

    def payload(self, status: str, error_code: str = "") -> dict[str, Any]:
        """The message as Telnyx shows it."""
        return {
            "record_type": "message",
            "id": self.sid,
            "type": "MMS" if self.media else "SMS",
            "direction": "outbound",
            "messaging_profile_id": self.profile,
            "organization_id": ORGANIZATION,
            "encoding": "GSM-7",
            "parts": 1,
            "text": self.body,
            "media": [],
            "errors": [{"code": error_code, "title": "Undeliverable", "detail": "+15005550001"}]
            if error_code
            else [],
            "tags": [],
            "cost": None,
            "received_at": self.created_at.isoformat(),
            "sent_at": None,
            "completed_at": None,
            "valid_until": None,
            "webhook_url": self.status_callback,
            "webhook_failover_url": None,
            "from": {"phone_number": self.from_, "carrier": "Telnyx", "line_type": "Wireless"},
            "to": [{"phone_number": self.to, "status": status, "carrier": "ACME", "line_type": "Wireless"}],
        }


def sign(body: bytes, *, at: float | None = None) -> dict[str, str]:
    """Return the headers of a webhook that Telnyx signed at that moment of the Unix clock."""
    stamp = str(int(time.time() if at is None else at))
    signature = _SIGNER.sign(stamp.encode() + b"|" + body)
    return {
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        "telnyx-timestamp": stamp,
    }


def event(kind: str, payload: Mapping[str, Any], *, event_id: str = "", occurred_at: str = "") -> bytes:
    """Return a webhook's body."""
    return json.dumps(
        {
            "data": {
                "record_type": "event",
                "id": event_id or "00000009-0000-4000-8000-000000000000",
                "event_type": kind,
                "occurred_at": occurred_at or datetime.now(UTC).isoformat(),
                "payload": payload,
            },
            "meta": {"attempt": 1, "delivered_to": "https://medsync.example/telnyx"},
        }
    ).encode()


def received(
    text: str,
    *,
    from_: str,
    to: str,
    message_id: str,
    autoresponse: str | None = None,
    media: Iterable[Mapping[str, Any]] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return the payload of a patient's message."""
    files = list(media)
    return {
        "record_type": "message",
        "id": message_id,
        "type": "MMS" if files else "SMS",
        "direction": "inbound",
        "messaging_profile_id": PROFILE,
        "organization_id": ORGANIZATION,
        "text": text,
        "media": files,
        "errors": [],
        "autoresponse_type": autoresponse,
        "received_at": datetime.now(UTC).isoformat(),
        "from": {"phone_number": from_, "carrier": "ACME", "line_type": "Wireless", "status": "received"},
        "to": [{"phone_number": to, "status": "webhook_delivered", "carrier": "Telnyx"}],
        "cc": [],
        **more,
    }


def post_json(url: str, body: bytes, headers: Mapping[str, str], timeout: float = 15.0) -> int:
    """Post a webhook as Telnyx does; return the HTTP status, 0 when there was no answer."""
    request = urllib.request.Request(
        url,
        data=body,
        headers={"Content-Type": "application/json", "User-Agent": "telnyx-webhooks", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@dataclass
class TelnyxStandIn(StandIn):
    """The server. `deliver` posts webhooks (over HTTP unless a test hands in something nearer)."""

    keys: tuple[str, ...] = (KEY,)
    deliver: Callable[[str, bytes, Mapping[str, str]], int] = post_json
    #: What `x-ratelimit-reset` says with a 429.
    reset: str = "7"
    #: Profiles that a number of ours may use; empty for any.
    profiles: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        #: Sends that came again under a key that was used already: nobody got a second text.
        self.repeated: list[str] = []
        super().__post_init__()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return what answers requests."""
        return _handler(self)

    def accept(self, said: Mapping[str, Any], key: str) -> Accepted:
        """Carry a message from now on; the same key again is the same message."""
        with self._lock:
            known = next((m for m in self.accepted if key and m.key == key), None)
            if known is not None:
                self.repeated.append(key)
                return known
            message = Accepted(
                sid=f"{next(self._numbers):08x}-0000-4000-8000-000000000000",
                account=ORGANIZATION,
                from_=said.get("from", ""),
                to=said["to"],
                body=said.get("text", ""),
                status_callback=said.get("webhook_url", ""),
                created_at=datetime.now(UTC),
                media=tuple(said.get("media_urls", ())),
                key=key,
                profile=said.get("messaging_profile_id", ""),
            )
            self.accepted.append(message)
        return message

    def call_back(self, message: Accepted, statuses: Iterable[str], error_code: str = "") -> None:
        """Send signed events, one after another; the statuses are our words."""
        for number, status in enumerate(statuses):
            if not message.status_callback:
                return
            failed = status in ("failed", "undelivered")
            payload = message.payload(_WORDS[status], (error_code or "40008") if failed else "")
            kind = "message.sent" if status in ("queued", "sending", "sent") else "message.finalized"
            body = event(kind, payload, event_id=f"{number:08x}-{message.sid[9:]}")
            message.status = status
            answer = self.deliver(message.status_callback, body, sign(body))
            self.answers.append((message.sid, status, answer))


def _handler(telnyx: TelnyxStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(Exchange):
        standin = telnyx
        too_much, wrong_credentials, taken_status = 10011, 10009, 200

        def error(self, status: int, code: int, headers: Mapping[str, str] = {}) -> None:
            telnyx.refused.append(code)
            # Like the real one, the detail quotes what was sent: it must never reach a log of ours.
            problem = {"code": str(code), "title": "Refused", "detail": "The number +15005550001 is not ok"}
            self.answer(status, {"errors": [problem]}, headers)

        def limits(self, script: Script) -> Mapping[str, str]:
            reset = telnyx.reset if script.retry_after is None else script.retry_after
            return {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}

        def taken(self, message: Accepted) -> object:
            return {"data": message.payload("queued")}

        def allowed(self) -> bool:
            scheme, _, key = (self.headers.get("Authorization") or "").partition(" ")
            if scheme != "Bearer":
                telnyx.note_broken("no bearer token")
            if scheme != "Bearer" or key not in telnyx.keys:
                self.error(401, 10009)
                return False
            return True

        def do_POST(self) -> None:
            raw = self.body()
            script = telnyx.next_script()
            if not self.allowed():
                return
            if urlsplit(self.path).path != "/v2/messages":
                telnyx.note_broken("no such path")
                self.error(404, 10005)
                return
            if telnyx.delay:
                telnyx.wait(telnyx.delay)
            if self.headers.get("Content-Type") != "application/json":
                telnyx.note_broken("not JSON")
            key = self.headers.get("Idempotency-Key") or ""
            if not key:
                telnyx.note_broken("no Idempotency-Key: a lost answer could mean a second text")
            said = json.loads(raw)
            for what in _breaks(said):
                telnyx.note_broken(what)
            problem = _problem(said, telnyx)
            if problem:
                telnyx.note_broken(f"refused with {problem}")
                self.error(422, problem)
                return
            self.play(script, lambda: telnyx.accept(said, key))

        def do_GET(self) -> None:
            if not self.allowed():
                return
            wanted = urlsplit(self.path).path.rpartition("/")[2]
            found = next((m for m in telnyx.accepted if m.sid == wanted), None)
            if telnyx.list_fails:
                self.error(telnyx.list_fails, 10007)
            elif found is None:
                self.error(404, 10005)
            else:
                self.answer(200, {"data": found.payload(_WORDS[found.status])})

    return Handler


def _breaks(said: Mapping[str, Any]) -> Iterable[str]:
    """What Telnyx would let pass, and is a mistake all the same."""
    for name in sorted(set(said) - _KNOWN):
        yield f"{name} is no field of a send"
    if "webhook_url" not in said:
        yield "no webhook_url: a lost answer could not be proved"
    if "messaging_profile_id" not in said:
        yield "no messaging profile: a STOP would hold for somebody else's numbers too"
    if said.get("media_urls") and said.get("type") != "MMS":
        yield "media without the type MMS"
    if "send_at" in said:
        yield "scheduled there: we schedule ourselves"


def _problem(said: Mapping[str, Any], telnyx: TelnyxStandIn) -> int | None:
    """The error number with which Telnyx refuses this, None when it takes it."""
    if not _E164.fullmatch(str(said.get("to", ""))):
        return 10016
    if not _E164.fullmatch(str(said.get("from", ""))):
        return 40305
    if not said.get("text") and not said.get("media_urls"):
        return 40301
    if len(said.get("text", "")) > 1600:
        return 40302
    media = said.get("media_urls", [])
    if len(media) > 10 or not all(str(url).startswith(("http://", "https://")) for url in media):
        return 40301
    profile = said.get("messaging_profile_id", "")
    if profile and (not _UUID.fullmatch(profile) or (telnyx.profiles and profile not in telnyx.profiles)):
        return 40304
    for name in ("webhook_url", "webhook_failover_url"):
        parts = urlsplit(said.get(name) or "https://x.example")
        if parts.scheme not in ("http", "https") or parts.fragment:
            return 40304
    return None
