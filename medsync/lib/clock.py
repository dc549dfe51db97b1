"""The one place that asks what time it is.

A demo clinic's clock can be moved. How far it stands from the real one is read from the clinic that the connection
is in, so it comes and goes with the schema and is never left behind in a thread. What lies in the shared schema, and
whatever guards a door (links, tokens, sessions), keeps to the real time.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

_NONE = timedelta(0)
#: Between these lies whatever a clinic speaks of, and no arithmetic leaves the calendar.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000


def now() -> datetime:
    """Return the present moment, aware, UTC; inside a demo clinic as its clock shows it."""
    return timezone.now() + offset()


def real_now() -> datetime:
    """Return the present moment, aware, UTC, whatever clinic is entered."""
    return timezone.now()


def here(at: datetime) -> datetime:
    """Return a moment of the real time as the clock of the entered clinic showed it."""
    return at + offset()


def offset() -> timedelta:
    """Return how far the clock of the entered clinic stands from the real one; zero in every real clinic."""
    moved: timedelta | None = getattr(getattr(connection, "tenant", None), "clock_offset", None)
    return moved or _NONE


def moment_in(text: str) -> datetime | None:
    """Return the moment that a text from outside is, aware, UTC; None for whatever is none or says no offset."""
    try:
        at = parse_datetime(text)
        at = at.astimezone(UTC) if at is not None and timezone.is_aware(at) else None
    except (ValueError, OverflowError):
        return None
    return at if at is not None and _FIRST_YEAR <= at.year <= _LAST_YEAR else None


def wall_in(text: str) -> datetime | None:
    """Return the wall time that a text from outside is, without a zone; None for whatever is none or has an offset."""
    try:
        wall = parse_datetime(text)
    except ValueError:
        return None
    if wall is None or timezone.is_aware(wall):
        return None
    return wall if _FIRST_YEAR <= wall.year < _LAST_YEAR else None
