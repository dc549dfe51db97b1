"""Sending by the official SDK to a stand-in: what is Twilio's own; the contract says what every provider keeps."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from messaging.providers.base import ErrorKind, Outbound, SendError
from messaging.providers.twilio import http, provider
from tests.standin.twilio import ACCOUNT, TOKEN, Script, TwilioStandIn, refuse

NUMBER, PATIENT = "+14155550199", "+15005550001"


@pytest.fixture
def twilio(settings) -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as standin:
        settings.TWILIO_API_BASE_URL = standin.base_url
        yield standin


def outbound(**changes: str) -> Outbound:
    values = {
        "account_sid": ACCOUNT,
        "secret": TOKEN,
        "channel": "whatsapp",
        "from_number": NUMBER,
        "to_address": PATIENT,
        "body": "Su cita está confirmada 👍",
        "status_callback_url": "https://medsync.example/api/webhooks/whatsapp/status?a=c.a#rc=2",
        "ref": "c.a",
    }
    return Outbound(**{**values, **changes})  # type: ignore[arg-type]


def failure(**changes: str) -> SendError:
    with pytest.raises(SendError) as raised:
        provider.send(outbound(**changes))
    # A traceback with the library's own exception in it would show the provider's text.
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    return raised.value


def test_both_numbers_carry_the_channel(twilio: TwilioStandIn) -> None:
    receipt = provider.send(outbound())
    (accepted,) = twilio.accepted
    assert (accepted.from_, accepted.to) == (f"whatsapp:{NUMBER}", f"whatsapp:{PATIENT}")
    assert (accepted.body, accepted.ref) == ("Su cita está confirmada 👍", "c.a")
    assert (receipt.provider_message_id, receipt.status) == (accepted.sid, "queued")


def test_an_sms_carries_none(twilio: TwilioStandIn) -> None:
    provider.send(outbound(channel="sms"))
    assert (twilio.accepted[0].from_, twilio.accepted[0].to) == (NUMBER, PATIENT)


def test_a_hidden_number_is_sent_to_as_it_came(twilio: TwilioStandIn) -> None:
    provider.send(outbound(to_address="US.1a2B3c4D5e6F7g8H9i0J"))
    assert twilio.accepted[0].to == "whatsapp:US.1a2B3c4D5e6F7g8H9i0J"


@pytest.mark.parametrize(
    ("script", "code", "kind"),
    [
        ("429", "20429", ErrorKind.RETRY),
        (refuse(21611, 400), "21611", ErrorKind.RETRY),
        ("401", "20003", ErrorKind.ACCOUNT),
        (refuse(20003, 403), "20003", ErrorKind.ACCOUNT),
        (refuse(99999, 403), "99999", ErrorKind.ACCOUNT),
        (refuse(21608, 403), "21608", ErrorKind.ACCOUNT),
        (refuse(21610, 403), "21610", ErrorKind.PERMANENT),
        (refuse(21408, 403), "21408", ErrorKind.PERMANENT),
        (refuse(63016, 403), "63016", ErrorKind.PERMANENT),
        (refuse(20005, 400), "20005", ErrorKind.ACCOUNT),
        (refuse(20404, 404), "20404", ErrorKind.PERMANENT),
        (refuse(21610, 400), "21610", ErrorKind.PERMANENT),
        (refuse(63016, 400), "63016", ErrorKind.PERMANENT),
        (refuse(99999, 400), "99999", ErrorKind.PERMANENT),
        (refuse(20503, 503), "20503", ErrorKind.UNKNOWN),
        ("500", "500", ErrorKind.UNKNOWN),
    ],
)
def test_each_refusal_is_one_of_ours(
    twilio: TwilioStandIn, script: Script | str, code: str, kind: ErrorKind
) -> None:
    twilio.script(script)
    error = failure()
    assert (error.code, error.kind) == (code, kind)
    assert twilio.accepted == []


def test_the_deadlines_add_up_to_fifteen_seconds(settings) -> None:
    settings.OUTBOX_HTTP_DEADLINE = 15.0
    assert http.connect_seconds() + http.answer_seconds() == 15


def test_without_credentials_nothing_is_sent_from_another_account(twilio: TwilioStandIn, monkeypatch) -> None:
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    assert failure(account_sid="", secret="").kind is ErrorKind.ACCOUNT
    assert twilio.requests == 0


def test_a_text_that_is_too_long_is_not_even_tried(twilio: TwilioStandIn) -> None:
    error = failure(body="x" * 1601)
    assert (error.code, error.kind, twilio.requests) == ("21617", ErrorKind.PERMANENT, 0)


def test_the_connection_is_kept_between_sends(twilio: TwilioStandIn) -> None:
    opened: list[object] = []
    original = http._PlainConnection.connect

    def connect(self: object) -> None:
        opened.append(self)
        original(self)

    http._PlainConnection.connect = connect
    try:
        for _ in range(5):
            provider.send(outbound())
    finally:
        http._PlainConnection.connect = original
    assert len(opened) == 1


class TestTheList:
    def listed(self, **changes: object) -> list:
        values: dict = {
            "from_number": NUMBER,
            "to_address": PATIENT,
            "channel": "whatsapp",
            "since": datetime.now(UTC) - timedelta(minutes=1),
            "until": datetime.now(UTC) + timedelta(minutes=1),
        }
        return list(provider.list_recent(ACCOUNT, TOKEN, **{**values, **changes}))

    def test_it_finds_a_send_whose_answer_was_lost(self, twilio: TwilioStandIn) -> None:
        twilio.script("accept_then_reset")
        failure()
        provider.send(outbound(to_address="+15005550002"))
        (line,) = self.listed()
        assert line.provider_message_id == twilio.accepted[0].sid
        assert (line.direction, line.status, line.error_code) == ("api", "queued", "")
        assert (line.from_address, line.to_address) == (NUMBER, PATIENT)
        assert line.created_at.tzinfo is not None

    def test_inline_replies_are_told_from_sends(self, twilio: TwilioStandIn) -> None:
        twilio.note_inline_reply(ACCOUNT, f"whatsapp:{NUMBER}", f"whatsapp:{PATIENT}", "hola", "")
        assert [line.direction for line in self.listed()] == ["reply"]

    def test_it_turns_pages_and_is_newest_first(self, twilio: TwilioStandIn) -> None:
        for n in range(120):
            twilio.note_inline_reply(ACCOUNT, f"whatsapp:{NUMBER}", f"whatsapp:{PATIENT}", str(n), "")
        assert [line.body for line in self.listed()] == [str(n) for n in reversed(range(120))]

    def test_what_is_older_or_newer_is_left_out(self, twilio: TwilioStandIn) -> None:
        provider.send(outbound())
        assert self.listed(since=datetime.now(UTC) + timedelta(seconds=30)) == []
        assert self.listed(until=datetime.now(UTC) - timedelta(seconds=30)) == []

    @pytest.mark.parametrize(("status", "kind"), [(500, ErrorKind.UNKNOWN), (401, ErrorKind.ACCOUNT)])
    def test_a_list_that_does_not_answer_is_an_error_of_ours(
        self, twilio: TwilioStandIn, status: int, kind: ErrorKind
    ) -> None:
        twilio.list_fails = status
        with pytest.raises(SendError) as raised:
            self.listed()
        assert raised.value.kind is kind
