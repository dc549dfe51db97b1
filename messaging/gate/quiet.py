"""Quiet hours: wall time in the patient's zone. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Quiet:
    """From when until when nothing is begun, on the clocks of a zone; two equal times are no quiet hours."""

    begins: time
    ends: time
    zone: str


def over_at(quiet: Quiet, now: datetime) -> datetime | None:
    """Return when the quiet hours that `now` lies in are over, None outside of them."""
    zone = ZoneInfo(quiet.zone)
    local = now.astimezone(zone)
    wall = local.time()
    overnight = quiet.begins > quiet.ends
    after, before = wall >= quiet.begins, wall < quiet.ends
    if not (after or before if overnight else after and before):
        return None
    day = local.date() + timedelta(days=1 if overnight and wall >= quiet.begins else 0)
    over = datetime.combine(day, quiet.ends, zone)
    if over <= now:  # the clocks go back: the hour comes a second time
        over = over.replace(fold=1)
    return over.astimezone(now.tzinfo)
