"""Small parts of every screen: icons, initials, a person's or a clinic's mark."""

from __future__ import annotations

from datetime import datetime, tzinfo

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clinics import readable

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """Return the icon of our sprite as inline SVG; the word beside it carries the meaning."""
    css = "icon" if size == 16 else f"icon icon-{size}"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, static("icons.svg"), name
    )


@register.filter
def initials(name: str) -> str:
    """Return one or two letters that stand for a name: "Rosa Delgado" → "RD", "陈丽华" → "陈"."""
    words = [word for word in name.replace("·", " ").split() if word[0].isalnum() or word[0] == "@"]
    if not words:
        return "#"
    if len(words) > 1 and words[-1].isdigit():  # "García family · 3"
        words.pop()
    first = words[0]
    if ord(first[0]) > 0x2E7F:  # Chinese, Japanese and Korean names are read by their first character
        return first[0]
    if first[0] == "@":
        return first[:2]
    if first[0].isdigit():
        return "#"
    return (first[0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def moment(at: datetime, zone: tzinfo | str) -> str:
    """Return "Nov 23, 2026, 1:30 PM" by the clock of that zone, in the reader's locale."""
    with timezone.override(zone):
        return readable.moment(at)


@register.filter
def mark(name: str) -> str:
    """Return the two letters on a clinic's mark, skipping "Clínica", "Clinic" and their kin."""
    skipped = {"clinica", "clínica", "clinic", "the", "la", "el", "dr", "dr.", "dra.", "centro"}
    words = [word for word in name.split() if word.casefold() not in skipped] or name.split()
    return words[0][:2].capitalize() if words else "–"
