"""Dates and times as patients read them: with the weekday, in their language, on the place's clock."""

import functools
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_skeleton

_YEAR = re.compile(r"[\s,]*(?:'[^']*'\s*)?y+(?:年|년)?\s*")


@functools.lru_cache(maxsize=256)
def locale_for(language: str, country: str = "") -> Locale:
    """Return the locale of *language* as it is written in *country*; English when neither is known."""
    code = language.replace("-", "_")
    for tag in (f"{code.split('_')[0]}_{country.upper()}" if country else code, code, code.split("_")[0]):
        try:
            return Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en_US")


def day(at: datetime, *, zone: str | ZoneInfo, language: str, country: str = "") -> str:
    """Return the local date of the aware *at* with its weekday: "Tuesday, March 15"."""
    locale = locale_for(language, country)
    pattern = _YEAR.sub("", locale.date_formats["full"].pattern)
    return _plain(format_datetime(_local(at, zone), pattern, locale=locale))


def time(at: datetime, *, zone: str | ZoneInfo, language: str, country: str = "") -> str:
    """Return the local time of the aware *at*: "2:30 PM", "14:30"."""
    locale = locale_for(language, country)
    return _plain(format_datetime(_local(at, zone), locale.time_formats["short"].pattern, locale=locale))


def when(at: datetime, *, zone: str | ZoneInfo, language: str, country: str = "") -> str:
    """Return date and time in one: "Tuesday, March 15, 2:30 PM"."""
    gap = " " if language.startswith("zh") else ", "
    return gap.join(
        (
            day(at, zone=zone, language=language, country=country),
            time(at, zone=zone, language=language, country=country),
        )
    )


def short_day(at: datetime, *, zone: str | ZoneInfo, language: str, country: str = "") -> str:
    """Return the local date of the aware *at* with its weekday, as short as the locale has it: "mer. 21 juil."."""
    return _plain(format_skeleton("MMMEd", _local(at, zone), locale=locale_for(language, country)))


def short_when(at: datetime, *, zone: str | ZoneInfo, language: str, country: str = "") -> str:
    """Return the short date and the time in one: "Wed, Dec 2, 10:00 AM"."""
    gap = " " if language.startswith("zh") else ", "
    place = {"zone": zone, "language": language, "country": country}
    return gap.join((short_day(at, **place), time(at, **place)))  # type: ignore[arg-type]


def _local(at: datetime, zone: str | ZoneInfo) -> datetime:
    """Return the wall time of *at* in *zone*, without a zone, so that nothing shifts it again."""
    return at.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone).replace(tzinfo=None)


def _plain(text: str) -> str:
    """Return *text* with ordinary spaces: the narrow ones would double the price of an SMS."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
