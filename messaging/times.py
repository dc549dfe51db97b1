"""How screens say times: durations as the desk says them, dates and hours by the reader's locale (CLDR)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from medsync.lib.spans import duration

__all__ = [
    "ago",
    "clock_time",
    "day",
    "day_line",
    "duration",
    "moment",
    "short_day",
    "short_duration",
    "until",
    "visit_time",
]


def _locale() -> str:
    return (get_language() or "en").replace("-", "_")


def short_duration(span: timedelta) -> str:
    """Return "19 min" below an hour, else as `duration`."""
    minutes = int(span.total_seconds() // 60)
    return _("%(m)d min") % {"m": max(1, minutes)} if minutes < 60 else duration(span)


def ago(span: timedelta) -> str:
    """Return "3 s ago", "4 min ago", "2 h 5 m ago"."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return _("%(s)d s ago") % {"s": seconds}
    return _("%(span)s ago") % {"span": short_duration(span)}


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    """Return "10:42" or "10:42 AM", as the locale has it."""
    return format_time(at.astimezone(zone), "short", locale=_locale())


def day(at: datetime, zone: ZoneInfo) -> str:
    """Return "Wednesday, December 2"; the locales' data know no such pattern as a whole."""
    local = at.astimezone(zone)
    weekday = format_date(local, "EEEE", locale=_locale())
    return f"{weekday}, {format_skeleton('MMMMd', local, locale=_locale())}"


def short_day(at: datetime, zone: ZoneInfo) -> str:
    """Return "Wed, Dec 2"."""
    return format_skeleton("MMMEd", at.astimezone(zone), locale=_locale())


def day_line(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """Return a day as it stands between messages: "Today, Tuesday, November 24"."""
    apart = (now.astimezone(zone).date() - at.astimezone(zone).date()).days
    if apart == 0:
        return _("Today, %(day)s") % {"day": day(at, zone)}
    if apart == 1:
        return _("Yesterday, %(day)s") % {"day": day(at, zone)}
    if abs(apart) < 300:
        return day(at, zone)
    return format_date(at.astimezone(zone), "full", locale=_locale())


def moment(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """Return when something was, as short as is clear: "10:42", "Mon 10:42", "Mon, Nov 16"."""
    apart = (now.astimezone(zone).date() - at.astimezone(zone).date()).days
    if apart == 0:
        return clock_time(at, zone)
    if 0 < apart < 7:
        weekday = format_skeleton("E", at.astimezone(zone), locale=_locale())
        return f"{weekday} {clock_time(at, zone)}"
    return short_day(at, zone)


def until(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """Return a time to come, as short as is clear: "16:40", "Mon 9:00", "Mon, Nov 30, 9:00"."""
    ahead = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if ahead == 0:
        return clock_time(at, zone)
    if 0 < ahead < 7:
        weekday = format_skeleton("E", at.astimezone(zone), locale=_locale())
        return f"{weekday} {clock_time(at, zone)}"
    return f"{short_day(at, zone)}, {clock_time(at, zone)}"


def visit_time(at: datetime, zone: ZoneInfo) -> str:
    """Return a visit's time as its card says it: "Wednesday, December 2, 10:00"."""
    return f"{day(at, zone)}, {clock_time(at, zone)}"
