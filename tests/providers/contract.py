"""What every provider folder must pass: subclass `ProviderContract` and say how its wire looks.

One whose API is asked over HTTP subclasses `RemoteContract`. See docs/adding-a-provider.md. The base classes are not
collected by themselves.
"""

import dataclasses
import logging
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from messaging.providers.base import (
    ErrorKind,
    InboundMessage,
    InboundRequest,
    InlineReply,
    Malformed,
    Outbound,
    Provider,
    SendError,
    StatusUpdate,
)
from messaging.providers.media import MediaError
from tests.standin.server import Script, StandIn

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class ProviderContract:
    """The promises of `messaging.providers.base.Provider`, as tests."""

    provider: Provider
    account = "account-1"
    secret = "secret-1"
    #: What calls are made with, where that is not what webhooks are verified with.
    token = ""
    #: The channel of `message()` and `status()` unless a test asks for another.
    channel = "whatsapp"
    #: Whether an unverified request names the account in a way that its owner knows.
    names_account = True
    number = "+14155550199"
    patient = "+14155550101"

    def message(self, **changes: str) -> InboundRequest:
        """Return a signed inbound message; changes: body, event_id, from_address, channel, to_number."""
        raise NotImplementedError

    def status(self, **changes: str) -> InboundRequest:
        """Return a signed status callback; changes: status, event_id, error_code, ref."""
        raise NotImplementedError

    # Verification

    def test_its_own_signature_is_accepted(self) -> None:
        assert self.provider.verify(self.message(body="hola"), [self.secret])

    def test_any_of_several_secrets_may_have_signed(self) -> None:
        assert self.provider.verify(self.message(), ["another", "", self.secret])

    def test_no_secret_or_a_wrong_one_accepts_nothing(self) -> None:
        assert not self.provider.verify(self.message(), [])
        assert not self.provider.verify(self.message(), [""])
        assert not self.provider.verify(self.message(), ["wrong"])

    def test_a_changed_body_is_refused(self) -> None:
        first, second = self.message(body="yes"), self.message(body="no")
        forged = dataclasses.replace(second, headers=first.headers)
        assert not self.provider.verify(forged, [self.secret])

    @pytest.mark.parametrize("value", ["", "x", "é", "=" * 28, "A" * 10_000, "\x00", "ünïcödé" * 4])
    def test_a_nonsense_signature_is_refused_without_an_exception(self, value: str) -> None:
        request = self.message()
        headers = {name: (value if "signature" in name else old) for name, old in request.headers.items()}
        assert not self.provider.verify(dataclasses.replace(request, headers=headers), [self.secret])

    def test_a_missing_signature_is_refused(self) -> None:
        request = dataclasses.replace(self.message(), headers={})
        assert not self.provider.verify(request, [self.secret])

    def test_it_names_the_account_and_our_number_before_anything_is_verified(self) -> None:
        named = self.account if self.names_account else ""
        assert self.provider.named_account(self.message()) == named
        assert self.provider.named_receiver(self.message(channel="sms")) == ("sms", self.number)
        assert self.provider.named_origin(self.status()) == (self.channel, self.number)
        empty = dataclasses.replace(self.message(), form={}, raw_form={}, body=b"")
        assert self.provider.named_account(empty) == ""
        assert self.provider.named_receiver(empty) is None
        assert self.provider.named_origin(empty) is None

    # Parsing

    def test_a_message_is_parsed_whole(self) -> None:
        parsed = self.provider.parse_message(self.message(body="¿Tienen cita? 👋 ", event_id="SM7"))
        assert isinstance(parsed, InboundMessage)
        assert (parsed.event_id, parsed.body, parsed.kind) == ("SM7", "¿Tienen cita? 👋 ", "text")
        assert (parsed.from_address, parsed.from_phone) == (self.patient, self.patient)
        assert (parsed.to_number, parsed.account_sid) == (self.number, self.account)

    @pytest.mark.parametrize("channel", ["whatsapp", "sms"])
    def test_every_channel_arrives_as_such_and_without_prefixes(self, channel: str) -> None:
        if channel not in self.provider.channels:
            pytest.skip("not a channel of this provider")
        parsed = self.provider.parse_message(self.message(channel=channel))
        assert parsed.channel == channel
        assert ":" not in parsed.from_address + parsed.to_number

    @pytest.mark.parametrize("body", ["", "a\x00b", "é" * 70_000, "\ud83d\ude42" * 1000, "{0.__class__}"])
    def test_whatever_the_text_it_can_be_stored(self, body: str) -> None:
        body = body.encode("utf-16", "surrogatepass").decode("utf-16")
        parsed = self.provider.parse_message(self.message(body=body))
        assert "\x00" not in parsed.body
        parsed.body.encode("utf-8")

    def test_a_hidden_number_is_an_address_without_a_phone(self) -> None:
        if "whatsapp" not in self.provider.channels:
            pytest.skip("no WhatsApp")
        parsed = self.provider.parse_message(
            self.message(channel="whatsapp", from_address="US.1a2B3c4D5e6F7g8H9i0J")
        )
        assert parsed.from_address == parsed.from_user_id == "US.1a2B3c4D5e6F7g8H9i0J"
        assert parsed.from_phone is None

    def test_an_empty_form_is_malformed_not_a_crash(self) -> None:
        empty = dataclasses.replace(self.message(), form={}, raw_form={}, body=b"")
        with pytest.raises(Malformed):
            self.provider.parse_message(empty)
        with pytest.raises(Malformed):
            self.provider.parse_status(empty)

    @pytest.mark.parametrize("status", ["queued", "sent", "delivered", "read", "undelivered", "failed"])
    def test_statuses_come_in_our_words(self, status: str) -> None:
        parsed = self.provider.parse_status(self.status(status=status, event_id="SM8", ref="c.a"))
        assert isinstance(parsed, StatusUpdate)
        assert (parsed.status, parsed.provider_message_id, parsed.our_ref) == (status, "SM8", "c.a")

    def test_a_failure_brings_its_number(self) -> None:
        parsed = self.provider.parse_status(self.status(status="failed", error_code="63016"))
        assert parsed.error_code == "63016"

    def test_it_says_what_a_request_is_about(self) -> None:
        assert self.provider.event_kind(self.message()) == "message"
        assert self.provider.event_kind(self.status()) == "status"

    def test_its_reports_have_an_address(self) -> None:
        for channel in self.provider.channels:
            hooks = self.provider.webhooks(channel)
            assert hooks.message.startswith("/api/webhooks/")
            assert hooks.status.startswith("/api/webhooks/")

    # Error numbers

    def test_an_error_number_that_nobody_knows_is_none(self) -> None:
        assert self.provider.known_error("") is None
        assert self.provider.known_error("1") is None
        assert self.provider.known_error("99999") is None

    # Answering

    def test_an_answer_is_never_plain_text(self) -> None:
        reply = InlineReply(body="hola", status_callback_url="https://medsync.example/s?a=1")
        for response in (
            self.provider.acknowledge(),
            self.provider.acknowledge([reply] if self.provider.answers_inline else []),
            self.provider.refuse(),
        ):
            assert "text/plain" not in response.content_type
        assert self.provider.acknowledge().status in (200, 204)
        assert (self.provider.refuse().status, self.provider.refuse().body) == (403, b"")

    # Sending

    def outbound(self, **changes: str) -> Outbound:
        """Return a message to send."""
        values = {
            "account_sid": self.account,
            "secret": self.token or self.secret,
            "channel": self.channel,
            "from_number": self.number,
            "to_address": self.patient,
            "body": "Su cita está confirmada.",
            "status_callback_url": "https://medsync.example/status?a=c.a",
            "ref": "c.a",
            "messaging_profile_id": "00000002-0000-4000-8000-000000000000",
        }
        return Outbound(**{**values, **changes})  # type: ignore[arg-type]

    def test_a_send_gives_a_receipt_with_an_id(self) -> None:
        receipt = self.provider.send(self.outbound())
        assert receipt.provider_message_id
        assert receipt.status in ("queued", "sending", "sent")
        other = self.provider.send(self.outbound(ref="c.another"))
        assert other.provider_message_id != receipt.provider_message_id

    def test_nothing_of_a_message_shows_in_its_representation(self) -> None:
        text = repr(self.outbound())
        assert self.patient not in text
        assert "confirmada" not in text
        assert self.secret not in text
        assert not self.token or self.token not in text

    def test_the_credentials_can_be_asked_about(self) -> None:
        secret = self.token or self.secret
        self.provider.check(self.account, secret, channel=self.channel, number=self.number)  # type: ignore[arg-type]

    def test_the_list_is_asked_without_an_exception_of_any_library(self) -> None:
        try:
            listed = self.provider.list_recent(
                self.account,
                self.token or self.secret,
                from_number=self.number,
                to_address=self.patient,
                channel=self.channel,  # type: ignore[arg-type]
                since=datetime.now(UTC) - timedelta(minutes=1),
                until=datetime.now(UTC) + timedelta(minutes=1),
            )
        except SendError:
            return
        assert all(line.created_at.tzinfo is not None for line in listed)

    # Files

    @pytest.mark.parametrize(
        "url",
        ["", "https://evil.example/a", "http://169.254.169.254/a", "file:///etc/passwd", "\x00", "https://["],
    )
    def test_a_file_that_is_not_the_providers_is_never_asked_for(self, url: str) -> None:
        with pytest.raises(MediaError) as caught:
            self.provider.fetch_media(url, account_sid=self.account, secret=self.secret, limit=1000)
        assert not caught.value.again
        assert self.provider.mms_bytes > 0


class RemoteContract(ProviderContract):
    """What a provider keeps whose API is asked over HTTP: every outcome is one of ours, and nothing else gets out.

    A stand-in plays the API; its scripts are those of `tests.standin.server`.
    """

    standin: StandIn
    #: The setting that names another address for the API.
    base_setting = ""
    #: The module that talks, with its MAX_ANSWER_BYTES.
    http: ModuleType
    #: A refusal for good that would name the patient's number.
    refusal: Script

    def failure(self, **changes: str) -> SendError:
        with pytest.raises(SendError) as raised:
            self.provider.send(self.outbound(**changes))
        # A traceback with the library's own exception in it would show the provider's text.
        assert raised.value.__context__ is None or raised.value.__suppress_context__
        return raised.value

    @pytest.mark.parametrize(
        ("script", "code", "accepted"),
        [
            ("reset", "no_answer", 0),
            ("502", "502", 0),
            ("accept_then_500", "502", 1),
            ("accept_then_reset", "no_answer", 1),
            ("garbage", "garbage", 1),
            ("empty", "garbage", 1),
            ("no_sid", "garbage", 1),
        ],
    )
    def test_a_send_whose_answer_says_nothing_may_have_been_carried_out(
        self, script: str, code: str, accepted: int
    ) -> None:
        self.standin.script(script)
        error = self.failure()
        assert (error.code, error.kind) == (code, ErrorKind.UNKNOWN)
        assert len(self.standin.accepted) == accepted

    @pytest.mark.parametrize("script", ["accept_then_hang", "drip"])
    def test_an_answer_that_does_not_end_is_cut_off(self, script: str, settings: Any) -> None:
        settings.OUTBOX_HTTP_DEADLINE = 0.6
        self.standin.script(Script(kind=script, seconds=5))
        started = datetime.now(UTC)
        assert self.failure().kind is ErrorKind.UNKNOWN
        assert datetime.now(UTC) - started < timedelta(seconds=3)
        assert len(self.standin.accepted) == 1

    def test_an_answer_that_is_too_big_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(self.http, "MAX_ANSWER_BYTES", 200)
        assert self.failure().kind is ErrorKind.UNKNOWN

    @pytest.mark.parametrize(
        "base", ["http://127.0.0.1:9", "http://nowhere.invalid", "nonsense://x", "http://["]
    )
    def test_what_never_left_is_surely_not_sent(self, settings: Any, base: str) -> None:
        setattr(settings, self.base_setting, base)
        error = self.failure()
        assert (error.code, error.kind) == ("unreachable", ErrorKind.RETRY)

    def test_a_limit_says_how_long_to_wait(self) -> None:
        self.standin.script(*(Script(kind="429", retry_after=said) for said in ("7", "soon")))
        assert (self.failure().retry_after, self.failure().retry_after) == (7.0, None)

    def test_wrong_credentials_are_the_accounts_trouble(self) -> None:
        assert self.failure(secret="wrong").kind is ErrorKind.ACCOUNT

    def test_without_credentials_nothing_is_asked(self) -> None:
        assert self.failure(account_sid="", secret="").kind is ErrorKind.ACCOUNT
        assert self.standin.requests == 0

    def test_a_text_that_is_too_long_is_not_even_tried(self) -> None:
        assert self.failure(body="x" * 1601).kind is ErrorKind.PERMANENT
        assert self.standin.requests == 0

    def test_no_number_no_text_and_no_secret_shows_in_errors_or_logs(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        self.standin.script(self.refusal, "accept_then_reset")
        refused, lost = self.failure(), self.failure()
        shown = f"{refused!r} {refused} {lost!r} {lost} {caplog.text}"
        for secret in (self.patient[1:], "confirmada", self.token or self.secret):
            assert secret not in shown
