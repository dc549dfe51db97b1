"""The first page of the day in Chromium: mark by one click, tasks, live changes, every state, paper."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import complaints, script
from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE
from tests.browser.parts import forget_people, has_focus, shell
from tests.stack.running import RunningStack

TODAY = f"/c/{CLINIC}/today/"
LONG = "María del Carmen Fernández-Villavicencio y Goyeneche de la Santísima Trinidad " * 2

# Visits of the demo's today, around now; "Day " begins their names, so that they can be taken away again.
_VISIT = """
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo
from medsync.lib import clock
from scheduling.models import *
def visit(name, minutes, status="confirmed", attendance="unasked", length=30):
    now, place = clock.now(), Location.objects.get()
    # Tests run at any hour: what would begin yesterday or tomorrow begins at the end of today that is next to it.
    local = now.astimezone(ZoneInfo(place.zone)).replace(second=0, microsecond=0)
    first, last = local.replace(hour=0, minute=0), local.replace(hour=23, minute=59)
    begin = min(max(local + timedelta(minutes=minutes), first), last).astimezone(UTC)
    end = begin + timedelta(minutes=length)
    if minutes + length <= 0:  # what would be over is over
        end = max(min(end, now), begin + timedelta(seconds=1))
    Appointment.objects.create(
        patient=Patient.objects.create(name=name[:160]), practitioner=Practitioner.objects.order_by("rank")[0],
        type=AppointmentType.objects.order_by("rank")[0], location=place, starts_at=begin,
        ends_at=end, local_start=begin.isoformat()[:16], zone=place.zone,
        status=status, attendance=attendance, source="staff",
        respond_by=now + timedelta(minutes=22) if status == "pending_review" else None)
"""


@pytest.fixture
def day(stack: RunningStack) -> Iterator[Callable[[str], None]]:
    """Give a writer of visits; they are taken away again."""
    yield lambda code: shell(stack, _VISIT.strip() + "\n" + code)
    forget_people(stack, "Day ", 'Task.objects.filter(text__startswith="Day ").delete()')


def row(page: Page, name: str):  # type: ignore[no-untyped-def]
    """Return a visit's row."""
    return page.locator(".today-row", has=page.get_by_text(name, exact=True))


def no_sideways(page: Page) -> None:
    """No page is wider than its window, and no button reaches out of it."""
    width = page.viewport_size["width"]  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    out = page.evaluate(
        "w => [...document.querySelectorAll('.today a, .today button, .today .chip')]"
        ".filter(e => e.getClientRects().length && e.getBoundingClientRect().right > w + 1).length",
        width,
    )
    assert out == 0


def test_a_visit_is_marked_by_one_click_and_another_members_page_follows(
    visit: Callable[..., Page], day: Callable[[str], None]
) -> None:
    day('visit("Day Maja", -10); visit("Day Luis", 30, attendance="attending")')
    mine, theirs = visit(TODAY), visit(TODAY)
    expect(row(theirs, "Day Maja")).to_contain_text("Not here yet")

    row(mine, "Day Maja").get_by_role("button", name="Day Maja: Arrived").click()

    expect(row(mine, "Day Maja")).to_contain_text("Arrived", timeout=PATIENCE)
    expect(row(theirs, "Day Maja").get_by_role("button", name="Day Maja: Came")).to_be_visible(
        timeout=PATIENCE
    )
    has_focus(mine, ".today-row")  # it stays in the row
    row(theirs, "Day Maja").get_by_role("button", name="Day Maja: Came").press("Enter")
    expect(row(theirs, "Day Maja")).to_have_class("today-row is-past", timeout=PATIENCE)
    row(theirs, "Day Maja").get_by_role("button", name="Day Maja: Undo").click()
    expect(row(mine, "Day Maja")).to_contain_text("Arrived", timeout=PATIENCE)


def test_who_is_second_is_told_who_was_first(
    visit: Callable[..., Page], stack: RunningStack, day: Callable[[str], None]
) -> None:
    day('visit("Day Eva", -40)')
    page = visit(TODAY)
    page.route(
        "**/today/",
        lambda route: route.abort() if route.request.headers.get("hx-request") else route.continue_(),
    )
    shell(
        stack,
        """
from clinics.models import User
from medsync.lib import clock
from scheduling import operations
from scheduling.models import Appointment
eva = Appointment.objects.get(patient__name="Day Eva")
operations.complete(eva, by=User.objects.get(email="marta@riverside.example"), now=clock.now())
""",
    )

    row(page, "Day Eva").get_by_role("button", name="Day Eva: Did not come").click()

    expect(page.locator("[data-toasts]")).to_contain_text("by Marta: came", timeout=PATIENCE)
    expect(row(page, "Day Eva")).to_contain_text("Came")


def test_a_task_is_noted_and_ticked_by_keys(visit: Callable[..., Page], day: Callable[[str], None]) -> None:
    page = visit(TODAY)
    page.locator("[data-add-task]").press("Enter")
    expect(page.get_by_label("What is to be done")).to_be_focused(timeout=PATIENCE)
    page.keyboard.type("Day of the lab form")
    page.keyboard.press("Enter")

    task = page.get_by_role("checkbox", name="Done: Day of the lab form")
    expect(task).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#task-dialog")).to_be_hidden()
    task.press("Space")
    expect(task).to_be_checked(timeout=PATIENCE)
    task.press("Space")
    expect(task).not_to_be_checked(timeout=PATIENCE)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_an_empty_a_full_and_a_very_long_day_fit(
    visit: Callable[..., Page], day: Callable[[str], None], viewport: dict[str, int]
) -> None:
    empty = visit(f"{TODAY}?date=2031-01-05", viewport=viewport)
    expect(empty.get_by_role("heading", name="No visit on this day")).to_be_visible()
    no_sideways(empty)

    day(
        f'visit("Day {LONG}", 20, "pending_review")\n'
        'for n in range(60): visit(f"Day Person {n}", -300 + 8 * n, length=5)'
    )
    for options in ({}, {"color_scheme": "dark"}):
        page = visit(TODAY, viewport=viewport, **options)
        expect(row(page, "Day Person 59")).to_be_attached()
        no_sideways(page)
        assert complaints(page, script()) == []
    line = page.locator(".today-now")
    above, below = line.locator("xpath=preceding-sibling::li"), line.locator("xpath=following-sibling::li")
    assert above.count() > 20
    assert below.count() > 10


def test_spanish_has_no_cut_word(
    visit: Callable[..., Page], day: Callable[[str], None], stack: RunningStack
) -> None:
    day('visit("Day Ana", -40); visit("Day Eva", 200, attendance="asked"); visit("Day Luz", -10)')
    page = visit(f"{TODAY}?date=2031-01-05", viewport=PHONE)
    page.context.add_cookies([{"name": "django_language", "value": "es", "url": stack.url}])
    page.goto(TODAY)
    no_sideways(page)
    cut = page.evaluate(
        "() => [...document.querySelectorAll('.today .btn, .today .chip, .today dt span, .today h1, .today h2')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')"
        ".map(e => e.textContent)"
    )
    assert cut == []


def test_a_shift_ends_with_what_was_answered(visit: Callable[..., Page], day: Callable[[str], None]) -> None:
    day('visit("Day Nora", -90); visit("Day Owen", -60, "arrived"); visit("Day Eva", -50)')
    page = visit(TODAY)
    page.get_by_role("link", name="End of shift").click()
    expect(page.get_by_role("group", name="Day Owen").get_by_label("Came", exact=True)).to_be_checked()
    expect(page.get_by_role("group", name="Day Nora").get_by_label("Leave open")).to_be_checked()
    assert complaints(page, script()) == []
    page.get_by_role("group", name="Day Nora").get_by_label("Did not come").check()
    page.get_by_label("A note to the next shift").fill("Day and night: the printer is out of paper")
    page.get_by_role("button", name="End the shift").click()

    expect(row(page, "Day Owen")).to_contain_text("Came", timeout=PATIENCE)
    expect(row(page, "Day Nora")).to_contain_text("Did not come")
    expect(row(page, "Day Eva")).to_contain_text("Not marked")
    expect(page.get_by_role("checkbox", name="Done: Day and night")).to_be_visible()


def test_paper_has_the_list_alone_black_on_white(
    visit: Callable[..., Page], day: Callable[[str], None]
) -> None:
    day('visit("Day Nora", -90); visit("Day Eva", 50)')
    page = visit(TODAY, color_scheme="dark")
    page.emulate_media(media="print")

    for away in (".rail", ".today-side", ".today-acts", ".today-head"):
        expect(page.locator(away).first).to_be_hidden()
    expect(page.locator(".today-paper")).to_contain_text("Riverside")
    looks = page.evaluate(
        "() => [getComputedStyle(document.querySelector('.today-row')).backgroundColor,"
        " getComputedStyle(document.querySelector('.today-name')).color,"
        " getComputedStyle(document.querySelector('.today-main')).overflowY]"
    )
    assert looks == ["rgb(255, 255, 255)", "rgb(0, 0, 0)", "visible"]
