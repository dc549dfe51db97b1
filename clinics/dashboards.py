"""The first page of each admin site: figures and charts that the rooms give, drawn by the server.

A room's admin module says `clinic_site.show(10, provider)`; a provider reads and returns tiles and charts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.http import HttpRequest
from django.utils.translation import ngettext

from clinics.charts import Bars, Columns, Period

DAYS = (7, 30)
COUNT_LIMIT = 1000  # a tile says "999+" rather than count a table


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: what it is, how much, what else must be known, and where it can be acted on."""

    label: str
    figure: str
    note: str = ""
    tone: str = ""  # "ok", "warn", "bad"; the note says it in words
    url: str = ""


Part = Tile | Bars | Columns
Provider = Callable[[HttpRequest, Period], Iterable[Part]]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The whole page."""

    period: Period
    tiles: list[Tile]
    charts: list[Bars | Columns]

    @property
    def choices(self) -> list[tuple[int, str, bool]]:
        """Return the lengths to choose from: days, words, chosen."""
        return [
            (
                days,
                ngettext("%(count)d day", "%(count)d days", days) % {"count": days},
                days == self.period.days,
            )
            for days in DAYS
        ]


def read(request: HttpRequest, providers: Iterable[Provider], *, zone: tzinfo, now: datetime) -> Dashboard:
    """Return what the providers say of the days that the request asks for."""
    asked = request.GET.get("days", "")
    period = Period(next((days for days in DAYS if str(days) == asked), DAYS[0]), zone, now)
    parts = [part for provider in providers for part in provider(request, period)]
    return Dashboard(
        period,
        [part for part in parts if isinstance(part, Tile)],
        [part for part in parts if not isinstance(part, Tile)],
    )


def figure(count: int) -> str:
    """Return a bounded count as a tile says it: "12", "999+"."""
    return str(count) if count < COUNT_LIMIT else f"{COUNT_LIMIT - 1}+"
