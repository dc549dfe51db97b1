"""Telnyx's events become our dataclasses, whatever else stands in them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from messaging.providers.base import Malformed
from messaging.providers.telnyx import provider
from tests.providers.telnyx_requests import URL, message, request
from tests.standin import telnyx

EVENTS = json.loads(Path(__file__).with_name("telnyx_events.json").read_text(encoding="utf-8"))


def status(word: str, *, url: str = URL, **changes: Any) -> Any:
    payload = telnyx.received(
        "hola", from_="+14155550199", to="+14155550101", message_id="00000001-0000-4000-8000-000000000000"
    )
    payload["to"][0]["status"] = word
    kind = changes.pop("kind", "message.finalized")
    return provider.parse_status(request(telnyx.event(kind, {**payload, **changes}), url=url))


@pytest.mark.parametrize("name", EVENTS)
def test_each_kind_of_event(name: str) -> None:
    row = EVENTS[name]
    found = provider.parse_message(request(telnyx.event(row["event_type"], row["payload"])))
    assert {field: getattr(found, field) for field in row["expected"]} == row["expected"]
    assert found.event_id == row["payload"]["id"]
    assert len(found.media) == len(row["payload"].get("media") or ())


def test_a_text_without_words_is_a_placeholder() -> None:
    for more in ({"text": None}, {"text": " "}, {"text": "", "media": [{"url": None}]}):
        payload = telnyx.received("", from_="+14155550101", to="+14155550199", message_id="1")
        found = provider.parse_message(request(telnyx.event("message.received", {**payload, **more})))
        assert (found.kind, found.opens_window) == ("unsupported", True)


def test_the_time_is_when_it_happened_not_when_it_came() -> None:
    body = telnyx.event(
        "message.received",
        telnyx.received("hola", from_="+14155550101", to="+14155550199", message_id="1"),
        occurred_at="2026-11-21T04:00:01.250-06:00",
    )
    occurred_at = provider.parse_message(request(body)).occurred_at
    assert occurred_at == datetime(2026, 11, 21, 10, 0, 1, 250_000, tzinfo=UTC)


@pytest.mark.parametrize("word", ["", "yesterday", "2026-13-40T99:00:00Z", None, 5])
def test_a_time_that_is_none_is_left_out(word: Any) -> None:
    event = {"event_type": "message.received", "occurred_at": word}
    payload = telnyx.received("x", from_="+14155550101", to="+14155550199", message_id="1", received_at=word)
    body = json.dumps({"data": {**event, "payload": payload}}).encode()
    assert provider.parse_message(request(body)).occurred_at is None


def test_the_same_message_reported_twice_has_one_id() -> None:
    payload = telnyx.received("x", from_="+14155550101", to="+14155550199", message_id="m-1")
    first, second = (
        provider.parse_message(request(telnyx.event("message.received", payload, event_id=event_id)))
        for event_id in ("e-1", "e-2")
    )
    assert first.event_id == second.event_id == "m-1"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"7", b'"x"', b'{"data": 5}', b'{"data": {"payload": []}}', b"\xff\xfe"),
        b"[" * 100_000,
        json.dumps(
            {"data": {"event_type": "message.received", "payload": {"to": [5], "from": "x"}}}
        ).encode(),
    ],
    ids=lambda body: ascii(body[:20]),
)
def test_nonsense_is_malformed_and_nothing_else(body: bytes) -> None:
    found = request(body)
    assert provider.named_receiver(found) is None
    assert provider.named_origin(found) is None
    assert provider.event_kind(found) == "message"
    for parse in (provider.parse_message, provider.parse_status):
        with pytest.raises(Malformed):
            parse(found)


@pytest.mark.parametrize(
    "changes", [{"to": "x"}, {"to": "whatsapp:+1"}, {"from_": ""}, {"message_id": "a b"}]
)
def test_what_identifies_is_checked(changes: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        provider.parse_message(message(**changes))


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("queued", "queued"),
        ("sending", "sending"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("delivery_unconfirmed", "sent"),
        ("delivery_failed", "undelivered"),
        ("sending_failed", "failed"),
        ("expired", "failed"),
    ],
)
def test_the_words_of_each_recipient(word: str, ours: str) -> None:
    assert status(word).status == ours


def test_a_failure_brings_its_number_as_text_and_what_expired_has_one_too() -> None:
    assert status("delivery_failed", errors=[{"code": 40008}]).error_code == "40008"
    assert status("delivery_failed", errors=[{"code": "x" * 30}]).error_code == ""
    assert status("expired").error_code == "40005"


def test_a_stop_is_learned_from_a_failure() -> None:
    found = status("sending_failed", errors=[{"code": "40300", "detail": "+14155550101"}])
    assert (found.error_code, provider.known_error(found.error_code).what) == ("40300", "stopped")


@pytest.mark.parametrize(
    ("query", "ref"), [("?a=c.a", "c.a"), ("", None), ("?a=1&a=2", None), ("?b=1", None)]
)
def test_our_reference_comes_back_in_the_address(query: str, ref: str | None) -> None:
    assert status("sent", url=URL + query).our_ref == ref


def test_a_new_status_is_malformed_so_that_it_is_kept() -> None:
    with pytest.raises(Malformed):
        status("teleported")


@pytest.mark.parametrize("kind", ["message.link_clicked", "10dlc.campaign.update", "call.initiated"])
def test_what_concerns_no_message_is_something_else(kind: str) -> None:
    assert provider.event_kind(request(telnyx.event(kind, {}))) == "other"
