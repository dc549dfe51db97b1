"""The one place that asks what time it is.

A demo clinic's clock can be moved. How far it stands from the real one is read from the clinic that the connection
is in, so it comes and goes with the schema and is never left behind in a thread. What lies in the shared schema, and
whatever guards a door (links, tokens, sessions), keeps to the real time.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

_NONE = timedelta(0)


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
