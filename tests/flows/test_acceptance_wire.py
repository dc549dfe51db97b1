"""Requests that no client library would send, to the running product: it answers, stores nothing, and lives on."""

import socket
from collections.abc import Iterator

import pytest

from tests.flows.live import PUBLIC, Caller, LiveClinic
from tests.standin.twilio import TOKEN, sign

pytestmark = pytest.mark.stack

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
HOOK = b"/api/webhooks/whatsapp"


def exchange(sol: LiveClinic, *sent: bytes, finish: bool = False) -> int:
    """Send bytes; return the status of the answer, 0 when the connection was closed without one."""
    with socket.create_connection(("127.0.0.1", sol.live.stack.port), timeout=15) as wire:
        try:
            for part in sent:
                wire.sendall(part)
            if finish:
                wire.shutdown(socket.SHUT_WR)
            answer = wire.recv(65_536)
        except ConnectionError:
            return 0
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def get(path: bytes, headers: bytes = b"", method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + headers + b"\r\n"


@pytest.fixture(autouse=True)
def _lives_on(sol: LiveClinic) -> Iterator[None]:
    before = {c["id"] for c in sol.get("/api/whatsapp/conversations?limit=100")["results"]}
    yield
    assert sol.live.stack.ready()
    assert {c["id"] for c in sol.get("/api/whatsapp/conversations?limit=100")["results"]} == before


@pytest.mark.parametrize(
    "path",
    [
        *(
            b"/%00",
            b"/c/%00/inbox/",
            b"/api/%00",
            b"/api/patients/%ff%fe",
            b"/%ed%a0%80",
            b"/c/..%2f..%2f",
            b"//",
        ),
        *(b"/static/%00", b"/static/..%2f..%2fmanage.py", b"/static/%2e%2e/%2e%2e/etc/passwd", b"/admin/%00"),
        *(b"/c/sol%00/inbox/", b"/accounts/password/reset/key/%00-%00/", b"/" + b"a" * 30_000, b"/?%00=%00"),
        *(b"/api/patients?" + b"a=b&" * 10_000, b"*", b"http://elsewhere.example/", b"/c/sol/../../healthz"),
        b"/media/x",
    ],
    ids=lambda path: path[:30].decode(),
)
def test_any_path_is_answered(sol: LiveClinic, path: bytes) -> None:
    assert 200 <= exchange(sol, get(path)) < 500


@pytest.mark.parametrize(
    "headers",
    [
        *(b'Cookie: sessionid="\\000\\000\\000\\000\\000\\000\\000\\000"\r\n', b"Cookie: \xff\xfe=\xff\r\n"),
        *(b"Authorization: Bearer \xff\xfe\r\n", b"Authorization: Bearer\r\n", b"Authorization: \r\n"),
        *(b"X-Account-Id: \xff\r\n", b"Accept-Language: \xff, zz-ZZ;q=nan\r\n", b"Content-Length: -1\r\n"),
        *(b"Content-Length: abc\r\n", b"X-Odd: " + b"x" * 60_000 + b"\r\n", b"X-Odd: x\r\n" * 2_000),
        *(
            b"If-Modified-Since: \xff\r\n",
            b"Referer: \xff\r\n",
            b"X-Forwarded-For: " + b"1," * 5_000 + b"\r\n",
        ),
        *(b"Range: bytes=-99999999999999999999-\r\n", b"HX-Request: true\r\nHX-Target: \xff\r\n"),
    ],
    ids=lambda headers: ascii(headers[:30]),
)
@pytest.mark.parametrize("path", [b"/accounts/login/", b"/c/sol/inbox/", b"/api/patients"])
def test_any_header_is_answered(sol: LiveClinic, path: bytes, headers: bytes) -> None:
    assert exchange(sol, get(path, headers)) < 500


@pytest.mark.parametrize("host", [b"evil.example", b"", b"\xff", b"[::1", b"a" * 5_000])
def test_a_host_that_is_not_ours_gets_nothing(sol: LiveClinic, host: bytes) -> None:
    request = b"GET /accounts/login/ HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    assert exchange(sol, request) in (0, 400)


def test_a_body_that_breaks_off_is_no_message(sol: LiveClinic) -> None:
    form = Caller(sol, "+5215512345699").form("hola")
    signature = sign(PUBLIC + HOOK.decode(), form.items(), TOKEN).encode()
    headers = FORM + b"X-Twilio-Signature: " + signature + b"\r\nContent-Length: 500\r\n"
    assert exchange(sol, get(HOOK, headers, b"POST"), b"Body=hola&From=", finish=True) in (0, 400, 403)


@pytest.mark.parametrize(
    "body",
    [b"5\r\nBody=\r\n0\r\n\r\n", b"zz\r\n", b"ffffffffffffffff\r\nx", b"-1\r\n\r\n", b"0\r\n\r\n"],
    ids=ascii,
)
def test_chunks_are_no_message_either(sol: LiveClinic, body: bytes) -> None:
    headers = FORM + b"X-Twilio-Signature: x\r\nTransfer-Encoding: chunked\r\n"
    assert exchange(sol, get(HOOK, headers, b"POST"), body, finish=True) < 500


@pytest.mark.parametrize(
    "method", [b"PUT", b"DELETE", b"TRACE", b"OPTIONS", b"PATCH", b"HEAD", b"HACK", b"G\xcbT"]
)
@pytest.mark.parametrize("path", [HOOK, b"/api/whatsapp/send", b"/accounts/login/", b"/healthz"])
def test_any_method_is_answered(sol: LiveClinic, method: bytes, path: bytes) -> None:
    assert exchange(sol, get(path, method=method)) < 500


def test_a_socket_without_a_session_or_to_nowhere_is_closed(sol: LiveClinic) -> None:
    upgrade = (
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://127.0.0.1\r\n"
    )
    odd = b'Cookie: sessionid="\\000\\000\\000\\000\\000\\000\\000\\000\\000"\r\n'
    for path in (b"/ws/c/sol/inbox/", b"/ws/c/%00/inbox/", b"/ws/nowhere/", b"/"):
        for cookie in (b"", odd):
            request = b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + upgrade + cookie + b"\r\n"
            assert exchange(sol, request) == (101 if b"sol" in path else 403), path


@pytest.mark.parametrize("path", [HOOK, HOOK + b"/status", b"/api/webhooks/sms"])
@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (415, b"Content-Type: application/json\r\n", b'{"Body": "hola"}'),
        (415, b"Content-Type: \xff\r\n", b"Body=hola"),
        (415, b"", b"Body=hola"),
        (413, FORM, b"Body=" + b"x" * 300_000),
        (413, FORM, b"&".join(b"a=b" for _ in range(2_000))),
        (403, FORM, b"Body=%00%FF%FE%ED%A0%80&From=%00"),
        (403, FORM + b"X-Twilio-Signature: \xff\xfe\r\n", b"Body=hola"),
        (403, FORM + b"X-Twilio-Signature: " + b"x" * 30_000 + b"\r\n", b"Body=hola"),
        (403, FORM, b""),
        (403, FORM, b"&&&===%%%"),
    ],
)
def test_what_nobody_signed_or_is_no_form_is_refused(
    sol: LiveClinic, path: bytes, status: int, headers: bytes, body: bytes
) -> None:
    length = b"Content-Length: %d\r\n" % len(body)
    assert exchange(sol, get(path, headers + length, b"POST"), body) == status
