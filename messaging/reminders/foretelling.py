"""What will go out in the next days, computed from the calendar as the clock will: who, when, how, in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from messaging.facts import facts
from messaging.models import ReminderSettings
from messaging.reminders import due, queries
from messaging.reminders.knowing import people_at
from messaging.reminders.ways import Way, way_to
from scheduling.models import Appointment, Attendance, Status

DAYS = 3
MOST_VISITS = 600

ANSWERED, REQUEST = "answered", "request"


@dataclass(frozen=True, slots=True)
class Foretold:
    """One message to come, or why there is none: `skipped` is ANSWERED or REQUEST, and then there is no `way`."""

    visits: Sequence[Appointment]
    step: int
    due_at: datetime
    goes_at: datetime
    way: Way | None
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will go out until `until`, by time; `cut` says that there are more visits than are looked at."""

    messages: Sequence[Foretold]
    until: datetime
    cut: bool


def plan(rules: ReminderSettings, *, now: datetime, days: int = DAYS) -> Plan:
    """Return what would go out in the coming days if these rules stood. Fifteen statements at most."""
    until = now + timedelta(days=days)
    last = until + timedelta(days=1, hours=max(rules.steps))
    found = queries.to_come(after=now, until=last, limit=MOST_VISITS + 1)
    visits, cut = found[:MOST_VISITS], len(found) > MOST_VISITS
    taken = {(c.subject_id, c.version, c.step) for c in queries.claimed([v.pk for v in visits])}
    groups: dict[tuple[object, ...], list[Appointment]] = {}
    for visit in visits:
        for step in _steps(visit, rules.steps, now=now, until=until):
            if (visit.pk, visit.version, step) in taken:
                continue
            groups.setdefault(_together(visit, step), []).append(visit)
    points = {v.point_id for v in visits if v.point_id}  # type: ignore[attr-defined]
    people = people_at(points)
    messages = []
    for key, members in groups.items():
        first, step = members[0], int(str(key[-1]))
        due_at = due.due_at(first.starts_at, step)
        if due_at > until:
            continue
        skipped = _skipped(first)
        way, goes_at = None, max(due_at, now)
        if not skipped:
            point_id: UUID | None = first.point_id  # type: ignore[attr-defined]
            zone = first.patient.timezone or first.zone
            way = way_to(
                people.conversations.get(point_id) if point_id else None,
                members,
                rules=rules,
                expires_at=due.expires_at(first.starts_at, step),
                by_hand=False,
                now=goes_at,
                known=people.known(point_id, zone=zone) if point_id else None,
            )
            goes_at = (way.verdict.not_before if way.verdict else None) or goes_at
        messages.append(Foretold(members, step, due_at, goes_at, way, skipped))
    messages.sort(key=lambda one: (one.goes_at, one.visits[0].starts_at, one.visits[0].pk))
    return Plan(messages, until, cut)


def _steps(visit: Appointment, steps: Sequence[int], *, now: datetime, until: datetime) -> list[int]:
    """Return the steps of a visit that are to come, and the one that is due now and still makes sense.

    A day more than is shown: a later visit of that day stands in the first one's message.
    """
    until += timedelta(days=1)
    since: datetime = visit.since  # type: ignore[attr-defined]
    last = due.newest(steps, visit.starts_at, now=now)
    wanted = []
    for step in due.in_order(steps):
        at = due.due_at(visit.starts_at, step)
        waits = step == last and now <= due.latest(visit.starts_at, step)
        if (now < at <= until or waits) and at > since:
            wanted.append(step)
    return wanted


def _together(visit: Appointment, step: int) -> tuple[object, ...]:
    """Return what the visits of one message have in common; what is skipped stands for itself."""
    point_id: UUID | None = visit.point_id  # type: ignore[attr-defined]
    if point_id is None or _skipped(visit):
        return (visit.pk, step)
    return (point_id, visit.starts_at.astimezone(facts().clinic.zone).date(), step)


def _skipped(visit: Appointment) -> str:
    if visit.status == Status.PENDING_REVIEW:
        return REQUEST
    answered = visit.attendance in (Attendance.ATTENDING, Attendance.DECLINED)
    return ANSWERED if answered else ""
