"""The SDK's way to the wire: one pooled session, hard deadlines, and the knowledge whether a byte was written.

The SDK's own client has no time limit, logs URLs and headers, and its exceptions do not tell whether the request
left. A send that surely did not leave may be repeated; all others may have been carried out.
"""

import io
import json
import socket
import threading
import time
from base64 import b64encode
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from requests import ConnectionError, Request, Session
from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

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
    """The transport that all SDK clients of this process share; safe from several threads.

    Certificates and proxies are found as requests does it, once for each host; the requests themselves go straight to
    the pool of connections, which costs half. Nothing is kept from one request to the next, for accounts share it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._adapter = _Adapter(pool_maxsize=POOL_SIZE, max_retries=0)
        self._hosts: dict[str, tuple[Any, bool]] = {}

    def _host(self, url: str) -> tuple[Any, bool]:
        """Return the pool of connections to a URL's host, and whether a proxy wants the whole URL."""
        host = "/".join(url.split("/", 3)[:3])
        if host not in self._hosts:
            session = Session()
            request = session.prepare_request(Request("GET", url))
            found = session.merge_environment_settings(url, {}, None, None, None)
            pool = self._adapter.get_connection_with_tls_context(
                request, found["verify"], proxies=found["proxies"], cert=found["cert"]
            )
            whole = self._adapter.request_url(request, found["proxies"]) == url
            self._hosts[host] = (pool, whole)
        return self._hosts[host]

    def request(self, method: str, url: str, **kwargs: Any) -> Response:
        """Make one request, never repeated, never redirected. Raises requests' ConnectionError."""
        exchange.reset()
        if params := _said(kwargs.get("params")):
            url += ("&" if "?" in url else "?") + urlencode(params, doseq=True)
        headers = dict(kwargs.get("headers") or {})
        headers["Accept-Encoding"] = "identity"  # a compressed answer would get round the size limit
        if auth := kwargs.get("auth"):
            headers["Authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        pool, whole = self._host(url)
        try:
            answer = pool.urlopen(
                method.upper(),
                url if whole else "/" + url.split("/", 3)[3],
                body=_body(kwargs.get("data"), headers),
                headers=headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(connect=connect_seconds(), read=answer_seconds()),
            )
        except HTTPError as error:
            raise ConnectionError(type(error).__name__) from None
        exchange.status = answer.status
        exchange.retry_after = answer.headers.get("Retry-After")
        return Response(answer.status, answer.data.decode("utf-8", "replace"), answer.headers)


def _said(values: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if value is not None}


def _body(data: dict[str, Any] | None, headers: dict[str, str]) -> bytes | None:
    if data is None:
        return None
    if headers.get("Content-Type") == "application/json":
        return json.dumps(data).encode()
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return urlencode(_said(data), doseq=True).encode()
