"""The gate says yes or no for reasons that can be read."""

from datetime import UTC, datetime, time, timedelta

import pytest

from medsync.lib.ids import new_id
from messaging import gate
from messaging.gate.capacity import Use
from messaging.gate.quiet import Quiet

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
TWIN = new_id()
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


ALL = ("answer", "consent", "knock", "notice", "reminder", "staff")
BEGUN = ("notice", "reminder")
UNASKED = ("knock", "notice", "reminder")
NOBODY: tuple[str, ...] = ()
SAYING = tuple(purpose for purpose in ALL if purpose != "consent")


@pytest.mark.parametrize("purpose", ALL)
@pytest.mark.parametrize(
    ("changes", "code", "by_whatsapp", "by_sms"),
    [
        ({}, "", NOBODY, NOBODY),
        ({"sender_active": False}, "no_sender", ALL, ALL),
        ({"has_address": False}, "no_address", ALL, ALL),
        ({"unusable": "landline"}, "unusable", UNASKED, UNASKED),
        ({"wrong_at": NOW}, "wrong_number", UNASKED, UNASKED),
        ({"opted_out_at": NOW}, "opted_out", SAYING, ALL),
        ({"care": None}, "no_consent", SAYING, NOBODY),
        ({"care": False}, "no_consent", SAYING, ALL),
        ({"last_inbound_at": None}, "window_closed", ALL, NOBODY),
        ({"last_inbound_at": NOW - timedelta(hours=24)}, "window_closed", ALL, NOBODY),
        ({"closed_at": NOW}, "window_closed", ALL, NOBODY),
        ({"closed_at": NOW - timedelta(hours=2)}, "", NOBODY, NOBODY),
        ({"last_inbound_at": None, "approved": True}, "", NOBODY, NOBODY),
        ({"body": ""}, "empty", ALL, ALL),
        ({"body": "x" * 1601}, "too_long", ALL, ALL),
        ({"duplicate_of": TWIN, "duplicate_at": NOW}, "duplicate", BEGUN, BEGUN),
        ({"expires_at": NOW}, "too_late", ALL, ALL),
        ({"expires_at": NOW + timedelta(seconds=1)}, "", NOBODY, NOBODY),
    ],
    ids=[
        "in order", "no sender", "no address", "landline", "wrong number", "stopped", "never asked", "refused",
        "never wrote", "wrote yesterday", "closed by WhatsApp", "wrote since it was closed", "approved text",
        "no words", "too many words", "said already", "over", "in time",
    ],
)  # fmt: skip
def test_every_step_for_every_purpose_on_every_channel(
    purpose: str, changes: dict, code: str, by_whatsapp: tuple[str, ...], by_sms: tuple[str, ...]
) -> None:
    for channel, refused in (("whatsapp", by_whatsapp), ("sms", by_sms)):
        verdict = judged(channel, purpose=purpose, **changes)
        assert (verdict.allowed, verdict.code) == ((False, code) if purpose in refused else (True, "")), (
            channel
        )


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
@pytest.mark.parametrize("purpose", ALL)
def test_quiet_hours_and_a_full_account_hold_and_do_not_forbid(purpose: str, channel: str) -> None:
    quiet = Quiet(time(9), time(11), "America/New_York")  # NOW is 10:00 there
    verdict = judged(channel, purpose=purpose, quiet=quiet)
    waits = purpose == "reminder"
    assert (verdict.allowed, verdict.code, verdict.not_before) == (
        (True, "quiet_hours", NOW + timedelta(hours=1)) if waits else (True, "", None)
    )
    full = Use(people_a_day=4, part=2, reached=4, others=2, free_at=NOW + timedelta(hours=3))
    outside = {"last_inbound_at": None, "approved": True, "use": full}
    verdict = judged(channel, purpose=purpose, **outside)
    assert verdict.allowed
    if channel == "sms":
        assert verdict.not_before is None
    else:
        assert (verdict.code, verdict.not_before is None) == ("capacity", False)
        assert judged(channel, purpose=purpose, **{**outside, "last_inbound_at": NOW}).not_before is None


@pytest.mark.parametrize(
    ("purpose", "waits"),
    [("reminder", False), ("staff", False), ("knock", False), ("notice", True), ("answer", True)],
)
def test_only_reminders_and_what_members_send_use_the_kept_part(purpose: str, waits: bool) -> None:
    use = Use(people_a_day=250, part=125, reached=125, others=125, part_free_at=NOW + timedelta(hours=3))
    verdict = judged(purpose=purpose, last_inbound_at=None, approved=True, use=use)
    assert (verdict.not_before is not None) is waits
    known = Use(people_a_day=250, part=125, reached=250, others=125, known=True, known_otherwise=True)
    assert judged(purpose=purpose, last_inbound_at=None, approved=True, use=known).not_before is None


def test_of_two_reasons_to_wait_the_later_counts() -> None:
    quiet = Quiet(time(9), time(11), "America/New_York")
    use = Use(people_a_day=1, part=1, reached=1, free_at=NOW + timedelta(hours=5))
    verdict = judged(purpose="reminder", last_inbound_at=None, approved=True, quiet=quiet, use=use)
    assert verdict.not_before == NOW + timedelta(hours=5)
    assert not judged(
        purpose="reminder",
        last_inbound_at=None,
        approved=True,
        quiet=quiet,
        use=use,
        expires_at=NOW + timedelta(hours=2),
    ).allowed
