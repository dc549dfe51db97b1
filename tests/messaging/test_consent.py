"""STOP, START and what they leave in the ledger, channel by channel."""

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import consent
from messaging.models import ChannelConsent, ConsentEvent, ConsentSource, Message, Purpose
from scheduling.models import ContactPoint, Hold, Task
from tests.messaging.talk import MONDAY_10, Talk

pytestmark = pytest.mark.django_db


def state(talk: Talk) -> ChannelConsent:
    with in_clinic(talk.clinic):
        return ChannelConsent.objects.get(
            channel=talk.channel, contact_point=ContactPoint.objects.get(phone=talk.sender)
        )


def ledger(talk: Talk) -> list[tuple[str, str, str]]:
    with in_clinic(talk.clinic):
        return [(e.action, e.source, e.purpose) for e in ConsentEvent.objects.order_by("at", "id")]


@pytest.mark.parametrize("word", ["STOP", "stop please", "BAJA", "no más", "退订", "Opt-out", "unsubscribe"])
def test_stop_on_whatsapp_is_confirmed_once_and_begins_nothing_more(clinic: Clinic, word: str) -> None:
    talk = Talk(clinic)
    reply = talk.say(word)
    assert reply.startswith("Alpha Clinic")
    assert state(talk).opted_out_at == talk.now
    assert ledger(talk)[-1] == ("opted_out", "keyword", "all")
    assert talk.say(word) == ""
    assert talk.say("I need an appointment") == ""
    assert talk.thread.work_state == "needs_reply"


def test_stop_ends_an_offer_and_frees_its_times(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    assert (
        talk.say("STOP") == "Alpha Clinic: you will get no more messages here. Write START to get them again."
    )
    assert talk.open_questions == []
    assert talk.thread.state == "idle"
    with in_clinic(clinic):
        assert not Hold.objects.exists()


def test_start_undoes_stop(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("STOP")
    assert talk.say("START") == "Alpha Clinic: you will get our messages here again."
    assert state(talk).opted_out_at is None
    assert state(talk).care is True
    assert talk.say("I need an appointment")


@pytest.mark.parametrize("word", ["STOP", "CANCEL", "End", "quit", "unsubscribe", "baja"])
def test_stop_by_sms_gets_no_second_confirmation(clinic: Clinic, word: str) -> None:
    talk = Talk(clinic, channel="sms")
    assert talk.say(word) == ""
    assert state(talk).opted_out_at == talk.now
    with in_clinic(clinic):
        assert not Message.objects.filter(direction="outbound").exists()


@pytest.mark.parametrize(("word", "tasks"), [("CANCEL", 1), ("end", 1), ("STOP", 0)])
def test_a_carriers_word_may_have_meant_the_visit(clinic: Clinic, word: str, tasks: int) -> None:
    talk = Talk(clinic, channel="sms")
    talk.say("I need an appointment")
    talk.say("1")
    talk.say(word)
    with in_clinic(clinic):
        assert Task.objects.filter(kind="may_have_meant_cancel", appointment=talk.visits[0]).count() == tasks
    assert talk.visits[0].status == "pending_review"
    assert state(talk).opted_out_at is not None


def test_cancel_on_whatsapp_is_the_visit(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("CANCEL")
    assert state(talk).opted_out_at is None


def test_each_channel_stops_by_itself(clinic: Clinic) -> None:
    whatsapp, sms = Talk(clinic), Talk(clinic, channel="sms")
    whatsapp.say("STOP")
    assert sms.say("I need an appointment")
    assert state(sms).opted_out_at is None


def test_what_the_provider_says_is_trusted_and_not_answered(clinic: Clinic) -> None:
    talk = Talk(clinic)
    assert talk.say("please leave me be", OptOutType="STOP") == ""
    assert state(talk).opted_out_at == talk.now
    assert ledger(talk)[-1] == ("opted_out", "provider", "all")
    assert talk.say("hola", OptOutType="START") == ""
    assert state(talk).opted_out_at is None


def test_help_by_sms_is_answered_by_the_carrier(clinic: Clinic) -> None:
    assert Talk(clinic, channel="sms").say("HELP") == ""


def test_yes_by_sms_lifts_the_block_only_for_who_opted_out(clinic: Clinic) -> None:
    talk = Talk(clinic, channel="sms")
    talk.say("yes")
    assert ("opted_in", "keyword", "all") not in ledger(talk)
    talk.say("STOP")
    talk.say("yes")
    assert state(talk).opted_out_at is None


def test_a_stop_with_a_caption_counts_and_one_in_a_sentence_does_not(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("the bus stop is far, can you help?")
    assert state(talk).opted_out_at is None


def test_stop_counts_while_the_bot_is_off(clinic: Clinic) -> None:
    from tests.messaging.talk import settings

    settings(clinic, bot_inside_hours="staff_only")
    talk = Talk(clinic)
    talk.say("STOP")
    assert state(talk).opted_out_at is not None


def test_writing_in_undoes_neither_a_stop_nor_a_refusal(clinic: Clinic, owner: User) -> None:
    talk = Talk(clinic)
    talk.say("STOP")
    talk.say("hello, it is me")
    assert state(talk).opted_out_at is not None
    other = Talk(clinic, sender="+16465550177")
    other.say("gracias")
    with in_clinic(clinic):
        consent.record(
            ContactPoint.objects.get(addresses__address=other.sender),
            "whatsapp",
            purpose=Purpose.CARE,
            granted=False,
            source=ConsentSource.STAFF,
            wording="said so on the phone",
            actor=owner,
            now=other.now,
        )
    other.say("gracias")
    assert state(other).care is False


def test_the_ledger_is_appended_to_and_says_who_and_how(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic):
        point = ContactPoint.objects.create(match_key="+16465550123", phone="+16465550123")
        for granted in (True, False):
            consent.record(
                point,
                "whatsapp",
                purpose=Purpose.NEWS,
                granted=granted,
                source=ConsentSource.STAFF,
                wording="form of 2026",
                actor=owner,
                now=MONDAY_10,
            )
        assert consent.state_of(point, "whatsapp").news is False
        assert consent.state_of(point, "whatsapp").care is None
        assert consent.state_of(point, "sms").pk is not None  # a row that nobody saved
        assert not ChannelConsent.objects.filter(channel="sms").exists()
        lines = ConsentEvent.objects.order_by("id")
        assert [(e.action, e.actor_id, e.wording) for e in lines] == [
            ("granted", owner.pk, "form of 2026"),
            ("refused", owner.pk, "form of 2026"),
        ]
