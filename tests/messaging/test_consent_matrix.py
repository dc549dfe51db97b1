"""Every reserved word × channel × what was said before: what becomes of the consent, and who answers.

The tables are written by hand from what the providers say; the product's own are in `messaging/phrases`.
"""

from datetime import timedelta

import pytest

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging import gate
from messaging.models import ChannelConsent, ConsentEvent
from messaging.replies import OptOut, carrier_answers, opt_out
from messaging.wording import languages
from scheduling import contacts
from scheduling.models import ContactPoint, Task
from tests.messaging.remind import fresh, reminded
from tests.messaging.talk import Talk

# Twilio's default handling, the same in every language; Telnyx has STOP ALL beside them.
TWILIO_STOP = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")
TELNYX_STOP = ("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT")
CARRIERS_START = ("START", "UNSTOP")
OUR_STOP = {
    "es": ("BAJA", "PARAR", "ALTO", "DETENER", "NO MÁS", "no mas"),
    "zh": ("停止", "退订", "退訂", "取消订阅"),
}
OUR_START = {"es": ("ALTA",), "zh": ("开始",)}
HELP = {"en": ("HELP", "INFO"), "es": ("AYUDA",), "zh": ("帮助",)}
VISIT_ON_WHATSAPP = ("CANCEL", "cancelar", "取消")

STOPS = sorted({*TWILIO_STOP, *TELNYX_STOP, *OUR_STOP["es"], *OUR_STOP["zh"]})
STARTS = sorted({*CARRIERS_START, *OUR_START["es"], *OUR_START["zh"]})
HELPS = [word for words in HELP.values() for word in words]
STATES = ("never", "agreed", "refused", "stopped")
ROUNDS = [(word, channel) for channel in ("sms", "whatsapp") for word in (*STOPS, *STARTS, *HELPS)]


def expected(word: str, channel: str) -> OptOut | None:
    if channel == "whatsapp" and word in VISIT_ON_WHATSAPP:
        return None
    if word in STOPS:
        return OptOut.STOP
    return OptOut.START if word in STARTS else OptOut.HELP


@pytest.mark.parametrize(("word", "channel"), ROUNDS)
def test_the_table_of_words_knows_it(word: str, channel: str) -> None:
    for said in (word, word.lower(), f" {word}. ", f"{word}!"):
        assert opt_out(said, channel) == expected(word, channel)


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_stop_with_an_emoji_is_a_stop(channel: str) -> None:
    for said in ("STOP 🛑", "😡 stop!!!", "BAJA 🙏", "退订🙏", "Please stop 😢"):
        assert opt_out(said, channel) is OptOut.STOP
    for said in ("CANCEL 😢", "START 👍", "🛑", "the bus stop 🛑"):
        assert opt_out(said, channel) is None


def test_the_products_words_are_all_tried_here() -> None:
    known = {
        phrase
        for file in languages().values()
        for group in ("stop", "stop_sms", "start", "help")
        for phrase in file["opt_out"][group]
    }
    single = {phrase for phrase in known if " " not in phrase}
    more = {
        "subscribe",
        "订阅",
        "訂閱",
        "開始",
        "幫助",
        "取消訂閱",
        "不要再发",
        "不要再发了",
    }  # kin of those above
    tried = {word.lower() for word in (*STOPS, *STARTS, *HELPS)}
    assert single <= tried | more


@pytest.mark.parametrize("word", TWILIO_STOP + CARRIERS_START + ("HELP", "INFO", "YES"))
def test_the_carrier_answers_its_own_words(word: str) -> None:
    assert carrier_answers(word)


@pytest.mark.parametrize(
    "word", [*OUR_STOP["es"], *OUR_STOP["zh"], *OUR_START["es"], *OUR_START["zh"], "AYUDA"]
)
def test_the_carrier_knows_no_other_language(word: str) -> None:
    assert not carrier_answers(word)


def before(talk: Talk, state: str) -> ChannelConsent:
    """Store what the ledger says of the person before they write."""
    with in_clinic(talk.clinic):
        point = contacts.resolve(talk.channel, talk.sender, now=talk.now).contact_point
        row = ChannelConsent(contact_point=point, channel=talk.channel)
        row.care = {"never": None, "agreed": True, "refused": False, "stopped": True}[state]
        row.opted_out_at = talk.now - timedelta(days=1) if state == "stopped" else None
        row.news = False
        row.save()
        return row


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("kind", ["stop", "start", "help", "other"])
def test_what_becomes_of_the_consent(clinic: Clinic, kind: str, channel: str, state: str) -> None:
    words = {
        "stop": [w for w in STOPS if expected(w, channel) is OptOut.STOP],
        "start": STARTS,
        "help": HELPS,
        "other": ["hola", "YES please", "cancelar mi cita"],
    }[kind]
    for n, word in enumerate(words):
        talk = Talk(clinic, channel=channel, sender=f"+1646557{n:04}")
        was = before(talk, state)
        talk.say(word)
        with in_clinic(clinic):
            row = ChannelConsent.objects.get(pk=was.pk)
            lines = ConsentEvent.objects.filter(contact_point=row.contact_point_id, at=talk.now)
            said = [(e.action, e.source, e.wording, e.message_id is not None) for e in lines]
            stopped = kind == "stop" or (state == "stopped" and kind != "start")
            assert (row.opted_out_at is not None) is stopped, word
            assert row.news is False, "a word never grants news"
            if kind == "stop":
                assert row.opted_out_at == talk.now
                assert said == [("opted_out", "keyword", word, True)]
                assert row.care is was.care
            elif kind == "start":
                assert row.care is True
                assert ("opted_in", "keyword", word, True) in said
                assert len(said) == 1 + (state == "never")  # who writes in agrees to be answered, too
            else:  # writing in grants what nobody was asked for, and undoes nothing
                assert row.care is (True if state == "never" else was.care)
                assert [s[:2] for s in said] == ([("granted", "wrote_in")] if state == "never" else [])
            for purpose in (gate.ANSWER, gate.NOTICE, gate.REMINDER, gate.STAFF, gate.KNOCK):
                facts = gate.known_facts(sender=None, consent=row, last_inbound_at=talk.now)
                steps = {
                    s.step: s
                    for s in gate.judge(facts, channel=channel, purpose=purpose, body="x", now=talk.now).steps
                }
                assert steps["opt_out"].ok is not stopped, purpose


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["CANCEL", "END", "QUIT", "STOP", "BAJA"])
def test_on_sms_the_word_stops_and_staff_ask_whether_the_visit_was_meant(clinic: Clinic, word: str) -> None:
    talk = Talk(clinic, channel="sms")
    talk.say("I need an appointment")
    talk.say("1")
    talk.say(word)
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(channel="sms").opted_out_at == talk.now
        tasks = Task.objects.filter(kind="may_have_meant_cancel", appointment=talk.visits[0])
        assert tasks.count() == (word in ("CANCEL", "END", "QUIT"))


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("word", ["CANCEL", "cancelar", "取消"])
def test_what_the_providers_own_list_took_as_stop_may_have_meant_the_visit(
    clinic: Clinic, word: str, channel: str
) -> None:
    talk = Talk(clinic, channel=channel)
    talk.say("I need an appointment")
    talk.say("1")
    assert talk.say(word, OptOutType="STOP") == ""
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(channel=channel).opted_out_at == talk.now
        assert Task.objects.filter(kind="may_have_meant_cancel", appointment=talk.visits[0]).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_yes_that_the_providers_own_list_takes_as_start_still_answers(clinic: Clinic, channel: str) -> None:
    talk, (visit,) = reminded(clinic, channel=channel)
    assert "10:00" in talk.say("YES", OptOutType="START")
    assert fresh(talk, visit).attendance == "attending"
    assert talk.say("START", OptOutType="START") == ""


@pytest.mark.django_db
@pytest.mark.parametrize("word", VISIT_ON_WHATSAPP)
def test_on_whatsapp_the_word_means_the_visit(clinic: Clinic, word: str) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say(word)
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(channel="whatsapp").opted_out_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("told", ["STOP", "START", "HELP"])
def test_what_the_provider_has_answered_is_kept_and_not_answered_again(clinic: Clinic, told: str) -> None:
    for n, channel in enumerate(("sms", "whatsapp")):
        talk = Talk(clinic, channel=channel, sender=f"+1646558000{n}")
        assert talk.say("basta ya", OptOutType=told) == ""
        with in_clinic(clinic):
            row = ChannelConsent.objects.filter(contact_point__phone=talk.sender).first()
            assert (row is not None and row.opted_out_at is not None) is (told == "STOP")
            source = (
                ConsentEvent.objects.filter(contact_point__phone=talk.sender).latest("at", "id").source
                if told != "HELP"
                else "provider"
            )
            assert source == "provider"


@pytest.mark.django_db
def test_whose_first_word_is_stop_never_agreed_to_anything(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("STOP")
    with in_clinic(clinic):
        point = ContactPoint.objects.get(phone=talk.sender)
        assert [e.action for e in ConsentEvent.objects.filter(contact_point=point)] == ["opted_out"]
        assert ChannelConsent.objects.get(contact_point=point).care is None
