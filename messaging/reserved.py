"""Words that carriers obey, and texts that ask a patient to write them. Pure.

A carrier takes CANCEL, END or QUIT as an order to stop, and answers HELP by itself: no text may ask for one. STOP and
its kin may be asked for in a sentence that says what for: to get no more messages.
"""

import re
from collections.abc import Iterator

# The carriers' words (see `phrases/en.toml`), and what patients would take for the same in another language.
_RESERVED = r"CANCEL(?:AR|LED)?|END|QUIT|HELP|INFO|UNSUBSCRIBE|REVOKE|OPT-?OUT|STOPALL|取消"
_STOP = (
    r"STOP(?:\s?ALL)?(?!\w)|BAJA(?!\w)|PARAR(?!\w)|ALTO(?!\w)|DETENER(?!\w)|停止|退订|退訂|取消订阅|取消訂閱"
)
_ENDS = r"(?!\w|@|\.\w)"  # no part of a longer word, an e-mail address or a name of a page
_QUOTE = r"[\"“'‘«「]?"
_ASKING = (
    r"(?:(?<!\w)(?:repl(?:y|ying)|answer|write|text|send|type|respond|say|press|hit|enter|"
    r"respond(?:a|e|er|iendo)|resp[oó]nda(?:nos|me)|contest(?:e|a|ar)|cont[eé]ste(?:nos|me)|"
    r"escrib(?:a|e|ir)|escr[ií]ba(?:nos|me)|env[ií](?:e|a|ar)|env[ií]e(?:nos|me)|mand(?:e|a|ar)|m[aá]nde(?:nos|me)|"
    r"marque|marcar|presione|pulse|oprima|teclee|digite)(?!\w)|回复|回覆|回復|发送|發送|输入|輸入|按)"
    r"\s*[:：]?\s*(?:(?:to this (?:message|text)|a este mensaje|este mensaje|back|us|with|the word|con|la palabra|un)\s+){0,4}"
)
_OR = r"\s*[,，、]?\s*(?:(?<=\s)(?:or|o|u)\s+|或者?)"
_ANSWER = r"[\"“'‘«「]?[^\s.!?,。！？，、]{1,12}?[\"”'’»」]?"  # the first of two words to choose from


def _asked(words: str) -> re.Pattern[str]:
    """Return what finds one of *words* where a text asks for it, alone or behind another answer."""
    return re.compile(rf"{_ASKING}(?:{_ANSWER}{_OR})?{_QUOTE}(?P<word>{words}){_ENDS}", re.IGNORECASE)


_ASKED = _asked(_RESERVED)
_KEYED = re.compile(rf"(?:^|\W)(?P<word>{_RESERVED})\s*=", re.MULTILINE)  # "CANCEL = no visit"
_SHOUTED = re.compile(rf"(?<!\w)[\"“'«]?(?P<word>{_RESERVED})[\"”'»]?(?!\w)")
_ASKED_TO_STOP = re.compile(rf"{_ASKING}(?:{_ANSWER}{_OR})?{_QUOTE}(?P<word>{_STOP})", re.IGNORECASE)
_KEYED_STOP = re.compile(rf"(?:^|\W)(?P<word>{_STOP})\s*=", re.MULTILINE)

_SENTENCE = re.compile(r"[^.!?。！？\n]+")
#: What the sentence speaks of when a word to stop is asked for with good reason.
_MESSAGES = re.compile(
    r"messages|texts|texting|reminders|(?<!\w)sms|(?<!\w)opt(?:[ -]?out|ing)?(?!\w)|unsubscri|to stop(?!\w)|"
    r"mensajes|recordatorios|avisos|notificaciones|suscri|de baja(?!\w)|dejar de recibir|no recibir|"
    r"消息|短信|信息|訊息|簡訊|提醒|通知|退订|退訂|接收",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\{[a-z_][a-z0-9_]*\}", re.IGNORECASE)


def reserved_words(body: str) -> list[str]:
    """Return the carriers' words that *body* asks the patient to write, in the order they come; [] is good."""
    bare = _PLACEHOLDER.sub("", body)
    found = {
        match.start("word"): match["word"].upper()
        for rule in (_ASKED, _KEYED, _SHOUTED)
        for match in rule.finditer(bare)
    }
    return [found[at] for at in sorted(found)]


def says_how_to_stop(body: str) -> bool:
    """Tell whether *body* asks for a word that ends the messages."""
    return any(_stops(body))


def stops_for_something_else(body: str) -> bool:
    """Tell whether *body* asks for STOP and does not say that it ends the messages, but, say, a visit."""
    return not all(_stops(body))


def _stops(body: str) -> Iterator[bool]:
    """Yield for each word to stop that is asked for whether its sentence says that it ends the messages."""
    for sentence in _SENTENCE.findall(body):
        for rule in (_ASKED_TO_STOP, _KEYED_STOP):
            for match in rule.finditer(sentence):
                rest = sentence[: match.start("word")] + " " + sentence[match.end("word") :]
                yield _MESSAGES.search(rest) is not None
