"""Meta's rules for a text that is to be approved, each broken one as a sentence. Pure, but for the active language."""

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from messaging import linting

LONGEST_BODY = 1024
LONGEST_BUTTON = 20
MOST_BUTTONS = 3

_VARIABLE = re.compile(r"\{\{\s*(\d+)\s*\}\}")
_BRACES = re.compile(r"\{\{|\}\}")
_SIDE_BY_SIDE = re.compile(r"\}\}[\s\W]*\{\{")
_WORD = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]|[^\W_]+")
_EDGE = "\"'“”‘’«»()[] \t\n.,;:!?。，！？：；¡¿…*_~-"


def problems(
    body: str,
    *,
    samples: Mapping[str, str] | None = None,
    buttons: Sequence[str] = (),
) -> list[str]:
    """Return what WhatsApp would reject in a text with {{1}} {{2}} …, a sentence each; [] is good.

    `samples` are looked at when they are given: each variable needs one.
    """
    found = linting.problems_of(body, channel="whatsapp")
    numbers = [int(n) for n in _VARIABLE.findall(body)]
    if not body.strip():
        found.append(_("Write the text."))
    if len(body) > LONGEST_BODY:
        found.append(_("At most %(n)d characters.") % {"n": LONGEST_BODY})
    if _BRACES.search(_VARIABLE.sub("", body)):
        found.append(_("Variables are written {{1}}, {{2}} and so on."))
    if list(dict.fromkeys(numbers)) != list(range(1, len(set(numbers)) + 1)):
        found.append(_("Number the variables in the order in which they stand: {{1}}, {{2}} and so on."))
    found.extend(_places(body))
    if numbers and len(_WORD.findall(_VARIABLE.sub(" ", body))) < 2 * len(set(numbers)) + 1:
        found.append(_("Too few words for so many variables: WhatsApp rejects that. Say more around them."))
    if re.search(r"\n{3,}", body) or re.search(r"[ ]{5,}|\t", body):
        found.append(_("No more than one empty line or four spaces in a row."))
    if samples is not None:
        empty = [f"{{{{{n}}}}}" for n in dict.fromkeys(numbers) if not samples.get(str(n), "").strip()]
        if empty:
            found.append(
                _("Give an example for %(names)s: the reviewers read the text with it.")
                % {"names": ", ".join(empty)}
            )
    found.extend(_buttons(buttons))
    return list(dict.fromkeys(found))


def _places(body: str) -> list[str]:
    found = []
    bare = body.strip(_EDGE)
    if bare.startswith("{{") or bare.endswith("}}"):
        found.append(_("A variable may not be the first or the last thing of the text."))
    if _SIDE_BY_SIDE.search(body):
        found.append(_("Two variables may not stand side by side: put a word between them."))
    return found


def _buttons(buttons: Sequence[str]) -> list[str]:
    found = []
    if len(buttons) > MOST_BUTTONS:
        found.append(_("At most three buttons."))
    if any(len(title) > LONGEST_BUTTON for title in buttons):
        found.append(_("A button has at most 20 characters."))
    if len({title.casefold() for title in buttons}) < len(buttons):
        found.append(_("Each button needs words of its own."))
    if any(_BRACES.search(title) for title in buttons):
        found.append(_("A button has no variables."))
    return found
