"""Pure: what is asked of a demo's clock, in the clinic's wall time."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

Move = Callable[[datetime], datetime]


class NoTime(ValueError):
    """What was sent names no time."""


def wanted(form: Mapping[str, str], zone: ZoneInfo, *, now: datetime) -> Move:
    """Return how the clock is to be moved: `step` is hour, day or back, else `at` is a wall time.

    A day later is the same wall time, also over a change of the clocks. `now` is the real time. Raises NoTime.
    """
    step = form.get("step", "")
    if step == "hour":
        return lambda at: at + timedelta(hours=1)
    if step == "day":
        return lambda at: _next_day(at, zone)
    if step == "back":
        return lambda at: now
    try:
        chosen = datetime.fromisoformat(form.get("at", ""))
    except ValueError as error:
        raise NoTime from error
    if chosen.tzinfo is not None or not 2000 < chosen.year < 2200:
        raise NoTime
    return lambda at: chosen.replace(tzinfo=zone)


def _next_day(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    return datetime.combine(local.date() + timedelta(days=1), local.time(), zone)
