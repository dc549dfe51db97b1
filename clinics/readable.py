"""How the admin's lists say times, spans, languages and channels: by the reader's locale (CLDR), never as codes."""

from datetime import date, datetime, time

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinics.models import Channel


class Tones(dict[str, str]):
    """Colours of states by their keys; a key without one is grey, and still says its word."""

    def __missing__(self, key: str) -> str:
        """Return no colour."""
        return ""


class State(tuple[str, str]):
    """A state's key, for its colour, and its word, which is all that it says where no colour is shown."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return the word."""
        return str(self[1])


def locale() -> Locale:
    """Return the reader's locale."""
    return Locale.parse(get_language() or "en", sep="-")


def hours(starts: time, ends: time) -> str:
    """Return "9:00 AM – 5:00 PM"."""
    return f"{clock_time(starts)} – {clock_time(ends)}"


def clock_time(at: time) -> str:
    """Return "9:00 AM" or "9:00", as the locale has it."""
    return _plain(format_time(at, "short", locale=locale()))


def day(on: date) -> str:
    """Return "Nov 23, 2026"."""
    return format_date(on, "medium", locale=locale())


def moment(at: datetime) -> str:
    """Return "Nov 23, 2026, 1:30 PM" by the clock of the page's zone."""
    local = timezone.localtime(at)
    return f"{day(local.date())}, {clock_time(local.time())}"


def span(start: datetime, end: datetime) -> str:
    """Return "Mon, Nov 23, 2026, 1:30 – 2:00 PM"; over several days both ends with their day."""
    first, last = timezone.localtime(start), timezone.localtime(end)
    if first.date() == last.date():
        return f"{_weekday(first)}, {clock_time(first.time())} – {clock_time(last.time())}"
    return f"{_weekday(first)}, {clock_time(first.time())} – {_weekday(last)}, {clock_time(last.time())}"


def _weekday(at: datetime) -> str:
    return format_skeleton("yMMMEd", at.date(), locale=locale())


def _plain(text: str) -> str:
    """Return the text with an ordinary space before AM and PM."""
    return text.replace("\u202f", " ")


def validity(first: date | None, last: date | None) -> str:
    """Return "always", "from …", "until …" or both days."""
    if first is None and last is None:
        return _("always")
    if last is None and first is not None:
        return _("from %(day)s") % {"day": day(first)}
    if first is None and last is not None:
        return _("until %(day)s") % {"day": day(last)}
    assert first is not None
    assert last is not None
    return f"{day(first)} – {day(last)}"


def language(code: str) -> str:
    """Return a language's name in the reader's language, "" for none."""
    if not code:
        return ""
    try:
        name = Locale.parse(code, sep="-").get_display_name(locale())
    except (UnknownLocaleError, ValueError):
        return code
    return (name or code).capitalize()


def channel(code: str) -> str:
    """Return a channel's word."""
    if code == "note":
        return _("Note")
    return str(Channel(code).label) if code in Channel.values else code


def word(value: object) -> str:
    """Return a choice's word as it stands alone: with a capital."""
    text = str(value)
    return text[:1].upper() + text[1:]
