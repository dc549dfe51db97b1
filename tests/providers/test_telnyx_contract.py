"""Telnyx keeps the provider contract."""

import dataclasses
from collections.abc import Iterator

import pytest

from messaging.providers.base import InboundRequest
from messaging.providers.telnyx import http, provider
from tests.providers.contract import RemoteContract
from tests.providers.telnyx_requests import URL, request
from tests.standin import telnyx
from tests.standin.telnyx import KEY, ORGANIZATION, PUBLIC_KEY, TelnyxStandIn, refuse

WORDS = {"undelivered": "delivery_failed", "failed": "sending_failed"}


class TestTelnyx(RemoteContract):
    provider = provider
    account = ORGANIZATION
    secret = PUBLIC_KEY
    token = KEY
    channel = "sms"
    names_account = False
    base_setting = "TELNYX_API_BASE_URL"
    http = http
    refusal = refuse(10016, 422)

    @pytest.fixture(autouse=True)
    def _standin(self, settings: object) -> Iterator[None]:
        with TelnyxStandIn() as running:
            settings.TELNYX_API_BASE_URL = running.base_url  # type: ignore[attr-defined]
            self.standin = running
            yield

    def message(self, **changes: str) -> InboundRequest:
        payload = telnyx.received(
            changes.get("body", "hola"),
            from_=changes.get("from_address", self.patient),
            to=changes.get("to_number", self.number),
            message_id=changes.get("event_id", "00000001-0000-4000-8000-000000000000"),
        )
        return request(telnyx.event("message.received", payload))

    def status(self, **changes: str) -> InboundRequest:
        word = changes.get("status", "sent")
        payload = telnyx.received(
            "hola",
            from_=self.number,
            to=self.patient,
            message_id=changes.get("event_id", "00000008-0000-4000-8000-000000000000"),
            errors=[{"code": changes["error_code"]}] if "error_code" in changes else [],
        )
        payload["to"][0]["status"] = WORDS.get(word, word)
        body = telnyx.event("message.finalized", payload)
        return request(body, url=f"{URL}?a={changes.get('ref', 'c.a')}")

    def test_a_second_receipt_needs_a_second_key(self) -> None:
        first = self.provider.send(self.outbound())
        again = self.provider.send(self.outbound())
        other = self.provider.send(dataclasses.replace(self.outbound(), ref="c.other"))
        assert first.provider_message_id == again.provider_message_id != other.provider_message_id
