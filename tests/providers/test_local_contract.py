"""The built-in phones keep the provider contract."""

from messaging.providers.base import InboundRequest
from messaging.providers.local import provider
from messaging.providers.local.provider import signed_request
from messaging.providers.local.script import LATEST, Behaviour, steps
from tests.providers.contract import ProviderContract


class TestLocal(ProviderContract):
    provider = provider

    def message(self, **changes: str) -> InboundRequest:
        return signed_request(
            {
                "id": changes.get("event_id", "LM1"),
                "account": self.account,
                "channel": changes.get("channel", "whatsapp"),
                "from": changes.get("from_address", self.patient),
                "to": changes.get("to_number", self.number),
                "body": changes.get("body", "hola"),
            },
            self.secret,
        )

    def status(self, **changes: str) -> InboundRequest:
        return signed_request(
            {
                "id": changes.get("event_id", "LM2"),
                "account": self.account,
                "channel": "whatsapp",
                "from": self.number,
                "to": self.patient,
                "status": changes.get("status", "sent"),
                "error_code": changes.get("error_code", ""),
            },
            self.secret,
            ref=changes.get("ref", "c.a"),
        )


def test_a_whatsapp_phone_delivers_and_reads() -> None:
    assert [step.status for step in steps(Behaviour(), "whatsapp")] == ["delivered", "read"]


def test_an_sms_is_never_reported_as_read() -> None:
    assert [step.status for step in steps(Behaviour(), "sms")] == ["delivered"]


def test_a_phone_that_lies_unread_only_delivers() -> None:
    assert [step.status for step in steps(Behaviour(reads=False), "whatsapp")] == ["delivered"]


def test_a_broken_phone_says_why() -> None:
    (step,) = steps(Behaviour(error_code="30003"), "whatsapp")
    assert (step.status, step.error_code) == ("undelivered", "30003")


def test_a_slow_phone_is_never_slower_than_the_broker_keeps_a_bell() -> None:
    first, second = steps(Behaviour(deliver_after=500, read_after=500), "whatsapp")
    assert first.after == second.after == LATEST
