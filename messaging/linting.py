"""What is wrong with a text that patients will read, in plain words: one judge for every form that takes one.

Carriers take some words as an order to stop: a text must not ask for them. Pure, but for the active language.
"""

import re
from collections.abc import Collection

from django.utils.translation import gettext as _

from messaging import catalog

#: Both spellings: ours, and the one that integrators write ({clinicName}).
_PLACEHOLDER = re.compile(r"(?<!\{)\{([A-Za-z_][A-Za-z0-9_]*)\}(?!\})")
#: What a carrier obeys in any language; a text may only ask for it to say how the messages end.
_STOP = r"(?:STOP(?:\s?ALL)?|BAJA|PARAR|ALTO|DETENER)(?!\w)|停止|退订|退訂|取消订阅|取消訂閱"
_ASKED_TO_STOP = re.compile(
    r"(?:reply|replying|answer|write|text|send|type|respond|say|responda|responde|conteste|escriba|env[ií]e|mande|"
    r"回复|回覆|发送|輸入|输入)\s*:?\s*(?:(?:the word|with|la palabra|con)\s+)?[\"“'‘«]?"
    rf"(?:{_STOP})(?P<rest>[^.!?。！？\n]*)",
    re.IGNORECASE,
)
_KEYED_STOP = re.compile(rf"(?:^|\W)(?:{_STOP})\s*=(?P<rest>[^.!?。！？\n]*)", re.MULTILINE)
_VISIT = re.compile(
    r"visit|appointment|booking|reschedul|\bcita|turno|consulta|reagendar|cancelar|cancel|预约|預約|就诊|就診|改期",
    re.IGNORECASE,
)
_MESSAGES = re.compile(
    r"messages?|texts?|reminders?|opt|mensajes?|recordatorios?|avisos?|消息|短信|提醒|退订|退訂",
    re.IGNORECASE,
)


#: Texts of the catalogue that begin something by SMS, and so say how to stop.
SAYS_HOW_TO_STOP = frozenset({"confirm_book"})


def problems_of(
    body: str, *, channel: str = "sms", names: Collection[str] | None = None, stop_hint: bool = False
) -> list[str]:
    """Return what keeps *body* from being sent to patients, a sentence each; [] is good.

    `names` are the placeholders that will be filled (None: not looked at). `stop_hint` asks for words that say how
    to stop, which a text by SMS needs that begins something; on WhatsApp they are not asked for.
    """
    found = []
    reserved = list(dict.fromkeys(catalog.reserved_words(body)))
    if reserved:
        found.append(
            _("Carriers take %(words)s as an order to stop. Ask for another word.")
            % {"words": ", ".join(reserved)}
        )
    if _stops_for_a_visit(body):
        found.append(
            _("Whoever writes STOP gets no messages any more. Ask for another word to change a visit.")
        )
    if names is not None:
        unknown = [name for name in placeholders_in(body) if name not in names]
        if unknown:
            listed = ", ".join(f"{{{name}}}" for name in unknown)
            found.append(_("There is no variable %(names)s.") % {"names": listed})
    if stop_hint and channel == "sms" and not says_how_to_stop(body):
        found.append(_("Say how to stop, for example: Reply STOP to opt out."))
    return found


def placeholders_in(body: str) -> list[str]:
    """Return the names in `{braces}`, each once, in their order; `{{1}}` of an approved text is none."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(body)))


def says_how_to_stop(body: str) -> bool:
    """Tell whether *body* asks for a word that ends the messages."""
    return _ASKED_TO_STOP.search(body) is not None or _KEYED_STOP.search(body) is not None


def _stops_for_a_visit(body: str) -> bool:
    """Tell whether *body* asks for STOP as an answer about a visit: it would end the reminders instead."""
    asked = [*_ASKED_TO_STOP.finditer(body), *_KEYED_STOP.finditer(body)]
    rests = [match["rest"] for match in asked]
    return any(_VISIT.search(rest) and not _MESSAGES.search(rest) for rest in rests)
