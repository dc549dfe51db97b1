"""What a short answer means: whole messages only, in every language, and never more than was said."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import replies
from messaging.replies import Meaning, Option, OptOut, Part, Wish
from messaging.wording import section

TUESDAY, WEDNESDAY = date(2026, 3, 3), date(2026, 3, 4)
OPTIONS = [
    Option(1, datetime(2026, 3, 3, 9, 0)),
    Option(2, datetime(2026, 3, 3, 16, 0)),
    Option(3, datetime(2026, 3, 4, 10, 30)),
]


def picked(text: str, options: list[Option] = OPTIONS) -> list[int]:
    found = replies.pick(replies.read(text), options, today=date(2026, 3, 2))
    return [options[at].number for at in found]


@pytest.mark.parametrize(
    "text",
    ["2", " 2. ", "2)", "#2", "la 2", "La 2, por favor", "opción 2", "OPCION 2", "2 por favor", "quiero la 2", "dos", "la segunda",
     "option 2", "number two", "the second one", "2nd please", "I'll take 2", "ok 2", "2️⃣", "２", "٢", "②", "第二个", "第2个",
     "我要第二个", "选2", "hola, la 2 por favor", "2 🙏"],
)  # fmt: skip
def test_a_number_picks_that_slot(text: str) -> None:
    assert picked(text) == [2]


@pytest.mark.parametrize(
    ("text", "number"),
    [("9:00", 1), ("9am", 1), ("9 a.m.", 1), ("09:00", 1), ("a las 9", 1), ("las 9 de la mañana", 1), ("上午九点", 1), ("9点", 1),
     ("a las 4", 2), ("4 pm", 2), ("4:00", 2), ("16:00", 2), ("16h", 2), ("下午四点", 2), ("4 de la tarde", 2), ("at 4", 2),
     ("10:30", 3), ("10.30 h", 3), ("10h30", 3), ("1030", 3), ("10 y media", 3), ("half past 10", 3), ("十点半", 3), ("１０：３０", 3),
     ("Wednesday 10:30", 3), ("el miércoles a las 10:30", 3), ("周三十点半", 3), ("tomorrow at 9", 1)],
)  # fmt: skip
def test_a_time_picks_the_slot_that_was_offered_then(text: str, number: int) -> None:
    assert picked(text) == [number]


def test_a_key_wins_over_a_time() -> None:
    options = [Option(n, datetime(2026, 3, 3, 8 + n, 0)) for n in range(1, 5)] + [
        Option(5, datetime(2026, 3, 3, 16, 0))
    ]
    assert picked("4", options) == [4]
    assert picked("a las 4", options) == [5]


def test_the_same_time_on_two_days_is_ambiguous_until_the_day_is_said() -> None:
    options = [Option(1, datetime(2026, 3, 3, 9)), Option(2, datetime(2026, 3, 4, 9))]
    assert picked("9:00", options) == [1, 2]
    assert picked("martes a las 9", options) == [1]
    assert picked("Wed 9am", options) == [2]


@pytest.mark.parametrize(
    "text", ["7", "9:15", "5pm", "lunes a las 9", "1 2", "1 o 2", "no la 2", "²²²²²", "99999999999"]
)
def test_what_was_not_offered_picks_nothing(text: str) -> None:
    assert picked(text) == []


@pytest.mark.parametrize(
    ("text", "wish"),
    [("0", None), ("more", None), ("más", None), ("later", None), ("otros horarios", None), ("更多", None), ("其他时间", None),
     ("mañana", Wish(days_ahead=1)), ("tomorrow", Wish(days_ahead=1)), ("明天", Wish(days_ahead=1)),
     ("por la tarde", Wish(part=Part.AFTERNOON)), ("mañana por la mañana", Wish(days_ahead=1, part=Part.MORNING)),
     ("下午", Wish(part=Part.AFTERNOON)), ("Friday", Wish(weekday=4)), ("el viernes por favor", Wish(weekday=4)),
     ("next week", Wish(next_week=True)), ("下周二下午", Wish(weekday=1, next_week=True, part=Part.AFTERNOON))],
)  # fmt: skip
def test_other_times_are_asked_for_with_a_wish(text: str, wish: Wish | None) -> None:
    reading = replies.read(text)
    assert reading.wants_times
    assert reading.wish == wish
    assert picked(text) == []


@pytest.mark.parametrize(
    "text",
    ["yes", "Ok", "okay", "yep", "sure", "confirm", "I'll be there", "I’ll be there!", "sí", "SI", "va", "dale", "claro", "confirmo", "de acuerdo",
     "ahí estaré", "ok gracias", "sí, por favor", "好", "好的", "可以", "👍", "👍🏽", "✅", "好的谢谢"],
)  # fmt: skip
def test_yes_in_many_words(text: str) -> None:
    assert replies.read(text).affirmative


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "No.",
        "nope",
        "no, gracias",
        "no thanks",
        "I can't make it",
        "no puedo",
        "不行",
        "我去不了",
        "👎",
    ],
)
def test_no_in_many_words(text: str) -> None:
    assert replies.read(text).meanings == {Meaning.NO}


@pytest.mark.parametrize(
    "text",
    ["noon", "November", "I do not know yet", "yesterday", "noon is fine", "know", "not yet", "si no llueve", "yes but later?",
     "ok but who will see me", "no sé todavía", "我不知道", "可以吗我想问", "", "   ", "?!", "...", "1/2 pastilla", "I have 2 children",
     "my number is 2", "2 veces", "tengo 2 hijos", "the one at the corner shop", "stopped eating", "my daughter cannot stop coughing",
     "person of interest", "no quiero cancelar pero", "call me maybe tomorrow or not"],
)  # fmt: skip
def test_nothing_matches_inside_a_longer_sentence(text: str) -> None:
    assert replies.read(text) == replies.NOTHING
    assert replies.opt_out(text, "sms") is None


@pytest.mark.parametrize("text", ["person", "a person please", "Persona", "una persona, por favor", "quiero hablar con una persona", "人工", "转人工",
                                  "请转人工", "recepción", "talk to someone", "CALL", "llamar", "打电话"])  # fmt: skip
def test_the_word_for_a_person(text: str) -> None:
    assert replies.read(text).meanings - {Meaning.CALL} == {Meaning.PERSON}


@pytest.mark.parametrize(
    "text",
    [
        "gracias",
        "Thank you!",
        "谢谢",
        "🙏",
        "🙏🙏🙏",
        "muchas gracias, hasta luego",
        "thanks bye",
        "👋",
        "❤️",
        "gracias 😊",
    ],
)
def test_thanks_and_farewells(text: str) -> None:
    reading = replies.read(text)
    assert reading.thankful
    assert reading.courteous
    assert not reading.affirmative


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("mi cita", Meaning.MY_VISITS), ("My appointment?", Meaning.MY_VISITS), ("我的预约", Meaning.MY_VISITS), ("hola", Meaning.GREETING),
     ("Buenas tardes", Meaning.GREETING), ("你好", Meaning.GREETING), ("cancelar", Meaning.CANCEL_VISIT), ("cancel", Meaning.CANCEL_VISIT),
     ("RSCH", Meaning.CHANGE), ("改期", Meaning.CHANGE), ("reprogramar", Meaning.CHANGE)],
)  # fmt: skip
def test_keywords(text: str, meaning: Meaning) -> None:
    assert replies.read(text).meanings == {meaning}


@pytest.mark.parametrize(
    ("text", "wish"),
    [("hola, necesito una cita", Wish()), ("cita", Wish()), ("Hi, I'd like to book an appointment please", Wish()), ("我想预约", Wish()),
     ("necesito otra cita", Wish()), ("otra cita por favor", Wish()), ("I need another appointment", Wish()), ("one more appointment please", Wish()), ("我想再预约一个", Wish()),
     ("Buenas tardes, quisiera agendar una cita para mi hija", Wish()), ("necesito una cita mañana por la tarde", Wish(days_ahead=1, part=Part.AFTERNOON)),
     ("can I see a doctor on Friday", Wish(weekday=4)), ("我想预约明天下午", Wish(days_ahead=1, part=Part.AFTERNOON))],
)  # fmt: skip
def test_a_wish_for_a_visit_is_understood_with_its_day(text: str, wish: Wish) -> None:
    reading = replies.read(text)
    assert reading.meanings == {Meaning.BOOK}
    assert reading.wish == wish


@pytest.mark.parametrize("text", ["cuánto cuesta la cita", "where do I park for my appointment", "quiero cancelar una cita y otra cosa",
                                  "I cannot come to my appointment", "no necesito cita"])  # fmt: skip
def test_a_question_about_visits_is_no_wish_for_one(text: str) -> None:
    assert Meaning.BOOK not in replies.read(text).meanings


@pytest.mark.parametrize(
    ("text", "whatsapp", "sms"),
    [("STOP", OptOut.STOP, OptOut.STOP), ("stop.", OptOut.STOP, OptOut.STOP), ("Stop all", OptOut.STOP, OptOut.STOP),
     ("OPT-OUT", OptOut.STOP, OptOut.STOP), ("baja", OptOut.STOP, OptOut.STOP), ("no más", OptOut.STOP, OptOut.STOP),
     ("退订", OptOut.STOP, OptOut.STOP), ("please stop", OptOut.STOP, OptOut.STOP), ("CANCEL", None, OptOut.STOP), ("end", OptOut.STOP, OptOut.STOP),
     ("quit", OptOut.STOP, OptOut.STOP), ("cancelar", None, None), ("START", OptOut.START, OptOut.START), ("alta", OptOut.START, OptOut.START),
     ("开始", OptOut.START, OptOut.START), ("HELP", OptOut.HELP, OptOut.HELP), ("ayuda", OptOut.HELP, OptOut.HELP), ("帮助", OptOut.HELP, OptOut.HELP),
     ("yes", None, None), ("the bus stop", None, None), ("don't stop", None, None)],
)  # fmt: skip
def test_reserved_words_of_each_channel(text: str, whatsapp: OptOut | None, sms: OptOut | None) -> None:
    assert replies.opt_out(text, "whatsapp") == whatsapp
    assert replies.opt_out(text, "sms") == sms


def test_only_the_carriers_own_words_are_answered_by_the_carrier() -> None:
    assert replies.carrier_answers("Stop")
    assert replies.carrier_answers("CANCEL")
    assert not replies.carrier_answers("baja")
    assert not replies.carrier_answers("please stop")


def test_a_choice_by_number_or_by_name() -> None:
    labels = ["Any doctor", "Dra. Ana López", "Dr. Luis Pérez", "Dr. Ana María Ruiz"]
    assert replies.choose("1", labels) == (0,)
    assert replies.choose("López", labels) == (1,)
    assert replies.choose("con la doctora lopez por favor", labels) == (1,)
    assert replies.choose("Ana", labels) == (1, 3)
    assert replies.choose("any", labels) == (0,)
    assert replies.choose("5", labels) == ()
    assert replies.choose("the", labels) == ()
    assert replies.choose("I would rather not say", labels) == ()


def test_no_phrase_says_two_opposite_things() -> None:
    meanings, reserved = section("meanings"), section("opt_out")
    assert not meanings["yes"] & meanings["no"]
    for group in meanings.values():
        assert not group & reserved["stop"]
        assert not group & reserved["start"]
    assert not reserved["stop"] & reserved["start"]
    assert not section("pick")["other"] & (meanings["yes"] | meanings["no"] | meanings["person"])


@given(st.text(max_size=400))
def test_any_text_is_read_without_a_crash(text: str) -> None:
    reading = replies.read(text)
    replies.pick(reading, OPTIONS, today=TUESDAY)
    replies.choose(text, ["a", "b"])
    assert replies.opt_out(text, "sms") in {None, *OptOut}


@given(
    st.sampled_from(["2", "yes", "no", "stop", "persona", "9:00", "好的", "mañana"]),
    st.text("bcdfgjklmpqvwxz", min_size=5, max_size=12),
    st.text("bcdfgjklmpqvwxz", min_size=5, max_size=12),
)
def test_a_known_word_between_unknown_ones_means_nothing(word: str, before: str, after: str) -> None:
    for text in (f"{before} {word}", f"{word} {after}", f"{before} {word} {after}"):
        assert replies.read(text) == replies.NOTHING
        assert replies.opt_out(text, "sms") is None


@given(
    st.sampled_from(sorted(" ".join(p) for p in section("meanings")["yes"])),
    st.sampled_from(["", "!", " .", "!!", "  "]),
)
def test_case_and_punctuation_do_not_matter(phrase: str, tail: str) -> None:
    assert replies.read(phrase.upper() + tail).affirmative
