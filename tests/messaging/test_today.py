"""The first page of the day: whose visits, in which order, how they stand, what waits beside them, what it costs."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging.today import queries
from scheduling.models import Location, Task
from tests.messaging.days import NOW, a_visit, another_doctor, at
from tests.messaging.inboxes import a_thread, reenter, says
from tests.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside(clinic: Clinic) -> Iterator[Clinic]:
    """Enter the clinic under test, on a Tuesday at 10:42."""
    with time_machine.travel(NOW, tick=False), in_clinic(clinic):
        yield clinic


@pytest.fixture
def page(inside: Clinic, receptionist: User, browse: Any) -> Any:
    """Return a reader of the page, as the receptionist sees it."""

    def read(query: str = "", *, user: User | None = None, **headers: str) -> str:
        response = browse(user or receptionist).get(f"/c/{inside.slug}/today/{query}", headers=headers)
        assert response.status_code == 200
        reenter(inside)
        return str(response.content.decode())

    return read


def names(html: str) -> list[str]:
    """Return the names of the rows, in order; "|" is the line that says what time it is."""
    rows = re.findall(r'class="today-(?:name"[^>]*>([^<]*)<|now()")', html)
    return [name or "|" for name, _ in rows]


def state(html: str, name: str) -> str:
    """Return the words of a row's chip."""
    row = html[html.index(f">{name}<") :]
    return re.sub(r"<[^>]*>", "", row[row.index('<span class="chip') :].partition("</p>")[0]).strip()


def buttons(html: str, name: str) -> list[str]:
    """Return the names of a row's marks."""
    row = html[html.index(f">{name}<") :].partition("</li>")[0]
    return re.findall(r'data-mark="([^"]*)"', row)


def figures(html: str) -> dict[str, int]:
    """Return the day's figures by their words."""
    part = html[html.index('<dl class="today-counts"') :].partition("</dl>")[0]
    return {label: int(n) for label, n in re.findall(r"<span>([^<]*)</span></dt><dd[^>]*>(\d+)</dd>", part)}


def test_the_clinics_home_leads_to_the_day(inside: Clinic, receptionist: User, browse: Any) -> None:
    response = browse(receptionist).get(f"/c/{inside.slug}/")
    assert (response.status_code, response.headers["Location"]) == (302, f"/c/{inside.slug}/today/")


def test_visits_stand_in_order_with_the_line_of_now_between_them(page: Any) -> None:
    a_visit("Noon", at(12))
    a_visit("Early", at(9))
    a_visit("Yesterday", at(9, days=-1))
    a_visit("Tomorrow", at(9, days=1))
    a_visit("Called Off", at(11), status="cancelled")

    html = page()

    assert names(html) == ["Early", "|", "Noon"]
    assert "now 10:42" in html
    assert "Today, Tuesday, November 24" in html


def test_another_day_is_a_step_away_and_has_no_line(page: Any) -> None:
    a_visit("Tomorrow", at(9, days=1))

    html = page("?date=2026-11-25")

    assert names(html) == ["Tomorrow"]
    assert "Tomorrow, Wednesday, November 25" in html
    assert "today/?date=2026-11-26" in html
    assert buttons(html, "Tomorrow") == ["remind"]  # nothing of tomorrow can be marked


@pytest.mark.parametrize(
    "query", ["?date=", "?date=soon", "?date=0001-01-01", "?date=9999-12-31", "?doctor=x"]
)
def test_nonsense_in_the_address_shows_today(page: Any, query: str) -> None:
    a_visit("Early", at(9))
    assert names(page(query)) == ["Early", "|"]


def test_a_visit_over_midnight_stands_on_both_days(page: Any) -> None:
    a_visit("Night Owl", at(23, 45, days=-1), minutes=30)
    a_visit("Evening", at(23, days=-1), minutes=60)  # ends on the stroke of midnight

    assert names(page()) == ["Night Owl", "|"]
    assert names(page("?date=2026-11-23")) == ["Evening", "Night Owl"]


@pytest.mark.parametrize(
    ("on", "hours"),
    [("2026-11-01", 25), ("2027-03-14", 23), ("2026-11-24", 24)],
    ids=["the clock goes back", "the clock goes forward", "any day"],
)
def test_a_day_is_as_long_as_the_clinics_clock_makes_it(inside: Clinic, on: str, hours: int) -> None:
    day = queries.day_of(datetime.fromisoformat(on).date(), inside.zone)
    assert day.end - day.begin == timedelta(hours=hours)
    assert day.begin.astimezone(inside.zone).hour == 0


def test_the_last_hour_of_a_long_day_belongs_to_it(page: Any) -> None:
    late = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)  # 23:30 in New York, a 25-hour Sunday
    a_visit("Late Sunday", late)

    assert names(page("?date=2026-11-01")) == ["Late Sunday"]
    assert names(page("?date=2026-11-02")) == []


@pytest.mark.parametrize(
    ("columns", "starts_at", "chip", "marks"),
    [
        ({"status": "fulfilled"}, at(9), "Came", []),
        ({"status": "no_show"}, at(9), "Did not come", []),
        ({"status": "arrived"}, at(10, 30), "Here", ["complete"]),
        ({}, at(9), "Not marked", ["no-show", "complete"]),
        ({}, at(10, 30), "Not here yet", ["no-show", "arrive"]),
        ({"attendance": "attending"}, at(11), "Coming", ["arrive"]),
        ({"attendance": "asked"}, at(15), "Asked, no answer yet", ["arrive"]),
        ({"attendance": "declined"}, at(15), "Not coming", ["arrive"]),
        ({}, at(15), "Accepted", ["remind", "arrive"]),
        (
            {"status": "pending_review", "respond_by": NOW + timedelta(minutes=22)},
            at(14),
            "Request, 22 min left",
            [],
        ),
        ({"status": "pending_review", "respond_by": NOW}, at(14), "Request, time is up", []),
    ],
    ids=[
        *("came", "did not come", "here", "over and not marked", "begun", "coming", "asked", "not coming"),
        *("accepted", "request", "request that ran out"),
    ],
)
def test_a_row_says_how_the_visit_stands_and_offers_what_fits(
    page: Any, columns: dict[str, Any], starts_at: Any, chip: str, marks: list[str]
) -> None:
    a_visit("Somebody", starts_at, **columns)

    html = page()

    assert state(html, "Somebody") == chip
    assert buttons(html, "Somebody") == marks


def test_a_lost_message_about_the_visit_says_not_reached_until_a_way_was_found(page: Any) -> None:
    thread = a_thread("Ivan Petrov", failed_count=1)
    visit = a_visit(
        patient=thread.contact_point.patient_contacts.get().patient, contact_point=thread.contact_point
    )
    lost = says(
        thread, "Your visit", author="system", status="undelivered", error_code="30006", appointment=visit
    )

    html = page()
    assert state(html, "Ivan Petrov") == "Not reached"
    assert figures(html)["not reached"] == 1
    assert "This is a landline" in html  # beside the day, with what happened
    assert html.count(f"/inbox/{thread.pk}/") >= 2

    lost.solved = "told"
    lost.save()
    assert state(page(), "Ivan Petrov") == "Accepted"


def test_figures_count_the_day(page: Any) -> None:
    a_visit("A", at(8), status="fulfilled")
    a_visit("B", at(9), status="no_show")
    a_visit("C", at(10), status="arrived")
    a_visit("D", at(12), attendance="attending")
    a_visit("E", at(13), attendance="asked")
    a_visit("F", at(14))
    a_visit("G", at(15), status="pending_review")

    assert figures(page()) == {
        "visits": 6,
        "came": 1,
        "here now": 1,
        "coming": 1,
        "asked": 1,
        "not reached": 0,
        "did not come": 1,
        "request": 1,
    }


def test_one_doctors_day_can_be_looked_at_alone(page: Any) -> None:
    other = another_doctor("Dr. Samuel Okafor")
    a_visit("Hers", at(12))
    a_visit("His", at(13), practitioner=other)

    assert names(page()) == ["|", "Hers", "His"]
    html = page(f"?doctor={other.pk}")
    assert names(html) == ["|", "His"]
    assert 'title="Dr. Samuel Okafor" aria-current="true">Okafor<' in html
    assert f"/arrive/?doctor={other.pk}" in html or "arrive" not in html


def test_many_doctors_become_a_menu(page: Any) -> None:
    for n in range(8):
        another_doctor(f"Dr. Number{n}")
    html = page()
    assert "data-chooses" in html
    assert "segmented" not in html


def test_requests_stand_by_what_is_left_of_their_time(page: Any) -> None:
    a_visit("Later", at(10, days=3), status="pending_review", respond_by=NOW + timedelta(hours=5))
    a_visit("Sooner", at(10, days=9), status="pending_review", respond_by=NOW + timedelta(minutes=22))

    html = page()
    column = html[html.index('data-part="today-requests"') :].partition("</section>")[0]

    assert column.index("Sooner") < column.index("Later")
    assert "22 min left" in column
    assert "chip-bad" in column


def test_a_patients_name_is_shown_as_text(page: Any) -> None:
    a_visit("<b>Bobby</b>")
    assert "&lt;b&gt;Bobby" in page()


def test_a_reread_answers_the_parts_with_the_rail(page: Any) -> None:
    a_visit("Early", at(9))
    html = page(HX_Request="true")
    assert "<html" not in html
    for part in (
        "nav",
        "bottom",
        "today-head",
        "today-counts",
        "today-rows",
        "today-requests",
        "today-tasks",
    ):
        assert f'data-part="{part}"' in html


def test_the_day_stands_first_in_rail_and_bottom_bar(page: Any) -> None:
    html = page()
    nav = html[html.index('data-part="nav"') :]
    assert nav.index('data-view="today"') < nav.index('data-view="needs-reply"')
    bar = html[html.index('data-part="bottom"') :].partition("</nav>")[0]
    assert bar.count("bottom-item") <= 5
    assert 'data-view="today" aria-current="page"' in bar


def test_it_speaks_spanish_without_a_word_left_over(inside: Clinic, owner: User, browse: Any) -> None:
    a_visit("Ana", at(9))
    client = browse(owner)
    client.cookies["django_language"] = "es"
    html = client.get(f"/c/{inside.slug}/today/").content.decode()
    assert "Hoy, martes, 24 de noviembre" in html
    assert "Fin del turno" in html


def test_a_day_without_visits_says_so_and_leads_on(page: Any) -> None:
    html = page()
    assert "No visit today" in html
    assert "today/?date=2026-11-25" in html
    assert "No request waits." in html


def test_the_first_day_list_says_what_is_done_and_goes_when_all_is(
    page: Any, inside: Clinic, owner: User, browse: Any
) -> None:
    html = page(user=owner)
    assert "The first day" in html
    assert "The address is missing" in html

    Location.objects.update(address="48 Riverside Drive")
    assert "The address is missing" not in page(user=owner)

    assert browse(owner).post(f"/c/{inside.slug}/today/first-day/put-away/").status_code == 302
    reenter(inside)
    assert "The first day" not in page(user=owner)


def test_who_can_do_nothing_of_the_first_day_is_not_shown_it(
    page: Any, settings: Any, inside: Clinic, receptionist: User, browse: Any
) -> None:
    settings.LOCAL_PROVIDER_ALLOWED = False  # else the practice phone is everybody's
    assert "The first day" not in page()
    assert browse(receptionist).post(f"/c/{inside.slug}/today/first-day/put-away/").status_code == 403


def test_the_page_costs_twelve_statements_at_any_size(inside: Clinic, owner: User, browse: Any) -> None:
    client = browse(owner)

    def cost() -> list[str]:
        with statements() as sent:
            assert client.get(f"/c/{inside.slug}/today/").status_code == 200
        reenter(inside)
        return [
            one for one in sent if not one.startswith(("SET ", "BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
        ]

    cost()  # the clinic's row is kept in the process for some seconds from now on
    small = cost()
    another_doctor("Dr. Second")
    for n in range(30):
        thread = a_thread(f"Person {n}", failed_count=1)
        patient = thread.contact_point.patient_contacts.get().patient
        begin = at(8) + timedelta(minutes=10 * n)
        status = ("confirmed", "pending_review", "arrived")[n % 3]
        visit = a_visit(patient=patient, contact_point=thread.contact_point, starts_at=begin, status=status)
        says(thread, "lost", author="system", status="undelivered", appointment=visit)
        Task.objects.create(
            kind=("call_back", "other")[n % 2],
            text="Do it",
            contact_point=thread.contact_point,
            created_by=owner,
        )
    cost()
    large = cost()

    assert len(large) == len(small)
    assert len(large) <= 12, "\n".join(large)
