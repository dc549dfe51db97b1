"""Charts of the admin sites' first pages, drawn by the server: plain numbers here, SVG in the template.

Lengths are strings, because no locale may put a comma into a coordinate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from babel.dates import format_skeleton
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _


class Fill(StrEnum):
    """How a bar is filled; told apart without colour, too."""

    STRONG = "strong"
    SOFT = "soft"
    HATCH = "hatch"
    EDGE = "edge"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Period:
    """The days that the page tells about: today and those before it, by the clock of the site's zone."""

    days: int
    zone: tzinfo
    now: datetime

    @property
    def today(self) -> date:
        """Return the day it is there."""
        return self.now.astimezone(self.zone).date()

    @property
    def dates(self) -> list[date]:
        """Return every day, oldest first."""
        return [self.today - timedelta(days=back) for back in reversed(range(self.days))]

    @property
    def since(self) -> datetime:
        """Return the first moment of the first day."""
        return self.start_of(self.dates[0])

    def start_of(self, day: date) -> datetime:
        """Return the first moment of a day."""
        return datetime.combine(day, time(), self.zone)

    @property
    def words(self) -> str:
        """Return "last 7 days"."""
        return ngettext("last %(count)d day", "last %(count)d days", self.days) % {"count": self.days}


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart."""

    label: str
    value: int
    fill: Fill
    share: str = ""  # "34 %"
    length: str = "0%"


@dataclass(frozen=True, slots=True)
class Bars:
    """Rows with a bar each, the figure at its end."""

    title: str
    aside: str
    finding: str
    bars: list[Bar]
    head: tuple[str, str]

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return not any(bar.value for bar in self.bars)

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """Return the table: a label and its figures."""
        return [(bar.label, [bar.value]) for bar in self.bars]


@dataclass(frozen=True, slots=True)
class Rect:
    """A drawn piece of a column."""

    x: str
    y: str
    width: str
    height: str
    fill: Fill


@dataclass(frozen=True, slots=True)
class Label:
    """A word or figure at its place."""

    x: str
    y: str
    text: str
    strong: bool = False
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Series:
    """One layer of a column chart: what it is, one figure a day."""

    label: str
    fill: Fill
    values: list[int]

    @property
    def total(self) -> int:
        """Return the sum of all days."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Columns:
    """A column a day, in layers."""

    title: str
    aside: str
    finding: str
    period: Period
    series: list[Series]

    TOP, BASE, HEIGHT = (
        24,
        168,
        192,
    )  # pixels; widths are shares, so that the words keep their size on a phone

    @property
    def height(self) -> int:
        """Return the drawing's height in pixels."""
        return self.HEIGHT

    @property
    def base(self) -> int:
        """Return where the columns stand."""
        return self.BASE

    @property
    def totals(self) -> list[int]:
        """Return each day's sum."""
        return [sum(day) for day in zip(*(one.values for one in self.series), strict=True)]

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return not any(self.totals)

    @property
    def head(self) -> list[str]:
        """Return the table's head."""
        return [_("Day"), *(one.label for one in self.series)]

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """Return the table: a day and its figures, the newest first."""
        days = zip(self.period.dates, zip(*(one.values for one in self.series), strict=True), strict=True)
        return [(day_words(day), list(figures)) for day, figures in reversed(list(days))]

    @property
    def rects(self) -> list[Rect]:
        """Return the drawn pieces, from the ground up."""
        slot, most = 100 / self.period.days, max(self.totals, default=0) or 1
        drawn = []
        for index in range(self.period.days):
            ground = float(self.BASE)
            for one in self.series:
                height = one.values[index] / most * (self.BASE - self.TOP)
                if height:
                    ground -= height
                    drawn.append(
                        Rect(
                            _share((index + 0.18) * slot),
                            f"{ground:.1f}",
                            _share(0.64 * slot),
                            f"{height:.1f}",
                            one.fill,
                        )
                    )
        return drawn

    @property
    def labels(self) -> list[Label]:
        """Return the words below and the figures above: every day of a week, of a month the highest and the newest."""
        slot, most, labels = 100 / self.period.days, max(self.totals, default=0) or 1, []
        step = 1 if self.period.days <= 7 else math.ceil(self.period.days / 6)
        last = self.period.days - 1
        highest = self.totals.index(max(self.totals))
        for index, (day, total) in enumerate(zip(self.period.dates, self.totals, strict=True)):
            x = _share((index + 0.5) * slot)
            if (last - index) % step == 0:
                # The newest day's word would run out of the drawing if it stood in the middle of a narrow column.
                end = index == last and step > 1
                words = _short(day, weekday=step == 1)
                labels.append(
                    Label("100%" if end else x, "186", words, index == last, "end" if end else "middle")
                )
            if total and (step == 1 or index in (highest, last)):
                top = self.BASE - total / most * (self.BASE - self.TOP) - 6
                labels.append(Label(x, f"{top:.1f}", str(total), index in (highest, last)))
        return labels


def bars(rows: Iterable[tuple[str, int, Fill]]) -> list[Bar]:
    """Return bars measured against the longest, with their share of all."""
    rows = list(rows)
    most, total = (
        max((value for _l, value, _f in rows), default=0) or 1,
        sum(value for _l, value, _f in rows) or 1,
    )
    return [
        Bar(
            label,
            value,
            fill,
            _("%(share)d %%") % {"share": round(100 * value / total)},
            _share(100 * value / most),
        )
        for label, value, fill in rows
    ]


def day_words(day: date) -> str:
    """Return "Tue, Nov 17" in the reader's language."""
    return format_skeleton("MMMEd", day, locale=_locale())


def busiest(dates: list[date], values: list[int]) -> str:
    """Return the day with the most, in words: "Tue, Nov 17 (9)"."""
    most = max(values)
    return f"{day_words(dates[values.index(most)])} ({most})"


def _short(day: date, *, weekday: bool) -> str:
    return format_skeleton("E" if weekday else "MMMd", day, locale=_locale())


def _locale() -> str:
    return (get_language() or "en").replace("-", "_")


def _share(percent: float) -> str:
    return f"{percent:.2f}%"
