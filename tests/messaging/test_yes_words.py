"""What patients write to a reminder, in three languages: a word is data, and only a whole message counts."""

import re

import pytest

from messaging import catalog, replies, reply_each
from messaging.approved import starter
from messaging.replies import Meaning

YES = """
yes | Yes! | YES PLEASE | y | ok | okay | Ok. | yep | yeah | yup | sure | confirm | confirmed | I confirm | I'll be there | I’ll be there
I will be there | ok thanks | yes thank you | see you there | absolutely | I'm coming | we'll be there | sorry, yes! | yes, I will
sí | si | SÍ | Sí, gracias | si por favor | va | dale | ok dale | claro | claro que sí | confirmo | Confirmo mi cita | de acuerdo | ahí estaré | Ahi estare!
ok gracias | asistiré | sí asistiré | perdón, sí | vale | por supuesto | sí voy | ahí estaremos | buenas tardes, sí | confirmo asistencia
yes I can | yes, I can come | sí puedo | sí puedo ir | sí podré asistir | 能来 | 需要
no problem, I'll be there | I'm going | yea | she'll be there | confirmada | sí señor | allá estaré | sí, iremos | confirmo la cita | sí voy a asistir | sí va a ir
correcto | 会 | 会的 | 我会准时到 | 好滴 | 确定 | 參加
好 | 好的 | 可以 | 是 | 是的 | 会来 | 我会来 | 好的谢谢 | 没问题 | 确认 | 可以，谢谢 | 👍 | 👍🏽 | ✅ | 👍👍
"""

NO = """
no | No. | NO | nope | n | no thanks | no, thank you | I can't make it | I can't come | cannot make it | not coming | sorry, I can't | I won't be there
no gracias | no puedo | no puedo ir | no podré | no voy | no voy a poder | no asistiré | ya no voy | disculpe, no puedo ir | no podré asistir
no puedo ese día | ese día no puedo | no podré asistir mañana | no puedo ir mañana | I can't make it that day | I can't come tomorrow | 否 | 不需要
I won't be able to make it | Unable to attend | I'm not going | I can not come | sorry, not able to come | no, I cannot | he can't make it | we won't be there
lo siento, no puedo | Lo siento, no podré asistir | no, no puedo | no podemos ir | mañana no puedo | ya no voy a ir | no puede ir | me es imposible | no no
不会 | 对不起，去不了 | 抱歉，我来不了 | 明天来不了 | 不好意思，不能来
不 | 不行 | 不去 | 我来不了 | 去不了 | 不能来 | 👎 | ❌
"""

CANCEL = """
I have to cancel | I'd like to cancel my appointment, please | cancel my appt | tengo que cancelar mi cita | quisiera cancelar | favor de cancelar, gracias
lo siento, tengo que cancelar | cancele por favor | 帮我取消 | 抱歉，取消预约
"""

MOVE = """
change | Change | CHANGE PLEASE | reschedule | RSCH | rsch | I need to reschedule | can we reschedule | another time please
I'd like to reschedule | I would like to reschedule my appointment | can I come another day | postpone | quiero reprogramar | quisiera reagendar mi cita
necesito reprogramar, por favor | mover la cita | posponer | ¿puedo cambiar la cita? | 换一天 | 可以改期吗 | 能改时间吗 | 推迟
cambiar | CAMBIAR | reprogramar | Reprogramar por favor | reagendar | cambiar mi cita | necesito cambiar mi cita | 改期 | 我要改期 | 改时间 | 改天
"""

CALL = """
call | CALL | call me | please call me | call me please | llamar | LLAMAR | Llámenme | llámeme por favor | me pueden llamar | 打电话 | 请打电话 | 给我打电话 | 打电话给我 | 請打電話給我
"""

THANKS = "thanks | thank you | Thank you so much | thx | gracias | muchas gracias | mil gracias | 谢谢 | 谢谢您 | 🙏 | bye | hasta luego | 再见"

NOTHING = """
noon | No on Monday maybe | November | nombre | I do not know yet | I don't know | I dont know | I know | knows | yesterday | I was sick yesterday, can't come
after noon please | yes but later? | is it yes or no | not yet | maybe | perhaps | novio | sino | sin | si puedo les aviso | si no llueve | no sé | no sé todavía | si puedo voy | si puedo, ahí estaré
quizás | tal vez | creo que sí pero | aún no sé | ¿a qué hora? | sí pero más tarde | okra | clarol | va a llover | dale a mi mamá | 我不知道 | 可能吧我看看 | 好像不行吗 | 不是吧 | 不会吧
不知道能不能来 | si me da tiempo voy | I'll be there or not | yesno | eyes | nobody | 1 o 2 | 12 34 56
"""


def rows(table: str) -> list[str]:
    return [cell.strip() for line in table.strip().splitlines() for cell in line.split("|") if cell.strip()]


@pytest.mark.parametrize("text", rows(YES))
def test_it_says_yes(text: str) -> None:
    reading = replies.read(text)
    assert reading.affirmative
    assert not reading.meanings & {Meaning.NO, Meaning.CHANGE, Meaning.CALL}


@pytest.mark.parametrize("text", rows(NO))
def test_it_says_no(text: str) -> None:
    assert replies.read(text).meanings == {Meaning.NO}


@pytest.mark.parametrize("text", rows(CANCEL))
def test_it_cancels(text: str) -> None:
    assert replies.read(text).meanings == {Meaning.CANCEL_VISIT}


@pytest.mark.parametrize("text", rows(MOVE))
def test_it_asks_for_another_time(text: str) -> None:
    assert Meaning.CHANGE in replies.read(text).meanings


@pytest.mark.parametrize("text", rows(CALL))
def test_it_asks_for_a_call(text: str) -> None:
    assert {Meaning.CALL, Meaning.PERSON} <= replies.read(text).meanings


@pytest.mark.parametrize("text", rows(THANKS))
def test_thanks_and_farewells_say_nothing_else(text: str) -> None:
    assert replies.read(text).thankful


@pytest.mark.parametrize("text", rows(NOTHING))
def test_it_answers_nothing(text: str) -> None:
    reading = replies.read(text)
    assert not reading.meanings & {Meaning.YES, Meaning.NO, Meaning.CHANGE, Meaning.CALL}
    assert reading.number not in {1, 2, 3}
    assert reading.late is None
    assert not reading.here


def test_the_table_is_long_enough_to_be_worth_its_name() -> None:
    assert sum(len(rows(table)) for table in (YES, NO, MOVE, CALL, THANKS, NOTHING)) >= 150


@pytest.mark.parametrize(
    "text",
    ["ok", "okay", "ok gracias", "👍", "vale", "dale", "好的", "perfecto", "sure", "correcto", "可以的"],
)
def test_a_nod_may_only_mean_to_have_read_it(text: str) -> None:
    assert replies.read(text).nodding


@pytest.mark.parametrize(
    "text", ["yes", "sí", "sorry, yes", "I'll be there", "confirmo", "是的", "ahí estaré"]
)
def test_a_plain_yes_is_more_than_a_nod(text: str) -> None:
    assert not replies.read(text).nodding


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("llego 15 min tarde", 15), ("Llego tarde unos 10 minutos", 10), ("voy tarde", 0), ("llego media hora tarde", 30), ("voy con 20 minutos de retraso", 20),
     ("se me hizo tarde", 0), ("lo siento, me voy a retrasar", 0), ("15 minutos tarde", 15), ("disculpe, voy a llegar 5 min tarde", 5), ("llego quince minutos tarde por el tráfico", 15),
     ("running 10 minutes late", 10), ("I'm running late", 0), ("I'll be 20 mins late", 20), ("sorry, 5 min late", 5), ("half an hour late", 30), ("an hour late", 60),
     ("late", 0), ("迟到", 0), ("我会迟到15分钟", 15), ("迟到十分钟", 10), ("晚到半小时", 30), ("堵车，会迟到", 0)],
)  # fmt: skip
def test_late_words_say_by_how_much(text: str, minutes: int) -> None:
    assert replies.read(text).late == minutes


@pytest.mark.parametrize(
    "text",
    ["my period is late", "the doctor was late", "see you later", "más tarde", "por la tarde", "4 de la tarde", "tarde", "mañana por la tarde", "is it too late?",
     "late fee", "llego a las 4", "10 minutes", "¿puedo llegar tarde?", "10:30 late", "99999 minutes late"],
)  # fmt: skip
def test_what_only_sounds_late_is_not(text: str) -> None:
    assert replies.read(text).late is None


@pytest.mark.parametrize(
    "text",
    [
        "ya llegué",
        "Ya llegue!",
        "estoy afuera",
        "I am here",
        "I'm here",
        "here",
        "we are here",
        "我到了",
        "到了",
        "buenos días, ya llegué",
    ],
)
def test_here_words(text: str) -> None:
    assert replies.read(text).here


@pytest.mark.parametrize(
    "text", ["I am here to ask something", "is the doctor here?", "ya llegué tarde ayer", "aquí no hay nadie"]
)
def test_what_only_sounds_here_is_not(text: str) -> None:
    assert not replies.read(text).here


@pytest.mark.parametrize(
    ("text", "answers"),
    [("1 yes, 2 no", {0: True, 1: False}), ("1 sí 2 no", {0: True, 1: False}), ("1: sí y 2: no", {0: True, 1: False}), ("Ana sí, Luis no", {0: True, 1: False}),
     ("Luis no", {1: False}), ("sí 1, no 2", {0: True, 1: False}), ("1来2不来", {0: True, 1: False}), ("1 👍 2 👎", {0: True, 1: False}), ("2 no por favor", {1: False})],
)  # fmt: skip
def test_each_is_answered_for(text: str, answers: dict[int, bool]) -> None:
    assert reply_each.each(text, ["Ana", "Luis"]) == answers


@pytest.mark.parametrize(
    "text", ["1", "1 2", "1 yes 1 no", "3 yes", "Pedro sí", "yes", "1 yes 2", "1 yes or 2 no", "Ana"]
)
def test_what_answers_for_nobody_in_particular(text: str) -> None:
    assert reply_each.each(text, ["Ana", "Luis"]) is None


@pytest.mark.parametrize(
    ("text", "comes"),
    [
        ("both yes", True),
        ("todos", True),
        ("los dos no", False),
        ("sí ambos", True),
        ("都来", True),
        ("yes", None),
        ("no", None),
        ("both 1", None),
        ("neither", False),
        ("no, none of us", False),
        ("Ninguno", False),
        ("ninguno de los dos, gracias", False),
        ("no, ninguno puede ir", False),
        ("sí, ninguno", None),
        ("none 1", None),
    ],
)
def test_all_are_answered_for(text: str, comes: bool | None) -> None:
    assert reply_each.everyone(text) is comes


ASKED_FOR = re.compile(r"\b[A-ZÁÉÍÓÚÑ]{2,}\b|“([^”]+)”")
TEXTS = {
    f"{entry.key}-{language}": body
    for entry in [*catalog.entries().values(), *catalog.templates()]
    for language, body in entry.bodies.items()
}
FOUND = {match[1] or match[0] for body in TEXTS.values() for match in ASKED_FOR.finditer(body)}
WORDS = sorted(FOUND - {"ID", "SMS"})  # these are no words to answer with


@pytest.mark.parametrize("word", WORDS)
def test_every_word_that_our_texts_ask_for_is_understood(word: str) -> None:
    assert replies.read(word).meanings or replies.opt_out(word, "sms")


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("YES", Meaning.YES), ("SÍ", Meaning.YES), ("是", Meaning.YES), ("NO", Meaning.NO), ("否", Meaning.NO)],
)
def test_the_words_of_a_reminder_say_yes_and_no(word: str, meaning: Meaning) -> None:
    assert meaning in replies.read(word).meanings
    assert word in WORDS


def test_what_is_asked_of_several_is_understood_of_each() -> None:
    for example in ("1 yes, 2 no", "1 sí, 2 no", "1 是，2 否"):
        assert any(example in body for body in TEXTS.values())
        assert reply_each.each(example, ["Ana", "Luis"]) == {0: True, 1: False}


BUTTONS = {
    f"{text.key}-{text.language}-{payload}": (payload, title)
    for text in starter.starter_set()
    for payload, title in text.buttons
    if payload in ("yes", "no", "move")
}


@pytest.mark.parametrize("button", BUTTONS)
def test_a_button_that_is_typed_says_what_it_says_when_it_is_tapped(button: str) -> None:
    payload, title = BUTTONS[button]
    reading = replies.read(title)
    said = {
        "yes": reading.affirmative,
        "no": Meaning.NO in reading.meanings,
        "move": Meaning.CHANGE in reading.meanings or reading.other,
    }
    assert said[payload]
