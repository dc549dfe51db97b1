"""What patients say of the day, on its first page: asked, coming, not coming, late, says to be here."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from scheduling import operations
from scheduling.models import Appointment
from tests.messaging.days import NOW, a_visit, at
from tests.messaging.inboxes import reenter
from tests.messaging.remind import fresh, reminded
from tests.messaging.talk import MONDAY_10

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(clinic: Clinic, receptionist: User, browse: Any) -> Iterator[Any]:
    """Return a reader of the page, as the receptionist sees it on a Tuesday at 10:42."""

    def read() -> str:
        response = browse(receptionist).get(f"/c/{clinic.slug}/today/")
        assert response.status_code == 200
        reenter(clinic)
        return str(response.content.decode())

    with time_machine.travel(NOW, tick=False), in_clinic(clinic):
        yield read


def chips(html: str, name: str) -> list[str]:
    found = re.findall(r'<li class="today-row.*?</li>', html, re.S)
    words = re.compile(r'class="chip[^"]*">(?:<svg.*?</svg>)?([^<]*)<', re.S)
    return [match[1].strip() for row in found if name in row and (match := words.search(row))]


@pytest.mark.parametrize(
    ("columns", "chip"),
    [({"attendance": "asked"}, "Asked, no answer yet"), ({"attendance": "attending"}, "Coming"), ({"attendance": "declined"}, "Not coming"),
     ({"attendance": "attending", "late_minutes": 15}, "Late ~15 min"), ({"late_minutes": 0}, "Late"), ({"says_here_at": NOW}, "Says: here"),
     ({"late_minutes": 15, "says_here_at": NOW}, "Says: here")],
)  # fmt: skip
def test_a_row_says_how_the_patient_answered(page: Any, columns: dict[str, Any], chip: str) -> None:
    a_visit("Maja Lindqvist", at(12), **columns)
    assert set(chips(page(), "Maja Lindqvist")) == {chip}


def test_who_is_late_or_says_to_be_here_stands_at_the_top(page: Any) -> None:
    a_visit("Early Bird", at(9), status="fulfilled")
    a_visit("Late Larry", at(12), late_minutes=10)
    a_visit("Here Hannah", at(13), says_here_at=NOW)
    html = page()
    news = html[html.index('data-part="today-news"') : html.index('data-part="first-day"')]
    assert re.findall(r"Here Hannah|Late Larry|Early Bird", re.sub(r'aria-label="[^"]*"', "", news)) == [
        "Here Hannah",
        "Late Larry",
    ]
    assert 'data-mark="arrive"' in news


@pytest.mark.parametrize("status", ["arrived", "fulfilled", "no_show"])
def test_what_the_desk_has_marked_is_no_news(page: Any, status: str) -> None:
    a_visit("Late Larry", at(10), late_minutes=10, status=status)
    html = page()
    news = html[html.index('data-part="today-news"') : html.index('data-part="first-day"')]
    assert "Late Larry" not in news


def test_a_visit_that_is_over_is_no_news(page: Any) -> None:
    a_visit("Late Larry", at(9), late_minutes=10)
    assert chips(page(), "Late Larry") == ["Not marked"]


# ── Said by message, on the day ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("llego 15 min tarde", 15), ("running 10 minutes late", 10), ("迟到", 0), ("voy tarde", 0)],
)
def test_late_words_mark_the_visit_of_today(clinic: Clinic, text: str, minutes: int) -> None:
    talk, (visit,) = reminded(clinic, starts_at=MONDAY_10 + timedelta(hours=1))
    answer = talk.say(text)
    assert any(words in answer for words in ("front desk knows", "recepción", "前台"))
    late = fresh(talk, visit)
    assert (late.late_minutes, late.attendance, late.status) == (minutes, "attending", "confirmed")


@pytest.mark.parametrize("text", ["ya llegué", "I am here", "我到了"])
def test_here_words_mark_the_visit_of_today(clinic: Clinic, text: str) -> None:
    talk, (visit,) = reminded(clinic, starts_at=MONDAY_10 + timedelta(hours=1))
    assert talk.say(text)
    assert fresh(talk, visit).says_here_at is not None
    assert fresh(talk, visit).status == "confirmed"


def test_late_after_the_visit_has_begun_still_counts(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic, starts_at=MONDAY_10 + timedelta(hours=1))
    talk.say("running 20 minutes late", after=timedelta(minutes=70))
    assert fresh(talk, visit).late_minutes == 20


@pytest.mark.parametrize("text", ["llego 15 min tarde", "I am here"])
def test_late_and_here_say_nothing_on_another_day(clinic: Clinic, text: str) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say(text)
    told = fresh(talk, visit)
    assert (told.late_minutes, told.says_here_at, told.attendance) == (None, None, "asked")


def test_of_two_visits_of_today_the_one_that_is_not_over_is_meant(clinic: Clinic, owner: User) -> None:
    talk, (first, second) = reminded(
        clinic, "Ana Pérez", "Luis Pérez", starts_at=MONDAY_10 + timedelta(hours=1)
    )
    talk.say("I am here", after=timedelta(minutes=95))
    assert fresh(talk, first).says_here_at is None
    assert fresh(talk, second).says_here_at is not None


def test_who_has_arrived_already_is_thanked_and_nothing_changes(clinic: Clinic, owner: User) -> None:
    talk, (visit,) = reminded(clinic, starts_at=MONDAY_10 + timedelta(hours=1))
    with in_clinic(clinic):
        operations.arrive(Appointment.objects.get(pk=visit.pk), by=owner, now=talk.now)
    assert "front desk knows" in talk.say("I am here")
    assert fresh(talk, visit).says_here_at is None
