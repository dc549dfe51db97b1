"""A patient answers a reminder on the phone: the first page of the day and the thread follow by themselves."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import CLINIC, PATIENCE, PHONE
from tests.browser.parts import DESK, INBOX, PlayedPhone, new_phone, row_of, shell
from tests.stack.running import RunningStack

TODAY = f"/c/{CLINIC}/today/"
UNTOUCHED = "window.untouched"

# A visit of today for the person of a phone, who is asked at once whether they come.
_ASK = """
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo
from medsync.lib import clock
from messaging.reminders.reminding import send_now
from scheduling import operations
from scheduling.models import *
now, point = clock.now(), ContactAddress.objects.get(pk=UUID("{phone}")).contact_point
patient = Patient.objects.filter(contacts__contact_point=point)[0]
Patient.objects.filter(pk=patient.pk).update(name="{name}", preferred_language="en")
place = Location.objects.order_by("rank")[0]
begin = now.replace(second=0, microsecond=0) + timedelta(minutes={minutes})
last = now.astimezone(ZoneInfo(place.zone)).replace(hour=23, minute=59, second=0, microsecond=0)
begin = min(begin, last.astimezone(begin.tzinfo))  # late in the evening: a visit of today all the same
doctor = Practitioner.objects.order_by("rank")[0]
visit = Appointment.objects.create(
    patient=patient, contact_point=point, practitioner=doctor, type=AppointmentType.objects.order_by("rank")[0],
    location=place, starts_at=begin, ends_at=begin + timedelta(minutes=20), local_start=begin.isoformat()[:16],
    zone=place.zone, status="confirmed", source="staff", created_at=now - timedelta(days=9))
send_now(visit.pk, now=now)
"""


def reminded(stack: RunningStack, page: Page, name: str, *, minutes: int) -> PlayedPhone:
    """Take a new phone, and let its person be reminded of a visit that begins in so many minutes."""
    phone = new_phone(page)
    phone.write("gracias")
    shell(stack, _ASK.format(phone=phone.id, name=name, minutes=minutes))
    phone.heard("Will you come?")
    return phone


def row(page: Page, name: str):  # type: ignore[no-untyped-def]
    """Return a visit's row in the day."""
    return page.locator("[data-part=today-rows] .today-row", has=page.get_by_text(name, exact=True))


def test_a_yes_from_the_phone_shows_coming_in_today_and_in_the_thread(
    visit: Callable[..., Page], stack: RunningStack
) -> None:
    phone = reminded(stack, visit(DESK), "Answer Ana", minutes=12)
    today, inbox = visit(TODAY), visit(f"{INBOX}?view=all")
    expect(row(today, "Answer Ana")).to_contain_text("Asked", timeout=PATIENCE)
    today.evaluate(f"{UNTOUCHED} = true")
    row_of(inbox, "Answer Ana").click()

    phone.case.get_by_role("button", name="1", exact=True).click()
    phone.heard("expects you")

    expect(row(today, "Answer Ana")).to_contain_text("Coming", timeout=PATIENCE)
    expect(inbox.locator(".bubble", has_text="expects you")).to_be_visible(timeout=PATIENCE)
    assert today.evaluate(UNTOUCHED)


def test_a_no_shows_not_coming_and_gives_the_desk_a_task_and_sorry_yes_takes_it_back(
    visit: Callable[..., Page], stack: RunningStack
) -> None:
    phone = reminded(stack, visit(DESK), "Answer Noa", minutes=14)
    today = visit(TODAY)

    phone.write("no")
    phone.heard("is cancelled")
    expect(row(today, "Answer Noa")).to_contain_text("Not coming", timeout=PATIENCE)
    expect(today.locator(".today-side")).to_contain_text("Answer Noa", timeout=PATIENCE)

    phone.write("sorry, yes!")
    phone.heard("expects you")
    expect(row(today, "Answer Noa")).to_contain_text("Coming", timeout=PATIENCE)


def test_late_words_put_the_visit_on_top_of_the_day_also_on_a_phone(
    visit: Callable[..., Page], stack: RunningStack
) -> None:
    phone = reminded(stack, visit(DESK), "Answer Lea", minutes=16)
    today, small = visit(TODAY), visit(TODAY, viewport=PHONE)

    phone.write("running 10 minutes late")
    phone.heard("front desk knows")

    for page in (today, small):
        news = page.locator(
            "[data-part=today-news] .today-row", has=page.get_by_text("Answer Lea", exact=True)
        )
        expect(news).to_contain_text("Late ~10 min", timeout=PATIENCE)
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    news.scroll_into_view_if_needed()
    phone.write("I am here")
    expect(today.locator("[data-part=today-news] .today-row", has_text="Answer Lea")).to_contain_text(
        "Says: here", timeout=PATIENCE
    )
    today.locator("[data-part=today-news]").get_by_role("button", name="Answer Lea: Arrived").click()
    expect(today.locator("[data-part=today-news] .today-row", has_text="Answer Lea")).to_have_count(
        0, timeout=PATIENCE
    )
