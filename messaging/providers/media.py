"""Fetching a file that a provider keeps, as a stranger's address deserves.

A patient's message names an address; what answers there may be anything. So: the first address is one of the
provider's own, every further one https at a public address that is checked and then connected to itself (a name that
answers differently the second time gains nothing), at most three redirects, credentials to the provider alone, a size
that is counted and not believed, and one deadline for all of it, however slowly it drips.
"""

import base64
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Collection
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings
from requests.utils import DEFAULT_CA_BUNDLE_PATH

REDIRECTS = 3
CONNECT_SECONDS = 5.0
_REDIRECT = frozenset({301, 302, 303, 307, 308})
#: One answer that is no use today may be of use in an hour.
_MAY_PASS = frozenset({401, 403, 404, 408, 425, 429})


class MediaError(Exception):
    """A file did not come. `code` is a word of ours; with `again` it may come later."""

    def __init__(self, code: str, *, again: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.again = again


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file's bytes, and what its sender calls it."""

    data: bytes
    content_type: str = ""


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, "" for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return ""
    plain = port is None or port == {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}" + ("" if plain else f":{port}")


def get(url: str, *, origins: Collection[str], auth: tuple[str, str] | None, limit: int) -> Fetched:
    """Return a file of at most `limit` bytes. `origins` are the provider's own; only they get `auth`.

    Raises MediaError and nothing else.
    """
    if origin_of(url) not in origins:
        raise MediaError("bad_address")
    deadline = time.monotonic() + float(settings.MEDIA_DEADLINE)
    for hop in range(REDIRECTS + 1):
        ours = origin_of(url) in origins
        found = _request(
            url, trusted=ours, auth=auth if ours and not hop else None, limit=limit, deadline=deadline
        )
        if isinstance(found, Fetched):
            return found
        try:
            url = urljoin(url, found)
        except ValueError as error:
            raise MediaError("bad_address") from error
    raise MediaError("too_many_redirects")


def public_address(host: str, port: int) -> str:
    """Return an address of a host that is everybody's to reach. Raises MediaError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MediaError("unreachable", again=True) from error
    addresses = [str(entry[4][0]) for entry in found]
    # One bad address among good ones is no accident.
    if not addresses or not all(_is_public(address) for address in addresses):
        raise MediaError("bad_address")
    return addresses[0]


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is not None:
            parsed = inner
        elif parsed in _NAT64:
            parsed = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.is_global and not parsed.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _request(
    url: str, *, trusted: bool, auth: tuple[str, str] | None, limit: int, deadline: float
) -> Fetched | str:
    """Make one request; return the file, or the address to which it leads on. Raises MediaError."""
    if not origin_of(url):
        raise MediaError("bad_address")
    parts = urlsplit(url)
    if parts.scheme != "https" and not trusted:
        raise MediaError("bad_address")
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = parts.hostname if trusted else public_address(parts.hostname, port)
    try:
        connection = _Connection(address, port, parts, deadline)
        try:
            connection.request("GET", _target(parts), headers=_headers(parts, auth))
            return _answer(connection.getresponse(), limit)
        finally:
            connection.close()
    except MediaError:
        raise
    except _TooSlow as error:
        raise MediaError("too_slow", again=True) from error
    except (OSError, HTTPException, ValueError) as error:
        raise MediaError("unreachable", again=True) from error


def _answer(response: HTTPResponse, limit: int) -> Fetched | str:
    status = response.status
    if status in _REDIRECT:
        where = response.getheader("Location") or ""
        if not where:
            raise MediaError("no_answer", again=True)
        return where
    if status == 410:
        raise MediaError("gone")
    if status != 200:
        code = {401: "credentials", 403: "credentials", 404: "not_there"}.get(status, "no_answer")
        raise MediaError(code, again=status >= 500 or status in _MAY_PASS)
    told = response.getheader("Content-Length") or ""
    length = int(told) if told.isascii() and told.isdigit() and len(told) < 20 else 0
    if length > limit:
        raise MediaError("too_big")
    data = response.read(limit + 1)
    if len(data) > limit:
        raise MediaError("too_big")
    if not data or len(data) < length:  # cut off on its way
        raise MediaError("no_answer", again=True)
    return Fetched(data, (response.getheader("Content-Type") or "")[:100])


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(parts: SplitResult, auth: tuple[str, str] | None) -> dict[str, str]:
    host = parts.netloc.rpartition("@")[2]
    headers = {"Host": host, "Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "MedSync"}
    if auth is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
    return headers


class _TooSlow(OSError):
    """The deadline has passed."""


class _Connection(HTTPConnection):
    """A connection to an address that was checked, under the name that was asked for."""

    def __init__(self, address: str, port: int, parts: SplitResult, deadline: float) -> None:
        super().__init__(address, port)
        self._name = parts.hostname or ""
        self._tls = parts.scheme == "https"
        self._deadline = deadline

    def connect(self) -> None:
        """Connect to the address itself; its certificate must be the name's."""
        sock = socket.create_connection((self.host, self.port), min(CONNECT_SECONDS, self._left()))
        try:
            sock.settimeout(self._left())
            self.sock = _context().wrap_socket(sock, server_hostname=self._name) if self._tls else sock
        except BaseException:
            sock.close()
            raise

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _TooSlow
        return left

    def response_class(  # type: ignore[override]  # a factory as well as a class is called
        self, sock: Any, *args: Any, **kwargs: Any
    ) -> HTTPResponse:
        """Return an answer that is read under the deadline, head and body."""
        response = HTTPResponse(sock, *args, **kwargs)
        response.fp.close()
        response.fp = io.BufferedReader(_Bounded(sock, self._left))
        return response


class _Bounded(io.RawIOBase):
    """A socket's read side, each read within what is left of the deadline."""

    def __init__(self, sock: socket.socket, left: Any) -> None:
        self._sock, self._left = sock, left
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, within the time that is left."""
        self._sock.settimeout(self._left())
        try:
            return self._file.readinto(buffer)
        except TimeoutError as error:
            raise _TooSlow from error

    def close(self) -> None:
        """Give the socket's file back."""
        self._file.close()
        super().close()


def _context() -> ssl.SSLContext:
    return ssl.create_default_context(
        cafile=DEFAULT_CA_BUNDLE_PATH
    )  # the same authorities as for everything a provider is asked
