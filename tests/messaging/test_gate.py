"""The gate says yes or no for reasons that can be read."""

from datetime import UTC, datetime, timedelta

import pytest

from messaging import gate

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
OPEN = gate.Facts(sender_active=True, care=True, last_inbound_at=NOW - timedelta(hours=1))


def judged(
    channel: str = "whatsapp", purpose: str = "notice", body: str = "hola", **changes: object
) -> gate.Verdict:
    facts = {name: getattr(OPEN, name) for name in gate.Facts.__dataclass_fields__}
    return gate.judge(
        gate.Facts(**{**facts, **changes}), channel=channel, purpose=purpose, body=body, now=NOW
    )


def test_what_is_in_order_goes() -> None:
    verdict = judged()
    assert (verdict.allowed, verdict.held, verdict.code, verdict.detail) == (True, False, "", "")
    assert [s.step for s in verdict.steps] == [
        "sender", "account", "address", "opt_out", "consent", "window", "body", "duplicate",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender_active": False}, "no_sender"),
        ({"has_address": False}, "no_address"),
        ({"opted_out_at": NOW}, "opted_out"),
        ({"care": None}, "no_consent"),
        ({"care": False}, "no_consent"),
        ({"last_inbound_at": None}, "window_closed"),
        ({"body": " \n"}, "empty"),
        ({"body": "x" * 1601}, "too_long"),
    ],
)
def test_each_refusal_says_what_happened_and_what_helps(changes: dict, code: str) -> None:
    verdict = judged(**changes)
    assert (verdict.allowed, verdict.code) == (False, code)
    assert verdict.detail
    assert verdict.remedy


def test_the_sentences_are_those_of_the_specification() -> None:
    assert judged(sender_active=False).detail == "No active WhatsApp sender configured"
    assert judged(care=None).detail == "Patient has not consented to WhatsApp messages"


@pytest.mark.parametrize(
    ("age", "allowed"),
    [
        (timedelta(seconds=0), True),
        (timedelta(hours=23, minutes=58, seconds=59), True),
        (timedelta(hours=23, minutes=59), False),
        (timedelta(hours=23, minutes=59, seconds=1), False),
        (timedelta(hours=24), False),
        (timedelta(hours=24, seconds=1), False),
    ],
)
def test_the_window_is_open_for_24_hours_but_for_its_last_minute(age: timedelta, allowed: bool) -> None:
    assert judged(last_inbound_at=NOW - age).allowed is allowed


def test_an_sms_needs_no_window_and_only_no_refusal() -> None:
    assert judged("sms", last_inbound_at=None, care=None).allowed
    assert judged("sms", care=False).code == "no_consent"
    assert judged("sms", opted_out_at=NOW).code == "opted_out"


def test_an_opt_out_stops_everything_but_its_own_confirmation_on_whatsapp() -> None:
    for purpose in ("answer", "staff", "notice"):
        assert judged(purpose=purpose, opted_out_at=NOW).code == "opted_out"
    assert judged(purpose="consent", opted_out_at=NOW, care=None).allowed
    assert judged("sms", purpose="consent", opted_out_at=NOW).code == "opted_out"


def test_a_refused_account_holds_but_does_not_forbid() -> None:
    verdict = judged(account_active=False)
    assert (verdict.allowed, verdict.held, verdict.code) == (True, True, "account_refused")
    assert not judged(account_active=False, opted_out_at=NOW).allowed


def test_the_verdict_is_stored_with_evidence_and_without_words() -> None:
    stored = judged(body="Ana, your visit").as_json(NOW)
    assert stored["allowed"] is True
    assert stored["steps"][5]["evidence"] == {"last_inbound_at": "2026-03-02T14:00:00+00:00"}
    assert "Ana" not in str(stored)


def test_the_window_closes_24_hours_after_the_last_inbound() -> None:
    assert judged().window_closes_at == NOW + timedelta(hours=23)
    assert judged("sms").window_closes_at is None
