"""Only who has Telnyx's private key, in these minutes, may post to us."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from messaging.providers.base import InboundRequest
from messaging.providers.telnyx import provider
from tests.providers.telnyx_requests import message, request
from tests.standin.telnyx import PUBLIC_KEY

VECTORS = json.loads(Path(__file__).with_name("telnyx_signatures.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_published_vectors(vector: dict[str, str]) -> None:
    found = request(
        vector["raw_body"].encode(),
        headers={
            "telnyx-signature-ed25519": vector["signature_b64"],
            "telnyx-timestamp": vector["timestamp"],
        },
        received_at=datetime.fromtimestamp(int(vector["timestamp"]), UTC),
    )
    assert provider.verify(found, [vector["public_key_b64"]]) is vector["valid"]


@pytest.mark.parametrize(
    ("late", "good"),
    [(0, True), (300, True), (-300, True), (301, False), (-301, False), (86_400, False)],
)
def test_a_signature_grows_old_in_five_minutes(late: int, good: bool) -> None:
    at = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert provider.verify(request(b"{}", received_at=at, late=timedelta(seconds=late)), [PUBLIC_KEY]) is good


@pytest.mark.parametrize(
    "stamp", ["", "now", "1e9", "-1", "９９", "1" * 13, "\x00", "1795255200.5", " 1795255200"]
)
def test_a_nonsense_time_is_refused_without_an_exception(stamp: str) -> None:
    found = message()
    assert not provider.verify(changed(found, stamp=stamp), [PUBLIC_KEY])


@pytest.mark.parametrize("key", ["", "x", "é" * 44, PUBLIC_KEY[:-2], "A" * 43 + "=", "A" * 10_000])
def test_a_key_that_is_none_accepts_nothing(key: str) -> None:
    assert not provider.verify(message(), [key])


def test_the_body_counts_byte_by_byte() -> None:
    found = message()
    again = dataclasses.replace(found, body=json.dumps(json.loads(found.body), indent=1).encode())
    assert not provider.verify(again, [PUBLIC_KEY])


def changed(found: InboundRequest, *, stamp: str) -> InboundRequest:
    return dataclasses.replace(found, headers={**found.headers, "telnyx-timestamp": stamp})
