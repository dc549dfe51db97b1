"""The day of the doctor beside a request: visits, what is held, when nobody works; a column of quarters of an hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from clinics.models import Clinic
from messaging import times
from messaging.requests.queries import Around
from messaging.requests.screens import name_of
from scheduling.models import Appointment, Status

_TWO_LINES = 3  # rows that two lines of text need
_SLICE = 15  # minutes of a row of the day
_EARLIEST, _LATEST = 8 * 60, 18 * 60  # shown at least, when nothing says otherwise


@dataclass(frozen=True, slots=True)
class Block:
    """Something in the doctor's day: rows of the grid from and to, beginning with 1."""

    kind: str  # visit | other | request | closed | held
    first: int
    last: int
    title: str
    text: str = ""

    @property
    def is_short(self) -> bool:
        """Tell whether there is room for one line only."""
        return self.last - self.first < _TWO_LINES


@dataclass(frozen=True, slots=True)
class Hour:
    """A line of the day."""

    row: int
    label: str


@dataclass(frozen=True, slots=True)
class DayColumn:
    """The day of the doctor, with the request in it."""

    title: str
    sub: str
    hours: list[Hour]
    blocks: list[Block]
    held_since: str
    chooses_until: str  # while the patient chooses among other times
    nudge: str
    runs_out: str
    runs_out_then: str


def day(seen: Around, *, clinic: Clinic, now: datetime) -> DayColumn:
    """Return the doctor's day, a quarter of an hour a row."""
    appointment = seen.appointment
    zone = ZoneInfo(appointment.zone)
    begin, end = _reach(seen, zone)
    grid = _Grid(appointment.starts_at, zone, begin, end)
    waits = appointment.status == Status.PENDING_REVIEW
    blocks = [Block("closed", *grid.rows(*span), title=_("Not working")) for span in _closed(seen, grid)]
    blocks += [Block("closed", *grid.rows(*span), title=_("Away")) for span in seen.look.away]
    blocks += [Block("held", *grid.rows(*span), title=_("Offered to a patient")) for span in seen.held]
    for visit in seen.of_day:
        clock = times.clock_time(visit.starts_at, zone)
        pending = visit.status == Status.PENDING_REVIEW
        blocks.append(
            Block(
                "other" if pending else "visit",
                *grid.rows(visit.starts_at, visit.ends_at),
                title=f"{clock} {name_of(visit, clinic)}",
                text=_("Requested") if pending else visit.type.name_in(_language()),
            )
        )
    if waits or appointment.status != Status.CANCELLED:
        blocks.append(
            Block(
                "request" if waits else "visit",
                *grid.rows(appointment.starts_at, appointment.ends_at),
                title=f"{times.clock_time(appointment.starts_at, zone)} {name_of(appointment, clinic)}",
                text=_("Requested") if waits else _("Accepted"),
            )
        )
    visits = len(seen.of_day)
    free = timedelta(minutes=seen.look.free_minutes)
    sub = [
        ngettext("%(n)d visit", "%(n)d visits", visits) % {"n": visits},
        _("%(span)s free") % {"span": times.duration(free)} if free else _("nothing free"),
    ]
    return DayColumn(
        title=appointment.practitioner.name,
        sub=f"{times.day(appointment.starts_at, zone)} · {', '.join(sub)}",
        hours=[
            Hour(4 * n + 1, times.clock_time(grid.begin + timedelta(hours=n), zone))
            for n in range(grid.count // 4)
        ],
        blocks=sorted(blocks, key=lambda block: block.first),
        held_since=times.moment(appointment.created_at, clinic.zone, now=now) if waits else "",
        chooses_until=(
            _moment(appointment.offered_until, clinic, now) if waits and appointment.offered_until else ""
        ),
        nudge=_nudge(appointment, clinic, now) if waits else "",
        runs_out=_moment(appointment.respond_by, clinic, now) if waits and appointment.respond_by else "",
        runs_out_then=_("then %(name)s is told and gets new times") % {"name": name_of(appointment, clinic)},
    )


def _nudge(appointment: Appointment, clinic: Clinic, now: datetime) -> str:
    """Return when staff were reminded, or will be; "" where it would be after the patient has been asked."""
    if appointment.nudged_at is not None:
        return _moment(appointment.nudged_at, clinic, now)
    if appointment.nudge_at is None or appointment.offered_until is not None:
        return ""
    return _moment(appointment.nudge_at, clinic, now)


def _moment(at: datetime, clinic: Clinic, now: datetime) -> str:
    clock = times.clock_time(at, clinic.zone)
    today = at.astimezone(clinic.zone).date() == now.astimezone(clinic.zone).date()
    return clock if today else f"{times.short_day(at, clinic.zone)}, {clock}"


def _language() -> str:
    return get_language() or "en"


def _reach(seen: Around, zone: ZoneInfo) -> tuple[int, int]:
    """Return the first and the last minute of the day that must be seen, on whole hours."""
    spans = [*seen.look.working, (seen.appointment.starts_at, seen.appointment.ends_at)]
    spans += [(visit.starts_at, visit.ends_at) for visit in seen.of_day]
    begins = [_minute(begin, zone) for begin, _end in spans]
    ends = [_minute(end, zone) or 24 * 60 for _begin, end in spans]
    if not seen.look.working:
        begins.append(_EARLIEST)
        ends.append(_LATEST)
    return max(0, (min(begins) - 1) // 60 * 60), min(24 * 60, -(-max(ends) // 60) * 60)


def _minute(at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


class _Grid:
    """Rows of a quarter of an hour between two wall times of a day."""

    def __init__(self, at: datetime, zone: ZoneInfo, begin: int, end: int) -> None:
        self.zone, self.first = zone, begin
        self.begin = at.astimezone(zone).replace(hour=begin // 60, minute=0, second=0, microsecond=0)
        self.end = self.begin + timedelta(minutes=end - begin)
        self.count = (end - begin) // _SLICE

    def rows(self, begin: datetime, end: datetime) -> tuple[int, int]:
        """Return the grid lines of a span, cut at the day's edges; never none."""
        lines = [(at - self.begin) / timedelta(minutes=_SLICE) for at in (begin, end)]
        first = min(self.count - 1, max(0, int(lines[0])))
        last = min(self.count, max(first + 1, -int(-lines[1] // 1)))
        return first + 1, last + 1


def _closed(seen: Around, grid: _Grid) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the doctor does not work between the day's edges: lunch, and an hour before and after."""
    at = grid.begin
    for begin, end in seen.look.working:
        if begin > at:
            yield at, begin
        at = max(at, end)
    if at < grid.end:
        yield at, grid.end
