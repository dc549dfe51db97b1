"""A stand-in Twilio: checks each request as Twilio does, does what a script says, remembers what it accepted.

`accepted` is the truth about what was sent: a message stands there as soon as Twilio would carry it, whether
or not the caller ever got to know. Start it with `with TwilioStandIn() as twilio:`, point
`TWILIO_API_BASE_URL` at `twilio.base_url`.
"""

import base64
import contextlib
import hmac
import itertools
import json
import re
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "0123456789abcdef0123456789abcdef"

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_BSUID = re.compile(r"[A-Z]{2}\.[0-9A-Za-z]{1,128}")
_PATH = re.compile(r"/2010-04-01/Accounts/([^/]+)/Messages\.json")


@dataclass
class Script:
    """What happens to one send. `callbacks` are the statuses reported for it, in that order."""

    kind: str = "ok"
    code: int = 21211
    retry_after: str | None = None
    seconds: float = 20.0
    callbacks: tuple[str, ...] | None = None
    error_code: str = ""
    before_answer: bool = False


def refuse(code: int, status: int = 400) -> Script:
    """Refuse with this error number."""
    return Script(kind=f"error:{status}", code=code)


@dataclass
class Accepted:
    """A message that the stand-in carries."""

    sid: str
    account: str
    from_: str
    to: str
    body: str
    status_callback: str
    created_at: datetime
    direction: str = "outbound-api"
    status: str = "queued"
    error_code: int | None = None

    @property
    def ref(self) -> str:
        """The `a` of the callback URL: which attempt of ours this is."""
        return parse_qs(urlsplit(self.status_callback).query).get("a", [""])[0]

    def as_json(self) -> dict[str, object]:
        """The REST representation."""
        date = format_datetime(self.created_at)
        return {
            "sid": self.sid,
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": date,
            "date_updated": date,
            "date_sent": None,
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_,
            "to": self.to,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "status": self.status,
            "uri": f"/2010-04-01/Accounts/{self.account}/Messages/{self.sid}.json",
            "subresource_uris": {},
        }


def sign(url: str, form: Iterable[tuple[str, str]], token: str) -> str:
    """Twilio's signature, written apart from the product's own code."""
    by_name: dict[str, set[str]] = {}
    for name, value in form:
        by_name.setdefault(name, set()).add(value)
    text = url.split("#")[0] + "".join(n + v for n in sorted(by_name) for v in sorted(by_name[n]))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def post_form(url: str, form: Mapping[str, str], signature: str, timeout: float = 15.0) -> int:
    """Post a webhook as Twilio does; return the HTTP status, 0 when there was no answer."""
    request = urllib.request.Request(
        url.split("#")[0],
        data=urlencode(form).encode(),
        headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature,
            "User-Agent": "TwilioProxy/1.1",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@dataclass
class TwilioStandIn:
    """The server. `deliver` posts webhooks (over HTTP unless a test hands in something nearer)."""

    tokens: dict[str, str] = field(default_factory=lambda: {ACCOUNT: TOKEN})
    deliver: Callable[[str, Mapping[str, str], str], int] = post_form
    #: What each send's callbacks report when its script does not say.
    callbacks: tuple[str, ...] = ()
    list_fails: int | None = None
    delay: float = 0.0

    def __post_init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.refused: list[int] = []
        self.answers: list[tuple[str, str, int]] = []
        self.requests = 0
        self._scripts: deque[Script] = deque()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> "TwilioStandIn":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(5)

    @property
    def base_url(self) -> str:
        """What `TWILIO_API_BASE_URL` is to be."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def twice(self) -> list[tuple[str, str]]:
        """Receivers and bodies that were accepted more than once; must stay empty when bodies are unique."""
        seen = Counter((message.to, message.body) for message in self.accepted)
        return [pair for pair, times in seen.items() if times > 1]

    def script(self, *scripts: Script | str) -> None:
        """Say what happens to the next sends, one script each; afterwards all is well again."""
        with self._lock:
            self._scripts.extend(Script(kind=s) if isinstance(s, str) else s for s in scripts)

    def next_script(self) -> Script:
        """Take the next script."""
        with self._lock:
            self.requests += 1
            return self._scripts.popleft() if self._scripts else Script()

    def accept(self, account: str, form: Mapping[str, str]) -> Accepted:
        """Carry a message from now on."""
        with self._lock:
            message = Accepted(
                sid=f"SM{next(self._numbers):032x}",
                account=account,
                from_=form["From"],
                to=form["To"],
                body=form.get("Body", ""),
                status_callback=form.get("StatusCallback", ""),
                created_at=datetime.now(UTC).replace(microsecond=0),
            )
            self.accepted.append(message)
        return message

    def note_inline_reply(self, account: str, from_: str, to: str, body: str, callback: str) -> Accepted:
        """Carry a reply that came as TwiML: Twilio lists it as outbound-reply."""
        message = self.accept(account, {"From": from_, "To": to, "Body": body, "StatusCallback": callback})
        message.direction = "outbound-reply"
        return message

    def call_back(self, message: Accepted, statuses: Iterable[str], error_code: str = "") -> None:
        """Send signed status callbacks, one after another."""
        for status in statuses:
            if not message.status_callback:
                return
            form = {
                "MessageSid": message.sid,
                "SmsSid": message.sid,
                "MessageStatus": status,
                "SmsStatus": status,
                "AccountSid": message.account,
                "From": message.from_,
                "To": message.to,
                "ApiVersion": "2010-04-01",
            }
            if status in ("failed", "undelivered"):
                form["ErrorCode"] = error_code or "30008"
            message.status = status
            url = message.status_callback
            answer = self.deliver(url, form, sign(url, form.items(), self.tokens[message.account]))
            self.answers.append((message.sid, status, answer))

    def call_back_soon(self, message: Accepted, script: Script) -> None:
        """Send the script's callbacks after the answer."""
        statuses = self.callbacks if script.callbacks is None else script.callbacks
        if statuses:
            thread = threading.Thread(
                target=self.call_back, args=(message, statuses, script.error_code), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than the test lasts."""
        self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent when a caller went away, for instance because a test killed it."""


def _handler(standin: TwilioStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def answer(self, status: int, body: object, headers: Mapping[str, str] = {}) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                if name != "Content-Type":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def error(self, status: int, code: int, headers: Mapping[str, str] = {}) -> None:
            standin.refused.append(code)
            self.answer(
                status,
                {
                    "code": code,
                    # Like the real one, the text quotes what was sent: it must never reach a log of ours.
                    "message": "The 'To' number +15005550001 is not a valid phone number.",
                    "more_info": f"https://www.twilio.com/docs/errors/{code}",
                    "status": status,
                },
                headers,
            )

        def account(self) -> str | None:
            path = _PATH.fullmatch(urlsplit(self.path).path)
            if path is None:
                self.error(404, 20404)
                return None
            scheme, _, credentials = (self.headers.get("Authorization") or "").partition(" ")
            sid, _, token = base64.b64decode(credentials or "").decode("utf-8", "replace").partition(":")
            if scheme != "Basic" or standin.tokens.get(sid) != token:
                self.error(401, 20003)
                return None
            if sid != path[1]:
                self.error(404, 20404)
                return None
            return sid

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script = standin.next_script()
            account = self.account()
            if account is None:
                return
            if standin.delay:
                standin.wait(standin.delay)
            form = dict(parse_qsl(raw.decode(), keep_blank_values=True))
            problem = _problem(form)
            if problem:
                self.error(400, problem)
                return
            self.play(script, account, form)

        def play(self, script: Script, account: str, form: dict[str, str]) -> None:
            kind = script.kind
            if kind.startswith("error:"):
                self.error(int(kind[6:]), script.code)
            elif kind == "429":
                headers = {"Retry-After": script.retry_after} if script.retry_after else {}
                self.error(429, 20429, headers)
            elif kind == "401":
                self.error(401, 20003)
            elif kind == "500":
                self.answer(500, b"<html>Internal Server Error</html>", {"Content-Type": "text/html"})
            elif kind == "reset":
                self.reset()
            elif kind == "hang":
                standin.wait(script.seconds)
                self.reset()
            else:
                self.carry(script, standin.accept(account, form))

        def carry(self, script: Script, message: Accepted) -> None:
            if script.before_answer:
                statuses = standin.callbacks if script.callbacks is None else script.callbacks
                standin.call_back(message, statuses, script.error_code)
            else:
                standin.call_back_soon(message, script)
            kind = script.kind
            if kind == "ok":
                self.answer(201, {**message.as_json(), "status": "queued"})
            elif kind == "accept_then_500":
                self.answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
            elif kind == "accept_then_hang":
                standin.wait(script.seconds)
                self.reset()
            elif kind == "accept_then_reset":
                self.reset()
            elif kind == "garbage":
                self.answer(200, b"<html>Hello</html>", {"Content-Type": "text/html"})
            elif kind == "empty":
                self.answer(201, b"")
            elif kind == "no_sid":
                self.answer(201, {"status": "queued"})
            elif kind == "drip":
                self.drip(script.seconds)
            else:
                raise AssertionError(f"unknown script {kind}")

        def drip(self, seconds: float) -> None:
            self.send_response(201)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            until = time.monotonic() + seconds
            with contextlib.suppress(OSError):
                while time.monotonic() < until and not standin._stopping.is_set():
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    standin.wait(0.05)
            self.close_connection = True

        def reset(self) -> None:
            """Cut the connection without a word."""
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def do_GET(self) -> None:
            account = self.account()
            if account is None:
                return
            if standin.list_fails:
                self.error(standin.list_fails, 20500)
                return
            query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            found = [
                m
                for m in reversed(standin.accepted)
                if m.account == account
                and query.get("To", m.to) == m.to
                and query.get("From", m.from_) == m.from_
                and _dated(m, query)
            ]
            size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
            rows = found[page * size : (page + 1) * size]
            path = urlsplit(self.path).path
            following = urlencode({**query, "Page": page + 1, "PageSize": size})
            self.answer(
                200,
                {
                    "messages": [m.as_json() for m in rows],
                    "page": page,
                    "page_size": size,
                    "next_page_uri": f"{path}?{following}" if len(found) > (page + 1) * size else None,
                    "uri": self.path,
                },
            )

    return Handler


def _dated(message: Accepted, query: Mapping[str, str]) -> bool:
    day = message.created_at.date().isoformat()
    return (
        query.get("DateSent", day)[:10] == day
        and query.get("DateSent>", day)[:10] <= day
        and query.get("DateSent<", day)[:10] >= day
    )


def _problem(form: Mapping[str, str]) -> int | None:
    """The error number with which Twilio refuses this form, None when it takes it."""
    to, from_ = form.get("To", ""), form.get("From", "")
    if not to:
        return 21604
    if not from_:
        return 21603
    if not form.get("Body"):
        return 21602
    if len(form["Body"]) > 1600:
        return 21617
    if to.startswith("whatsapp:") != from_.startswith("whatsapp:"):
        return 63007
    address, number = to.removeprefix("whatsapp:"), from_.removeprefix("whatsapp:")
    if not _E164.fullmatch(address) and not (to.startswith("whatsapp:") and _BSUID.fullmatch(address)):
        return 21211
    if not _E164.fullmatch(number):
        return 21606
    callback = form.get("StatusCallback")
    if callback is not None:
        parts = urlsplit(callback)
        if parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname:
            return 21609
    return None
