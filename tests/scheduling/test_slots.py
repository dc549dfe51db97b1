"""Free times from hours, absences, what is taken, rooms and a type's rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.hours import Range, WeeklySpan, ZoneDays, intersect, merge, subtract
from scheduling.slots import Agenda, Reason, TypeRule, explain, free_rooms, free_starts, roomless_starts
from tests.scheduling.oracle import minute_of

ZONE = ZoneInfo("America/New_York")
MONDAY = date(2027, 6, 7)
NINE_TO_FIVE = [WeeklySpan(weekday, 9 * 60, 17 * 60) for weekday in range(5)]
NOW = minute_of(datetime(2027, 6, 6, 12, 0, tzinfo=UTC))


def at(hour: int, minute: int = 0, *, day: date = MONDAY) -> int:
    return minute_of(datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE))


def free(agenda: Agenda, rule: TypeRule, *, now: int = NOW, blocked: list[Range] | None = None) -> list[str]:
    starts = free_starts(
        agenda,
        rule,
        days=ZoneDays(ZONE),
        first=MONDAY,
        last=MONDAY + timedelta(days=1),
        now=now,
        blocked=blocked or [],
    )
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [(epoch + timedelta(minutes=start)).astimezone(ZONE).strftime("%H:%M") for start in starts]


def why(agenda: Agenda, rule: TypeRule, start: int, *, now: int = NOW, **more: object) -> Reason | None:
    return explain(agenda, rule, start, days=ZoneDays(ZONE), now=now, **more)  # type: ignore[arg-type]


def test_a_working_day_gives_every_time_of_the_grid_that_fits() -> None:
    times = free(Agenda(NINE_TO_FIVE), TypeRule(duration=60, grid=30))
    assert (times[0], times[-1], len(times)) == ("09:00", "16:00", 15)


def test_the_grid_is_the_walls_not_the_opening_time() -> None:
    assert free(Agenda([WeeklySpan(0, 550, 640)]), TypeRule(duration=30, grid=30)) == ["09:30", "10:00"]


def test_the_grid_follows_the_wall_in_zones_with_odd_offsets() -> None:
    days = ZoneDays(ZoneInfo("Asia/Kathmandu"))
    starts = free_starts(
        Agenda([WeeklySpan(0, 540, 660)]),
        TypeRule(duration=60, grid=60),
        days=days,
        first=MONDAY,
        last=MONDAY + timedelta(days=1),
        now=NOW,
    )
    assert starts == [
        minute_of(datetime(2027, 6, 7, 3, 15, tzinfo=UTC)),
        minute_of(datetime(2027, 6, 7, 4, 15, tzinfo=UTC)),
    ]


def test_a_visit_may_cross_hours_that_adjoin_but_no_break() -> None:
    rule = TypeRule(duration=60, grid=30)
    assert "11:30" in free(Agenda([WeeklySpan(0, 540, 720), WeeklySpan(0, 720, 1020)]), rule)
    assert "11:30" not in free(Agenda([WeeklySpan(0, 540, 720), WeeklySpan(0, 780, 1020)]), rule)


def test_a_visit_may_run_past_midnight_when_the_hours_do() -> None:
    through = [WeeklySpan(0, 1320, 1440), WeeklySpan(1, 0, 120)]
    assert free(Agenda(through), TypeRule(duration=60, grid=30))[-1] == "23:30"


def test_what_is_taken_keeps_away_by_my_buffers_on_both_sides() -> None:
    rule = TypeRule(duration=30, grid=15, buffer_before=15, buffer_after=30)
    times = free(Agenda([WeeklySpan(0, 540, 840)], busy=[(at(11), at(12))]), rule)
    assert times[-1] == "13:30"
    assert "10:00" in times
    assert "10:15" not in times  # ends 10:45, cleaned up at 11:15
    assert "12:00" not in times  # prepared from 11:45
    assert "12:15" in times


def test_a_buffer_may_lie_outside_the_hours() -> None:
    rule = TypeRule(duration=30, grid=30, buffer_before=30, buffer_after=30)
    times = free(Agenda(NINE_TO_FIVE), rule)
    assert (times[0], times[-1]) == ("09:00", "16:30")


def test_notice_and_horizon_bound_what_is_offered() -> None:
    rule = TypeRule(duration=60, grid=60, least_notice=120, horizon_days=0)
    assert free(Agenda(NINE_TO_FIVE), rule, now=at(10, 1)) == ["13:00", "14:00", "15:00", "16:00"]
    assert free(Agenda(NINE_TO_FIVE), rule, now=at(10) - 1440) == []
    assert why(Agenda(NINE_TO_FIVE), rule, at(12), now=at(10, 1)) is Reason.NOTICE
    assert why(Agenda(NINE_TO_FIVE), rule, at(12), now=at(10) - 1440) is Reason.HORIZON


def test_the_far_future_is_an_empty_answer_not_an_error() -> None:
    starts = free_starts(
        Agenda(NINE_TO_FIVE),
        TypeRule(duration=30),
        days=ZoneDays(ZONE),
        first=date.max,
        last=date.max,
        now=NOW,
    )
    assert starts == []


def test_a_type_that_needs_rooms_is_offered_only_while_one_of_each_kind_is_free() -> None:
    rule = TypeRule(duration=60, grid=60, room_kinds=("exam", "xray"))
    rooms = {"exam": [[(at(9), at(11))], [(at(10), at(12))]], "xray": [[(at(14), at(15))]]}
    times = free(Agenda(NINE_TO_FIVE), rule, blocked=roomless_starts(rooms, rule))
    assert times == ["09:00", "11:00", "12:00", "13:00", "15:00", "16:00"]


def test_two_half_free_rooms_are_not_one_free_room() -> None:
    rule = TypeRule(duration=60, grid=60, room_kinds=("exam",))
    rooms = {"exam": [[(at(9), at(9, 30))], [(at(9, 30), at(10))]]}
    assert "09:00" not in free(Agenda(NINE_TO_FIVE), rule, blocked=roomless_starts(rooms, rule))


def test_a_kind_of_room_that_does_not_exist_is_never_free() -> None:
    rule = TypeRule(duration=60, grid=60, room_kinds=("mri",))
    assert free(Agenda(NINE_TO_FIVE), rule, blocked=roomless_starts({}, rule)) == []


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (at(8, 30), Reason.HOURS),
        (at(16, 45), Reason.HOURS),
        (at(9, 0), Reason.TIME_OFF),
        (at(11, 0), Reason.BUSY),
        (at(10, 30), Reason.BUFFER),
        (at(13, 10), Reason.GRID),
        (at(13, 0), None),
    ],
)
def test_explain_names_the_first_rule_that_removes_a_time(start: int, reason: Reason | None) -> None:
    agenda = Agenda(NINE_TO_FIVE, time_off=[(at(9), at(9, 30))], busy=[(at(11), at(12))])
    assert why(agenda, TypeRule(duration=30, grid=30, buffer_after=15), start) == reason


def test_explain_tells_the_others_buffer_from_the_others_visit() -> None:
    agenda = Agenda(NINE_TO_FIVE, busy=[(at(10, 45), at(12, 15))])
    rule = TypeRule(duration=30, grid=15)
    assert why(agenda, rule, at(12), visits=[(at(11), at(12))]) is Reason.BUFFER
    assert why(agenda, rule, at(11, 45), visits=[(at(11), at(12))]) is Reason.BUSY


def test_explain_says_when_only_a_room_is_missing() -> None:
    rule = TypeRule(duration=30, room_kinds=("exam",))
    assert why(Agenda(NINE_TO_FIVE), rule, at(10), blocked=roomless_starts({}, rule)) is Reason.ROOM


def ranges(low: int = 0, high: int = 1440) -> st.SearchStrategy[list[Range]]:
    edge = st.integers(low, high)
    return st.lists(st.tuples(edge, edge).map(lambda pair: (min(pair), max(pair))), max_size=8)


@given(ranges(), ranges())
def test_ranges_are_sets_of_minutes(left: list[Range], right: list[Range]) -> None:
    def minutes(some: list[Range]) -> set[int]:
        return {minute for begin, end in some for minute in range(begin, end)}

    a, b = merge(left), merge(right)
    assert minutes(a) == minutes(left)
    assert minutes(subtract(a, b)) == minutes(left) - minutes(right)
    assert minutes(intersect(a, b)) == minutes(left) & minutes(right)


rules = st.builds(
    TypeRule,
    duration=st.integers(5, 120),
    buffer_before=st.integers(0, 45),
    buffer_after=st.integers(0, 45),
    grid=st.sampled_from([5, 10, 15, 20, 30, 60]),
    least_notice=st.integers(0, 600),
    room_kinds=st.sampled_from([(), ("exam",), ("exam", "xray")]),
)
DAY_START = at(0)
BUSY = ranges(DAY_START - 60, DAY_START + 1500)


@given(rules, BUSY, BUSY, BUSY, BUSY)
def test_what_is_offered_collides_with_nothing_and_what_is_not_has_a_reason(
    rule: TypeRule, busy: list[Range], time_off: list[Range], one: list[Range], other: list[Range]
) -> None:
    days = ZoneDays(ZONE)
    agenda = Agenda([WeeklySpan(0, 540, 1020)], time_off=time_off, busy=busy)
    rooms = {"exam": [one, other], "xray": [other]}
    blocked = roomless_starts(rooms, rule)
    now = at(6)
    offered = free_starts(
        agenda, rule, days=days, first=MONDAY, last=MONDAY + timedelta(days=1), now=now, blocked=blocked
    )
    for start in offered:
        begin, end = rule.blocks(start)
        assert not any(low < end and begin < high and low < high for low, high in busy)
        assert at(9) <= start
        assert start + rule.duration <= at(17)
        for kind in rule.room_kinds:
            assert free_rooms(rooms[kind], rule, start)
    for start in range(at(8), at(18), 5):
        reason = explain(agenda, rule, start, days=days, now=now, blocked=blocked)
        assert (reason is None) == (start in offered)
