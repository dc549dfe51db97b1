"""Sending to a stand-in Telnyx: what is Telnyx's own, and that the same attempt is one text.

The contract says what every provider keeps.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from messaging.providers.base import ErrorKind, Outbound, SendError
from messaging.providers.telnyx import http, provider
from tests.standin.telnyx import KEY, PROFILE, Script, TelnyxStandIn, refuse

NUMBER, PATIENT = "+14155550199", "+15005550001"


@pytest.fixture
def telnyx(settings) -> Iterator[TelnyxStandIn]:
    with TelnyxStandIn() as standin:
        settings.TELNYX_API_BASE_URL = standin.base_url
        yield standin


def outbound(**changes: Any) -> Outbound:
    return replace(
        Outbound(
            account_sid="key",
            secret=KEY,
            channel="sms",
            from_number=NUMBER,
            to_address=PATIENT,
            body="Su cita está confirmada 👍",
            status_callback_url="https://medsync.example/api/webhooks/sms/telnyx?a=c.a",
            ref="clinic.attempt",
            messaging_profile_id=PROFILE,
        ),
        **changes,
    )


def failure(**changes: Any) -> SendError:
    with pytest.raises(SendError) as raised:
        provider.send(outbound(**changes))
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    return raised.value


def test_a_send_carries_profile_key_and_where_to_report(telnyx: TelnyxStandIn) -> None:
    receipt = provider.send(outbound())
    (accepted,) = telnyx.accepted
    assert (accepted.from_, accepted.to, accepted.body) == (NUMBER, PATIENT, "Su cita está confirmada 👍")
    assert (accepted.profile, accepted.key, accepted.ref) == (PROFILE, "attempt", "c.a")
    assert (receipt.provider_message_id, receipt.status) == (accepted.sid, "queued")


def test_files_go_as_mms_also_without_words(telnyx: TelnyxStandIn) -> None:
    provider.send(outbound(body="", media_urls=("https://medsync.example/f/1",)))
    assert telnyx.accepted[0].media == ("https://medsync.example/f/1",)


@pytest.mark.parametrize(
    ("script", "code", "kind"),
    [
        ("429", "10011", ErrorKind.RETRY),
        (refuse(40318, 422), "40318", ErrorKind.RETRY),
        (refuse(40011, 400), "40011", ErrorKind.RETRY),
        ("401", "10009", ErrorKind.ACCOUNT),
        (refuse(10010, 403), "10010", ErrorKind.ACCOUNT),
        (refuse(40333, 403), "40333", ErrorKind.ACCOUNT),
        (refuse(40300, 403), "40300", ErrorKind.PERMANENT),
        (refuse(40300, 422), "40300", ErrorKind.PERMANENT),
        (refuse(10016, 422), "10016", ErrorKind.PERMANENT),
        (refuse(40305, 400), "40305", ErrorKind.PERMANENT),
        (refuse(40399, 403), "40399", ErrorKind.PERMANENT),
        (refuse(99999, 422), "99999", ErrorKind.PERMANENT),
        (refuse(10007, 500), "10007", ErrorKind.UNKNOWN),
        (refuse(10008, 504), "10008", ErrorKind.UNKNOWN),
    ],
)
def test_each_refusal_is_one_of_ours(
    telnyx: TelnyxStandIn, script: Script | str, code: str, kind: ErrorKind
) -> None:
    telnyx.script(script)
    error = failure()
    assert (error.code, error.kind) == (code, kind)
    assert telnyx.accepted == []


@pytest.mark.parametrize("script", ["accept_then_500", "accept_then_reset", "garbage", "empty"])
def test_what_was_lost_may_go_again_under_its_key(telnyx: TelnyxStandIn, script: str) -> None:
    telnyx.script(script)
    assert failure().kind is ErrorKind.UNKNOWN
    receipt = provider.send(outbound())
    assert [accepted.sid for accepted in telnyx.accepted] == [receipt.provider_message_id]
    assert telnyx.repeated == ["attempt"]


def test_a_limit_may_end_at_a_moment(telnyx: TelnyxStandIn) -> None:
    soon = str(int(datetime.now(UTC).timestamp()) + 30)
    telnyx.script(Script(kind="429", retry_after=soon))
    seconds = failure().retry_after
    assert seconds is not None
    assert 25 <= seconds <= 30


def test_a_missing_key_has_a_word_of_its_own(telnyx: TelnyxStandIn) -> None:
    error = failure(secret="")
    assert (error.code, error.kind, telnyx.requests) == ("no_credentials", ErrorKind.ACCOUNT, 0)


def test_what_telnyx_cannot_carry_is_not_even_tried(telnyx: TelnyxStandIn) -> None:
    assert failure(body="x" * 1601).code == "40302"
    assert failure(content_sid="HX1").kind is ErrorKind.PERMANENT
    assert failure(channel="whatsapp").kind is ErrorKind.PERMANENT
    assert failure(media_urls=("https://medsync.example/f",) * 11).kind is ErrorKind.PERMANENT
    assert telnyx.requests == 0


def test_a_key_is_checked_without_sending_anything(telnyx: TelnyxStandIn) -> None:
    provider.check("", KEY, channel="sms", number=NUMBER)
    with pytest.raises(SendError) as raised:
        provider.check("", "wrong", channel="sms", number=NUMBER)
    assert raised.value.kind is ErrorKind.ACCOUNT
    telnyx.list_fails = 500
    with pytest.raises(SendError) as raised:
        provider.check("", KEY, channel="sms", number=NUMBER)
    assert raised.value.kind is ErrorKind.UNKNOWN
    assert telnyx.accepted == []


def test_the_connection_is_kept_between_sends(telnyx: TelnyxStandIn, monkeypatch) -> None:
    opened: list[object] = []
    original = http._Backend.connect_tcp

    def connect(self: Any, *args: Any, **kwargs: Any) -> Any:
        opened.append(self)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(http._Backend, "connect_tcp", connect)
    for n in range(5):
        provider.send(outbound(ref=f"c.{n}"))
    assert len(opened) == 1
