"""Where files are fetched from: the provider's own addresses, and what these lead to in the open; nowhere else."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from messaging.providers import media
from messaging.providers.media import MediaError
from tests.standin.media import MediaServer, file, garbage, redirect, status

AUTH = ("AC1", "token")
MB = 1024 * 1024


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with MediaServer() as started:
        yield started


def get(server: MediaServer, path: str, *, limit: int = MB) -> media.Fetched:
    return media.get(server.base + path, origins={server.base}, auth=AUTH, limit=limit)


def refusal(server: MediaServer, path: str = "/a", *, limit: int = MB) -> tuple[str, bool]:
    with pytest.raises(MediaError) as caught:
        get(server, path, limit=limit)
    return caught.value.code, caught.value.again


def test_the_provider_is_asked_with_the_accounts_credentials(server: MediaServer) -> None:
    server.at("/a?b=c", file(b"words", "text/vcard"))

    found = get(server, "/a?b=c")

    assert (found.data, found.content_type) == (b"words", "text/vcard")
    assert server.asked == [("/a?b=c", "Basic QUMxOnRva2Vu")]


def test_where_it_leads_on_to_gets_no_credentials(server: MediaServer) -> None:
    server.at("/a", redirect("/b"))
    server.at("/b", file(b"x"))

    assert get(server, "/a").data == b"x"
    assert server.asked[1] == ("/b", None)


def test_three_redirects_are_followed_and_a_fourth_is_not(server: MediaServer) -> None:
    for n in range(4):
        server.at(f"/{n}", redirect(f"/{n + 1}"))
    server.at("/4", file(b"x"))

    assert get(server, "/1").data == b"x"
    assert refusal(server, "/0") == ("too_many_redirects", False)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a",
        "https://api.twilio.com.evil.example/a",
        "https://api.twilio.com@evil.example/a",
        "https://user@api.twilio.com/a",
        "http://api.twilio.com/a",
        "https://api.twilio.com:8443/a",
        "file:///etc/passwd",
        "ftp://api.twilio.com/a",
        "//api.twilio.com/a",
        "https://[::1/a",
        "",
    ],
)
def test_what_is_not_the_providers_is_never_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_a, **_k: pytest.fail("asked"))

    with pytest.raises(MediaError, match="bad_address"):
        media.get(url, origins={"https://api.twilio.com"}, auth=AUTH, limit=MB)


@pytest.mark.parametrize(
    "where",
    [
        "http://93.184.216.34/a",  # not https
        "https://127.0.0.1/a",
        "https://localhost/a",
        "https://0.0.0.0/a",
        "https://10.0.0.1/a",
        "https://172.16.3.4/a",
        "https://192.168.1.1/a",
        "https://100.64.0.1/a",
        "https://169.254.169.254/latest/meta-data/",
        "https://224.0.0.1/a",
        "https://[::1]/a",
        "https://[fe80::1]/a",
        "https://[fd00::1]/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://[64:ff9b::a9fe:a9fe]/a",
        "https://[2002:7f00:1::]/a",
        "https://2130706433/a",
        "https://user:secret@93.184.216.34/a",
        "file:///etc/passwd",
        "gopher://93.184.216.34/a",
        "https://[93.184.216.34/a",
        "https://files.example:port/a",
    ],
)
def test_a_redirect_to_what_is_not_everybodys_is_not_followed(
    server: MediaServer, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.at("/a", redirect(where))
    connect = socket.create_connection
    port = int(server.base.rpartition(":")[2])

    def only_the_server(address: Any, *rest: Any, **more: Any) -> socket.socket:
        assert address == ("127.0.0.1", port), f"connected to {address}"
        return connect(address, *rest, **more)

    monkeypatch.setattr(socket, "create_connection", only_the_server)
    assert refusal(server) == ("bad_address", False)


@pytest.mark.parametrize(
    "answers",
    [["10.0.0.7"], ["93.184.216.34", "10.0.0.7"], ["fe80::1%eth0"], ["::ffff:127.0.0.1"]],
    ids=["private", "one of two", "link-local", "mapped loopback"],
)
def test_a_name_that_means_a_private_address_is_not_asked(
    server: MediaServer, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.at("/a", redirect("https://files.example/a"))
    resolve = socket.getaddrinfo

    def resolver(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "files.example":
            return resolve(host, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in answers]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    assert refusal(server) == ("bad_address", False)


def test_a_name_that_changes_its_mind_gains_nothing(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.at("/a", redirect("https://files.example/a"))
    answers, connected = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"]), []
    resolve, connect = socket.getaddrinfo, socket.create_connection

    def resolver(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "files.example":
            return resolve(host, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443))]

    def connecting(address: Any, *rest: Any, **more: Any) -> socket.socket:
        if address[1] != 443:
            return connect(address, *rest, **more)
        connected.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr(socket, "create_connection", connecting)

    assert refusal(server) == ("unreachable", True)
    assert connected == [("93.184.216.34", 443)]  # the address that was checked, and not the name again


def test_a_name_that_means_nothing_now_may_mean_something_later(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.at("/a", redirect("https://files.example/a"))
    resolve = socket.getaddrinfo

    def resolver(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "files.example":
            raise socket.gaierror
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    assert refusal(server) == ("unreachable", True)


@pytest.mark.parametrize("length", [None, 5 * 1024**3, 7], ids=["no length", "5 GB", "a lie"])
def test_what_does_not_end_is_not_taken(server: MediaServer, length: int | None) -> None:
    server.at("/a", server.endless(length=length))

    if length == 7:  # the head is believed as far as it says less
        assert len(get(server, "/a").data) == 7
    else:
        assert refusal(server) == ("too_big", False)
    assert server.sent < 16 * MB


@pytest.mark.parametrize("head", [True, False], ids=["head", "body"])
def test_a_drip_ends_at_the_deadline(server: MediaServer, settings: Any, head: bool) -> None:
    settings.MEDIA_DEADLINE = 0.6
    server.at("/a", server.drip(head=head))
    started = time.monotonic()

    assert refusal(server) == ("too_slow", True)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (status(401), ("credentials", True)),
        (status(403), ("credentials", True)),
        (status(404), ("not_there", True)),
        (status(410), ("gone", False)),
        (status(400), ("no_answer", False)),
        (status(429), ("no_answer", True)),
        (status(500), ("no_answer", True)),
        (status(204), ("no_answer", False)),
        (file(b""), ("no_answer", True)),
        (file(b"x" * 1000, cut=10), ("no_answer", True)),
        (garbage, ("unreachable", True)),
    ],
    ids=["401", "403", "404", "410", "400", "429", "500", "204", "empty", "cut off", "garbage"],
)
def test_what_is_no_file_is_none_and_may_become_one(
    server: MediaServer, answer: Any, outcome: tuple[str, bool]
) -> None:
    server.at("/a", answer)
    assert refusal(server) == outcome


def test_nobody_at_home_may_be_there_later() -> None:
    with MediaServer() as server:
        base = server.base
    with pytest.raises(MediaError) as caught:
        media.get(f"{base}/a", origins={base}, auth=None, limit=MB)
    assert (caught.value.code, caught.value.again) == ("unreachable", True)
