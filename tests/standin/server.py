"""What the stand-ins of all providers share: a server, a script for each send, callbacks in any order.

`accepted` is the truth about what was sent: a message stands there as soon as the provider would carry it, whether
or not the caller ever got to know. `broken` says which facts of the provider a request did not keep; leaving the
`with` block asserts that there were none, unless `lenient` says that the test breaks them on purpose.
"""

import contextlib
import json
import random
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit


@dataclass
class Script:
    """What happens to one send. `callbacks` are the statuses reported for it, in that order.

    Kinds: ok, error:<http status> (with `code`), 429, 401, 500, 502, reset, hang (all of these carry nothing);
    slow (answers after `seconds`), accept_then_500, accept_then_hang, accept_then_reset, garbage, empty, no_sid,
    drip (all of these carry the message). `before_answer` calls back early, `callback_after` late.
    """

    kind: str = "ok"
    code: int = 21211
    retry_after: str | None = None
    seconds: float = 20.0
    callbacks: tuple[str, ...] | None = None
    error_code: str = ""
    before_answer: bool = False
    callback_after: float = 0.0


def refuse(code: int, status: int = 400) -> Script:
    """Refuse with this error number."""
    return Script(kind=f"error:{status}", code=code)


def early(*callbacks: str, error_code: str = "") -> Script:
    """Call back before the answer to the send."""
    return Script(callbacks=callbacks, error_code=error_code, before_answer=True)


def late(seconds: float, *callbacks: str, error_code: str = "") -> Script:
    """Call back some time after the answer."""
    return Script(callbacks=callbacks, error_code=error_code, callback_after=seconds)


def twice(*callbacks: str, error_code: str = "") -> Script:
    """Report each status two times."""
    return Script(callbacks=tuple(s for status in callbacks for s in (status, status)), error_code=error_code)


def backwards(*callbacks: str, error_code: str = "") -> Script:
    """Report the last status first."""
    return Script(callbacks=callbacks[::-1], error_code=error_code)


@dataclass(frozen=True)
class Seen:
    """A request with a body, as it arrived."""

    method: str
    path: str
    content_type: str
    body: bytes


@dataclass(kw_only=True)
class Carried:
    """A message that a stand-in carries."""

    sid: str
    account: str
    from_: str
    to: str
    body: str
    status_callback: str
    created_at: datetime
    status: str = "queued"
    media: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """The `a` of the callback URL: which attempt of ours this is."""
        return parse_qs(urlsplit(self.status_callback).query).get("a", [""])[0]


@dataclass
class StandIn:
    """The server. `odds` are (probability, script) for sends without a script of their own."""

    #: What each send's callbacks report when its script does not say.
    callbacks: tuple[str, ...] = ()
    list_fails: int | None = None
    delay: float = 0.0
    lenient: bool = False
    odds: Sequence[tuple[float, Script]] = ()
    seed: int = 1

    def __post_init__(self) -> None:
        self.accepted: list[Any] = []
        self.refused: list[Any] = []
        self.broken: list[str] = []
        self.seen: list[Seen] = []
        self.answers: list[tuple[str, str, int]] = []
        self.requests = 0
        self._scripts: deque[Script] = deque()
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._server = _Server(("127.0.0.1", 0), self.handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return what answers requests."""
        raise NotImplementedError

    def call_back(self, message: Any, statuses: Sequence[str], error_code: str = "") -> None:
        """Send signed status callbacks, one after another."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(5)
        if kind is None and not self.lenient:
            assert not self.broken, self.broken

    @property
    def base_url(self) -> str:
        """Where it is served."""
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
        """Take the next script; without one the odds decide."""
        with self._lock:
            self.requests += 1
            if self._scripts:
                return self._scripts.popleft()
            drawn = self._random.random()
            for chance, script in self.odds:
                if drawn < chance:
                    return script
                drawn -= chance
            return Script()

    def note_broken(self, what: str) -> None:
        """Note that a request did not keep to the provider's facts."""
        with self._lock:
            self.broken.append(what)

    def call_back_soon(self, message: Any, script: Script) -> None:
        """Send the script's callbacks after the answer."""
        statuses = self.callbacks if script.callbacks is None else script.callbacks
        if statuses:
            thread = threading.Thread(
                target=self._call_back_later, args=(message, statuses, script), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _call_back_later(self, message: Any, statuses: Sequence[str], script: Script) -> None:
        if script.callback_after:
            self.wait(script.callback_after)
        self.call_back(message, statuses, script.error_code)

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than the test lasts."""
        self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent when a caller went away, for instance because a test killed it."""


class Exchange(BaseHTTPRequestHandler):
    """One request. Subclasses say what is checked, how an error looks and how a taken message is answered."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    standin: ClassVar[Any]
    #: The error numbers for "too much" and "wrong credentials".
    too_much: ClassVar[int]
    wrong_credentials: ClassVar[int]
    taken_status: ClassVar[int]

    def error(self, status: int, code: int, headers: Mapping[str, str] = {}) -> None:
        """Answer an error as the provider does."""
        raise NotImplementedError

    def taken(self, message: Any) -> object:
        """Return what answers a send that was taken."""
        raise NotImplementedError

    def limits(self, script: Script) -> Mapping[str, str]:
        """Return the headers of a 429."""
        return {"Retry-After": script.retry_after} if script.retry_after else {}

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def body(self) -> bytes:
        """Read what was posted, and remember it."""
        size = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(size)
        if len(raw) < size:  # who asked has died half-way: no server would take that for a request
            self.close_connection = True
            raise ConnectionAbortedError
        seen = Seen(self.command, urlsplit(self.path).path, self.headers.get("Content-Type") or "", raw)
        with self.standin._lock:
            self.standin.seen.append(seen)
        return raw

    def answer(self, status: int, body: object, headers: Mapping[str, str] = {}) -> None:
        """Answer bytes, or anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            if name != "Content-Type":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def play(self, script: Script, accept: Callable[[], Any]) -> None:
        """Do what the script says; `accept` makes the provider carry the message."""
        kind = script.kind
        if kind.startswith("error:"):
            self.error(int(kind[6:]), script.code)
        elif kind == "429":
            self.error(429, self.too_much, self.limits(script))
        elif kind == "401":
            self.error(401, self.wrong_credentials)
        elif kind in ("500", "502"):
            self.html(int(kind))
        elif kind == "reset":
            self.reset()
        elif kind == "hang":
            self.standin.wait(script.seconds)
            self.reset()
        else:
            self._carry(script, accept())

    def _carry(self, script: Script, message: Any) -> None:
        if script.before_answer:
            statuses = self.standin.callbacks if script.callbacks is None else script.callbacks
            self.standin.call_back(message, statuses, script.error_code)
        else:
            self.standin.call_back_soon(message, script)
        kind = script.kind
        if kind in ("ok", "slow"):
            if kind == "slow":
                self.standin.wait(script.seconds)
            self.answer(self.taken_status, self.taken(message))
        elif kind == "accept_then_500":
            self.html(502)
        elif kind == "accept_then_hang":
            self.standin.wait(script.seconds)
            self.reset()
        elif kind == "accept_then_reset":
            self.reset()
        elif kind == "garbage":
            self.html(200)
        elif kind == "empty":
            self.answer(self.taken_status, b"")
        elif kind == "no_sid":
            self.answer(self.taken_status, {"status": "queued"})
        elif kind == "drip":
            self.drip(script.seconds)
        else:
            raise AssertionError(f"unknown script {kind}")

    def html(self, status: int) -> None:
        """Answer as a gateway does."""
        self.answer(status, f"<html>{status}</html>".encode(), {"Content-Type": "text/html"})

    def drip(self, seconds: float) -> None:
        """Answer byte by byte, without an end."""
        self.send_response(self.taken_status)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        until = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            while time.monotonic() < until and not self.standin._stopping.is_set():
                self.wfile.write(b" ")
                self.wfile.flush()
                self.standin.wait(0.05)
        self.close_connection = True

    def reset(self) -> None:
        """Cut the connection without a word."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
