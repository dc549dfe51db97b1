"""A slow second opinion on free times: one object a minute, everything through the UTC round trip.

Shares nothing with the engine but the shape of its inputs. It never asks what a wall time means; it walks the
instants and looks at what the clock on the wall shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.hours import WeeklySpan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minute_of(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds()) // 60


class Wall:
    """What the clock of a zone shows at each minute around some days."""

    def __init__(self, zone: ZoneInfo, first: date, last: date) -> None:
        begin = datetime.combine(first, datetime.min.time(), UTC) - timedelta(hours=30)
        end = datetime.combine(last, datetime.min.time(), UTC) + timedelta(hours=60)
        self.first, self.last = first, last
        self.shown: list[tuple[int, datetime, int]] = []
        for minute in range(minute_of(begin), minute_of(end)):
            local = (_EPOCH + timedelta(minutes=minute)).astimezone(zone)
            self.shown.append((minute, local.replace(tzinfo=None, fold=0), local.fold))
        self._first_at: dict[datetime, int] = {}

    def first_showing(self, wall: datetime) -> int:
        """The first minute at which the clock shows this time or a later one."""
        if wall not in self._first_at:
            self._first_at[wall] = next(minute for minute, local, _ in self.shown if local >= wall)
        return self._first_at[wall]

    def starts(
        self, spans: Sequence[WeeklySpan], *, duration: int, grid: int, taken: Sequence[tuple[int, int]] = ()
    ) -> list[int]:
        """Free starts of the days, by laying every minute of every visit over the open minutes."""
        open_minutes: set[int] = set()
        day = self.first
        while day <= self.last:
            midnight = datetime.combine(day, datetime.min.time())
            for span in spans:
                if span.weekday == day.weekday():
                    opens = self.first_showing(midnight + timedelta(minutes=span.opens))
                    closes = self.first_showing(midnight + timedelta(minutes=span.closes))
                    open_minutes.update(range(opens, closes))
            day += timedelta(days=1)
        for begin, end in taken:
            open_minutes.difference_update(range(begin, end))
        return [
            minute
            for minute, local, fold in self.shown
            if self.first <= local.date() < self.last
            and fold == 0
            and (local.hour * 60 + local.minute) % grid == 0
            and minute in open_minutes
            and all(minute + further in open_minutes for further in range(duration))
        ]
