"""Phone numbers: any spelling to E.164, and one key for all spellings of a line.

Sources: ITU-T E.164; the numbering plans of Mexico (the mobile 1 after 52 fell away in 2019), Argentina
(the mobile 9 after 54) and Brazil (the ninth digit of mobile numbers).
"""

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

_E164 = re.compile(r"^\+[1-9]\d{6,14}$")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
#: What stood before the ten digits of a Mexican line until 2019, and still stands in address books.
_MEXICAN = re.compile(r"^(?:1|01|044|045)(?=\d{10}$)")


class InvalidPhone(ValueError):
    """The text is no phone number; `code` says why: empty, letters, too_short, too_long, impossible, short_code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_e164(value: str) -> bool:
    """Tell whether the text already is a plain E.164 number."""
    return bool(_E164.match(value)) and value.isascii()


def bare(value: str) -> str:
    """Return the text without marks that nobody sees, its spaces and digits plain ones."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", value)).strip()


def parse(value: str, region: str = "US") -> str:
    """Return the number as E.164, e.g. "(604) 555-1234 x9" in CA -> "+16045551234".

    `region` is the ISO country that a number without a country code belongs to. Raises InvalidPhone.
    """
    text = _INVISIBLE.sub("", value).strip()
    for prefix in ("tel:", "sms:", "whatsapp:"):
        text = text.removeprefix(prefix)
    if not text or len(text) > 64:
        raise InvalidPhone("empty" if not text else "too_long")
    core = re.split(r"(?i)\s*(?:x|ext\.?|extension)\s*\d+\s*$", text)[0]
    if any(c.isalpha() for c in core):
        raise InvalidPhone("letters")
    if sum(c.isdigit() for c in core) < 7:
        raise InvalidPhone("too_short")
    try:
        number = phonenumbers.parse(core, region.upper())
        if number.country_code == 52:
            line = phonenumbers.national_significant_number(number)
            number = phonenumbers.parse("+52" + _MEXICAN.sub("", line), None)
    except NumberParseException as error:
        raise InvalidPhone("impossible") from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidPhone("impossible")
    number.extension = None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not is_e164(e164):
        raise InvalidPhone("impossible")
    return e164


def parse_own(value: str, region: str = "US") -> str:
    """Return the number as E.164 in the spelling that was typed with its country code, for a provider may know
    a clinic's number as +521…; else as `parse` does. Raises InvalidPhone."""
    e164 = parse(value, region)
    typed = re.sub(r"[^\d+]", "", value)
    return typed if is_e164(typed) and match_key(typed) == match_key(e164) else e164


def match_key(e164: str) -> str:
    """Return the key that all spellings of one line share (WhatsApp says +521…, SMS +52…)."""
    if e164.startswith("+521") and len(e164) == 14:
        return "+52" + e164[4:]
    if e164.startswith("+549") and len(e164) == 14:
        return "+54" + e164[4:]
    # The ninth digit goes only where the next eight look like a mobile line, so that landlines never merge.
    if e164.startswith("+55") and len(e164) == 14 and e164[5] == "9" and e164[6] in "6789":
        return e164[:5] + e164[6:]
    return e164


def display(e164: str, region: str = "US") -> str:
    """Return the number as a person of that region writes it: national at home, else international."""
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return e164
    home = phonenumbers.region_code_for_number(number) == region.upper()
    form = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def international(e164: str) -> str:
    """Return the number with its country code, as it is read aloud: "+1 604-555-0123"."""
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return e164
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
