"""Where and when a clinic is, in words: "New York, Tue 10:42"."""

from datetime import datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time, get_timezone_location

from clinics.models import Clinic


def place_of(clinic: Clinic, *, now: datetime, language: str) -> str:
    """Return the city of the clinic's zone with its weekday and time, in a language of the screens."""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    city = get_timezone_location(clinic.zone, locale=locale, return_city=True)
    day = format_skeleton("E", now, tzinfo=clinic.zone, locale=locale)
    return f"{city}, {day} {format_time(now, 'short', tzinfo=clinic.zone, locale=locale)}"
