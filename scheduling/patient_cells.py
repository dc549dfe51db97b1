"""What the cells of a list of patients mean: heads in three languages, dates in a country's order, several numbers.

Pure: no models, no clock. Whoever cannot be understood is refused with a sentence, never guessed.
"""

from __future__ import annotations

import re
from datetime import date

from babel import Locale, UnknownLocaleError
from django.utils.translation import gettext as _

from medsync.lib import phone
from medsync.lib.text import search_key

FIELDS = ("record_number", "name", "called", "date_of_birth", "preferred_language", "phone")
LENGTHS = {"record_number": 64, "name": 160, "called": 80}
LANGUAGES = ("en", "es", "zh")

# Heads as programs and people write them, compared without case, accents and punctuation.
HEADS = {
    "record_number": "record number|record no|record|mrn|chart number|chart|patient id|id|expediente|numero de expediente"
    "|no de expediente|no expediente|historia clinica|numero de historia|folio|病历号|病案号|编号",
    "name": "name|full name|patient|patient name|nombre|nombre completo|paciente|nombre del paciente|姓名|名字|患者姓名",
    "first_name": "first name|given name|given names|nombres|nombre de pila|primer nombre|名",
    "last_name": "last name|surname|family name|apellido|apellidos|apellido paterno|姓",
    "second_last_name": "second last name|second surname|apellido materno|segundo apellido",
    "called": "called|preferred name|nickname|goes by|nombre preferido|apodo|le dicen|称呼|昵称",
    "date_of_birth": "date of birth|birth date|birthdate|birthday|dob|born|fecha de nacimiento|nacimiento|fecha nacimiento"
    "|fecha nac|f nac|出生日期|生日",
    "preferred_language": "preferred language|language|lang|idioma|lengua|idioma preferido|语言|首选语言",
    "phone": "phone|phone number|phone numbers|telephone|tel|mobile|mobile phone|cell|cell phone|cellphone|whatsapp"
    "|telefono|numero de telefono|celular|movil|tel movil|telefono movil|telefono celular|telefonos|电话|手机|手机号|电话号码",
}
COLUMNS = {head: column for column, heads in HEADS.items() for head in heads.split("|")}

_LANGUAGE_WORDS = {
    "en": "en|eng|english|ingles|英语|英文",
    "es": "es|spa|spanish|espanol|castellano|西班牙语",
    "zh": "zh|chi|zho|chinese|mandarin|chino|mandarin chinese|中文|汉语|普通话",
}
_LANGUAGES = {word: code for code, words in _LANGUAGE_WORDS.items() for word in words.split("|")}
_NUMBERS = re.compile(r"[;,|\n/]")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_FIGURES = re.compile(r"(\d{1,4})\s*[/.\- ]\s*(\d{1,2})\s*[/.\- ]\s*(\d{1,4})")
_MONTH_WORDS = re.compile(
    r"(\d{1,2})?\s*(?:de\s+)?([^\W\d_]{3,})\.?\s*(\d{1,2})?\s*,?\s*(?:de\s+|del\s+)?(\d{4})"
)


class BadCell(ValueError):
    """A cell that cannot be stored; its text says what is wrong and what helps."""


def column_of(head: object) -> str:
    """Return which of our columns a head means, "" for none."""
    words = re.sub(r"[\W_]+", " ", search_key(str(head or ""))).strip()
    return COLUMNS.get(words, "")


def order_of(language: str, country: str) -> str:
    """Return the order in which that country writes a date: "mdy", "dmy" or "ymd"."""
    for tag in (
        f"{language.split('-')[0]}_{country.upper()}",
        f"und_{country.upper()}",
        language.split("-")[0],
    ):
        try:
            pattern = Locale.parse(tag).date_formats["short"].pattern
        except (UnknownLocaleError, ValueError):
            continue
        return "".join(sorted("dmy", key=pattern.lower().index))
    return "dmy"


def birth(text: str, *, order: str, today: date) -> date | None:
    """Return the day that the text means, None for an empty one. Raises BadCell.

    ISO is understood everywhere; figures follow ``order``, so that no file is read half one way and half the other.
    """
    if not text:
        return None
    found = _iso(text) or _figures(text, order, today) or _words(text)
    if found is None:
        raise BadCell(
            _("The date of birth is not understood. Write it as %(example)s.") % {"example": example(order)}
        )
    if not date(1880, 1, 1) <= found <= today:
        raise BadCell(_("This date of birth cannot be: %(day)s.") % {"day": found.isoformat()})
    return found


def example(order: str) -> str:
    """Return a date as that country writes it, and ISO."""
    figures = {"y": "1980", "m": "12", "d": "31"}
    written = "/".join(figures[part] for part in order)
    return _("%(example)s or 1980-12-31") % {"example": written} if order != "ymd" else "1980-12-31"


def language(text: str) -> str:
    """Return a language's code from a code or a word in three languages, "" for an empty one. Raises BadCell."""
    if not text:
        return ""
    word = search_key(text)
    code = _LANGUAGES.get(word) or _LANGUAGES.get(re.split(r"[-_]", word)[0])
    if code is None:
        raise BadCell(_("The language is not known here. Write en, es or zh."))
    return code


def numbers(text: str, *, region: str) -> list[str]:
    """Return the numbers of a cell as E.164, the first for reminders. Raises BadCell."""
    found = []
    for one in _NUMBERS.split(text):
        if not one.strip():
            continue
        try:
            found.append(phone.parse(one, region))
        except phone.InvalidPhone as error:
            raise BadCell(_("This is no phone number: %(number)s.") % {"number": one.strip()[:40]}) from error
    return list(dict.fromkeys(found))


def _iso(text: str) -> date | None:
    matched = _ISO.fullmatch(text)
    return _day(*(int(part) for part in matched.groups())) if matched else None


def _figures(text: str, order: str, today: date) -> date | None:
    matched = _FIGURES.fullmatch(text.removesuffix(" 00:00:00").strip())
    if not matched:
        return None
    parts = matched.groups()
    if len(parts[0]) == 4:
        order = "ymd"
    figures = dict(zip(order, parts, strict=True))
    if len(figures["y"]) not in (2, 4) or len(figures["d"]) > 2:
        return None
    year = int(figures["y"])
    if len(figures["y"]) == 2:  # the last such year that has been
        year += 2000 if year + 2000 <= today.year else 1900
    return _day(year, int(figures["m"]), int(figures["d"]))


def _words(text: str) -> date | None:
    matched = _MONTH_WORDS.fullmatch(search_key(text))
    if not matched:
        return None
    before, word, after, year = matched.groups()
    day = before or after
    month = next(
        (number for name, number in _months().items() if name.startswith(word) or word == name), None
    )
    return _day(int(year), month, int(day)) if day and month and not (before and after) else None


def _months() -> dict[str, int]:
    return {
        search_key(name): number
        for code in ("en", "es")
        for number, name in Locale(code).months["format"]["wide"].items()
    }


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
