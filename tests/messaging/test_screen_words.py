"""Small words of the screens: durations, days, initials, marks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from clinics.templatetags.ui import initials, mark
from messaging import times

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 15, 42, tzinfo=UTC)  # Tuesday 10:42 in New York


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "1 m"),
        (timedelta(minutes=38), "38 m"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=23, minutes=22), "23 h 22 m"),
        (timedelta(days=1, hours=2), "1 d 2 h"),
        (timedelta(days=3), "3 d"),
    ],
)
def test_durations_are_said_as_the_desk_says_them(span: timedelta, words: str) -> None:
    assert times.duration(span) == words


def test_a_day_line_is_in_the_clinics_zone_not_in_utc() -> None:
    late = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)  # still Monday evening in New York

    assert times.day_line(late, NEW_YORK, now=NOW) == "Yesterday, Monday, November 23"
    assert times.day_line(NOW, NEW_YORK, now=NOW) == "Today, Tuesday, November 24"


def test_days_follow_the_readers_language() -> None:
    with translation.override("es"):
        assert times.day_line(NOW, NEW_YORK, now=NOW) == "Hoy, martes, 24 de noviembre"
        assert times.clock_time(NOW, NEW_YORK) == "10:42"


def test_a_day_of_another_year_says_so() -> None:
    assert "2024" in times.day_line(datetime(2024, 1, 5, 12, tzinfo=UTC), NEW_YORK, now=NOW)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Rosa Delgado", "RD"),
        ("García family · 3", "GF"),
        ("陈丽华", "陈"),
        ("@luna.v", "@l"),
        ("(347) 555-1004", "#"),
        ("Cher", "C"),
        ("", "#"),
        ("🙂", "#"),
    ],
)
def test_initials_stand_for_any_name(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("name", "letters"), [("Riverside", "Ri"), ("Clínica Sol", "So"), ("The Clinic", "Th"), ("", "–")]
)
def test_a_clinics_mark_skips_words_that_all_clinics_have(name: str, letters: str) -> None:
    assert mark(name) == letters
