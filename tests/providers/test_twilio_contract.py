"""Twilio keeps the provider contract."""

from collections.abc import Iterator

import pytest

from messaging.providers.base import InboundRequest
from messaging.providers.twilio import http, provider
from tests.providers.contract import RemoteContract
from tests.providers.requests import URL, request
from tests.standin.twilio import ACCOUNT, TOKEN, TwilioStandIn, refuse


class TestTwilio(RemoteContract):
    provider = provider
    account = ACCOUNT
    secret = TOKEN
    base_setting = "TWILIO_API_BASE_URL"
    http = http
    refusal = refuse(21211)

    @pytest.fixture(autouse=True)
    def _standin(self, settings: object) -> Iterator[None]:
        with TwilioStandIn() as twilio:
            settings.TWILIO_API_BASE_URL = twilio.base_url  # type: ignore[attr-defined]
            self.standin = twilio
            yield

    def message(self, **changes: str) -> InboundRequest:
        prefix = "whatsapp:" if changes.get("channel", "whatsapp") == "whatsapp" else ""
        return request(
            {
                "MessageSid": changes.get("event_id", "SM" + "a" * 32),
                "AccountSid": ACCOUNT,
                "From": prefix + changes.get("from_address", self.patient),
                "To": prefix + changes.get("to_number", self.number),
                "Body": changes.get("body", "hola"),
                "NumMedia": "0",
            }
        )

    def status(self, **changes: str) -> InboundRequest:
        return request(
            {
                "MessageSid": changes.get("event_id", "SM" + "b" * 32),
                "MessageStatus": changes.get("status", "sent"),
                "AccountSid": ACCOUNT,
                "From": "whatsapp:" + self.number,
                "To": "whatsapp:" + self.patient,
                **({"ErrorCode": changes["error_code"]} if "error_code" in changes else {}),
            },
            url=f"{URL}/status?a={changes.get('ref', 'c.a')}",
        )
