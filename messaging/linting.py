"""What is wrong with a text that patients will read, in plain words: one judge for every form that takes one.

Carriers take some words as an order to stop: a text must not ask for them. Pure, but for the active language.
"""

import re
from collections.abc import Collection

from django.utils.translation import gettext as _

from messaging.reserved import reserved_words, says_how_to_stop, stops_for_something_else

#: Both spellings: ours, and the one that integrators write ({clinicName}).
_PLACEHOLDER = re.compile(r"(?<!\{)\{([A-Za-z_][A-Za-z0-9_]*)\}(?!\})")
_NUMBERED = re.compile(r"\{\{\d+\}\}", re.ASCII)  # of an approved text

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
    reserved = list(dict.fromkeys(reserved_words(body)))
    if reserved:
        found.append(
            _("Carriers take %(words)s as an order to stop. Ask for another word.")
            % {"words": ", ".join(reserved)}
        )
    if stops_for_something_else(body):
        found.append(
            _(
                "Whoever writes STOP gets no messages any more. Say so in the same sentence, or ask for another word."
            )
        )
    if names is not None:
        unknown = [name for name in placeholders_in(body) if name not in names]
        if unknown:
            listed = ", ".join(f"{{{name}}}" for name in unknown)
            found.append(_("There is no variable %(names)s.") % {"names": listed})
        if "{" in _PLACEHOLDER.sub("", _NUMBERED.sub("", body)):  # it would reach the patient as it stands
            found.append(_("One { belongs to no variable."))
    if stop_hint and channel == "sms" and not says_how_to_stop(body):
        found.append(_("Say how to stop, for example: Reply STOP to opt out."))
    return found


def placeholders_in(body: str) -> list[str]:
    """Return the names in `{braces}`, each once, in their order; `{{1}}` of an approved text is none."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(body)))
