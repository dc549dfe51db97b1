"""The SDK's way to the wire: one pooled session, hard deadlines, and the knowledge whether a byte was written.

The SDK's own client has no time limit, logs URLs and headers, and its exceptions do not tell whether the request
left. A send that surely did not leave may be repeated; all others may have been carried out.
"""

import io
import socket
import threading
import time
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from django.conf import settings
from requests import Request, Session
from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

CONNECT_SECONDS = 5.0
MAX_ANSWER_BYTES = 1_000_000
#: Sends that one process keeps open at once; more would open connections that are not kept.
POOL_SIZE = 64


def answer_seconds() -> float:
    """Return what is left of the total deadline for the whole answer, however slowly it drips."""
    return max(float(settings.OUTBOX_HTTP_DEADLINE) - connect_seconds(), 0.1)


def connect_seconds() -> float:
    """Return how long connecting may take: a third of the total deadline at most."""
    return min(CONNECT_SECONDS, float(settings.OUTBOX_HTTP_DEADLINE) / 3)


class _Exchange(threading.local):
    """What is known of this thread's present request beyond what the SDK hands back."""

    written: bool = False
    status: int | None = None
    retry_after: str | None = None

    def reset(self) -> None:
        """Forget the request before."""
        self.written, self.status, self.retry_after = False, None, None


exchange = _Exchange()


class _BoundedFile(io.RawIOBase):
    """A socket's read side that ends at a deadline and at a size."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._deadline = time.monotonic() + answer_seconds()
        self._left = MAX_ANSWER_BYTES

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, within the time that is left."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("answer took too long")
        self._sock.settimeout(remaining)
        count = self._file.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError("answer is too big")
        return count

    def close(self) -> None:
        """Give the socket's file back."""
        self._file.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_BoundedFile(sock))


class _Noting:
    """Note, before the first byte goes out, that the request can no longer be called unsent."""

    response_class = _BoundedResponse
    sock: Any

    def send(self, data: Any) -> None:
        """Connect when needed, note, write."""
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        exchange.written = True
        super().send(data)  # type: ignore[misc]


class _PlainConnection(_Noting, HTTPConnection):  # type: ignore[misc]
    pass


class _TlsConnection(_Noting, HTTPSConnection):  # type: ignore[misc]
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    _pools = {"http": _PlainPool, "https": _TlsPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools of our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make pools of our connections behind a proxy too."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


class BoundedHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The transport that all SDK clients of this process share; safe from several threads."""

    def __init__(self) -> None:
        super().__init__()
        session = Session()
        # Accounts share the session, so it must carry nothing from one to the next.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers["Accept-Encoding"] = "identity"  # a compressed answer would get round the size limit
        adapter = _Adapter(pool_maxsize=POOL_SIZE, max_retries=0)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        self.session = session
        self._environments: dict[str, Any] = {}

    def _environment(self, url: str) -> dict[str, Any]:
        """Return what the environment says of proxies and certificates, read once for each host."""
        host = url.split("/", 3)[2]
        if host not in self._environments:
            self._environments[host] = self.session.merge_environment_settings(url, {}, None, None, None)
        found: dict[str, Any] = self._environments[host]
        return found

    def request(self, method: str, url: str, **kwargs: Any) -> Response:
        """Make one request, never repeated, never redirected."""
        exchange.reset()
        request = self.session.prepare_request(_request(method, url, kwargs))
        answer = self.session.send(
            request,
            allow_redirects=False,
            timeout=(connect_seconds(), answer_seconds()),
            **self._environment(request.url or url),
        )
        exchange.status = answer.status_code
        exchange.retry_after = answer.headers.get("Retry-After")
        answer.encoding = "utf-8"  # JSON without a charset would be guessed at, slowly
        return Response(answer.status_code, answer.text, answer.headers)


def _request(method: str, url: str, kwargs: dict[str, Any]) -> Any:
    is_json = (kwargs.get("headers") or {}).get("Content-Type") == "application/json"
    return Request(
        method=method.upper(),
        url=url,
        params=kwargs.get("params"),
        **{"json" if is_json else "data": kwargs.get("data")},
        headers=dict(kwargs.get("headers") or {}),
        auth=kwargs.get("auth"),
    )
