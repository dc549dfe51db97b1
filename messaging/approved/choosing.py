"""Which approved text goes out for a text of the catalogue, and what its variables are filled with."""

import re
from collections.abc import Mapping
from uuid import UUID

from messaging.models import Approval, ContentTemplate

#: What WhatsApp takes as one variable's value.
LONGEST_VALUE = 1600

#: In `content` of a text: what it is to go out for as soon as it can.
WANTED = "wanted_key"

_NEUTRAL = "_neutral"
_VARIABLE = re.compile(r"\{\{(\d+)\}\}")
_WHITE = re.compile(r"\s+")


def approved_for(key: str, language: str, account_id: UUID) -> ContentTemplate | None:
    """Return the approved text of an account that goes for a text of the catalogue; one statement.

    In exactly that language when there is one ("es-MX"), else in its base ("es"), else in another of the same base.
    For a neutral text without one of its own that of the plain text goes: what a neutral text is filled with tells no
    detail either.
    """
    key = key.removeprefix("template.")
    keys = (key.removesuffix(_NEUTRAL), key)
    wanted = spelled(language)
    base = wanted.partition("_")[0]
    found = {
        spelled(template.language): template
        for template in ContentTemplate.objects.filter(
            account_id=account_id, key__in=keys, approval=Approval.APPROVED, archived_at=None
        )
        .exclude(key="")
        .exclude(content_sid="")
        .order_by("key", "-language", "-id")
    }
    if chosen := found.get(wanted) or found.get(base):
        return chosen
    return next((found[code] for code in sorted(found) if code.partition("_")[0] == base), None)


def variables_for(template: ContentTemplate, values: Mapping[str, object]) -> dict[str, str] | None:
    """Return the template's numbered variables filled from values by name; None when one has no value.

    A value is what WhatsApp takes: one line, no runs of spaces, not too long. Pure.
    """
    filled = {}
    for number, name in named(template):
        value = one_line(values.get(name))
        if not value:
            return None
        filled[number] = value
    return filled


def named(template: ContentTemplate) -> list[tuple[str, str]]:
    """Return each variable's number and the name that its value is known by: the number, where it has none. Pure."""
    return [(str(one["n"]), str(one.get("name") or one["n"])) for one in template.variables]


def missing(template: ContentTemplate, values: Mapping[str, object]) -> list[str]:
    """Return the names of the variables that have no value, in their order. Pure."""
    return [name for _number, name in named(template) if not one_line(values.get(name))]


def reads(template: ContentTemplate, variables: Mapping[str, str]) -> str:
    """Return what the patient reads: the body with its numbered variables filled, once. Pure."""
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), template.body)


def wish_of(template: ContentTemplate) -> str:
    """Return what a text is to go out for and does not yet, "" for nothing. Pure."""
    return "" if template.key else str(template.content.get(WANTED, ""))


def numbers_in(body: str) -> set[str]:
    """Return the numbers of the variables in a text's words. Pure."""
    return set(_VARIABLE.findall(body))


def one_line(value: object) -> str:
    """Return a value as WhatsApp takes it, "" for none."""
    text = "" if value is None else str(value)
    return _WHITE.sub(" ", text).strip()[:LONGEST_VALUE].rstrip()


def spelled(language: str) -> str:
    """Return a language code as WhatsApp spells it ("es-mx" is "es_MX")."""
    base, _, region = language.replace("-", "_").partition("_")
    return f"{base.lower()}_{region.upper()}" if region else base.lower()
