"""Where and when a clinic is, in words: "New York, Tue 10:42"."""

from datetime import datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time, get_timezone_location

from clinics.models import Clinic


def city_of(clinic: Clinic, *, language: str) -> str:
    """Return the city that the clinic's zone is called after, in a language of the screens."""
    return get_timezone_location(clinic.zone, locale=_locale(language), return_city=True)


def place_of(clinic: Clinic, *, now: datetime, language: str) -> str:
    """Return the city of the clinic's zone with its weekday and time, in a language of the screens."""
    locale, city = _locale(language), city_of(clinic, language=language)
    day = format_skeleton("E", now, tzinfo=clinic.zone, locale=locale)
    return f"{city}, {day} {format_time(now, 'short', tzinfo=clinic.zone, locale=locale)}"


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
