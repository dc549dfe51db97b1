"""The languages that we speak, and in which of them a text is written, as far as a glance can tell. Pure."""

import functools
import unicodedata
from collections.abc import Mapping

from django.utils.translation import gettext_lazy

from messaging.wording import languages, tokens

SPOKEN = ("en", "es", "zh")
"""The languages of patients' texts; the first is the last resort."""

LANGUAGES = {"en": gettext_lazy("English"), "es": gettext_lazy("Spanish"), "zh": gettext_lazy("Chinese")}
"""What members call them."""

_GLANCE = 400  # characters


@functools.cache
def _marks() -> Mapping[str, frozenset[str]]:
    """Return the words that mark a language."""
    return {
        code: frozenset(token for word in file["language"]["words"] for token in tokens(word))
        for code, file in languages().items()
    }


def detect(text: str) -> str | None:
    """Return "en", "es" or "zh", or None when *text* does not tell ("2", "ok", another language)."""
    glance = text[:_GLANCE]
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in glance if ord(char) > 0x2E7F}
    if "CJK" in scripts and not scripts & {"HIRAGANA", "KATAKANA", "HANGUL"}:
        return "zh"
    said = set(tokens(glance))
    scores = {code: len(said & words) for code, words in _marks().items()}
    if any(char in "ñ¿¡áéíóú" for char in unicodedata.normalize("NFC", glance).casefold()):
        scores["es"] += 1
    best = max(scores, key=lambda code: scores[code])
    rivals = [code for code, score in scores.items() if score == scores[best]]
    return best if scores[best] and len(rivals) == 1 else None


def nearest(*wanted: str) -> str:
    """Return the first of *wanted* (such as "es-MX", "zh_Hant" or "") that we speak, else English."""
    for tag in wanted:
        code = tag.replace("_", "-").split("-")[0].casefold()
        if code in SPOKEN:
            return code
    return SPOKEN[0]
