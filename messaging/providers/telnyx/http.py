"""One way to Telnyx's REST API: a kept pool, one deadline for a whole exchange, and whether a byte was written.

httpx limits each wait by itself, so an answer that drips could last for ever. Here every read and write of a request
gets what is left of its deadline. A request that was surely not written may be repeated; all others may have been
carried out.
"""

import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx
from django.conf import settings

CONNECT_SECONDS = 5.0
MAX_ANSWER_BYTES = 1_000_000
#: Sends that one process keeps open at once; more would wait for a connection.
POOL_SIZE = 64


class _Exchange(threading.local):
    """What is known of this thread's present request beyond what httpx hands back."""

    written: bool = False
    ends_at: float = 0.0

    def begin(self) -> None:
        """Forget the request before; the deadline runs from now."""
        self.written = False
        self.ends_at = time.monotonic() + float(settings.OUTBOX_HTTP_DEADLINE)

    def left(self) -> float:
        """Return the seconds that are left, never none: the next wait then ends at once."""
        return max(self.ends_at - time.monotonic(), 0.001)


exchange = _Exchange()


class NotWritten(Exception):
    """No byte of the request has left."""


class NoAnswer(Exception):
    """The request was written, at least in part, and no answer that can be read came in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if exchange.ends_at <= time.monotonic():
            raise httpcore.ReadTimeout
        return self._inner.read(max_bytes, exchange.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        exchange.written = True
        self._inner.write(buffer, exchange.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = min(CONNECT_SECONDS, exchange.left())
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = min(CONNECT_SECONDS, float(settings.OUTBOX_HTTP_DEADLINE) / 3, exchange.left())
        return _Stream(super().connect_tcp(host, port, left, local_address, socket_options))


class _Transport(httpx.HTTPTransport):
    def __init__(self) -> None:
        super().__init__(retries=0)
        # httpx has no public way to hand its pool a network of one's own; the version is pinned below 0.29.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=POOL_SIZE,
            max_keepalive_connections=POOL_SIZE,
            keepalive_expiry=30.0,
            network_backend=_Backend(),
        )


class Wire:
    """The connections of one process; safe from several threads."""

    def __init__(self) -> None:
        # No cookies are kept from one account to the next, no proxy is guessed, no redirect is followed.
        self._client = httpx.Client(
            transport=_Transport(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(CONNECT_SECONDS, pool=CONNECT_SECONDS),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "MedSync"},
        )

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Mapping[str, Any] | None = None
    ) -> Answer:
        """Make one request. Raises NotWritten, NoAnswer."""
        exchange.begin()
        try:
            with self._client.stream(method, url, headers=dict(headers), json=json) as response:
                body = b""
                for part in response.iter_raw():
                    body += part
                    if len(body) > MAX_ANSWER_BYTES:
                        raise NoAnswer
                return Answer(response.status_code, response.headers, body)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError):
            if exchange.written:
                raise NoAnswer from None
            raise NotWritten from None
        finally:
            self._client.cookies.clear()
