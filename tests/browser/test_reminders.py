"""Reminders in Chromium: the preview, switching on, send now until the phone shows it, the call list; wide and narrow."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import complaints, script
from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE
from tests.browser.parts import DESK, forget_people, new_phone, shell
from tests.stack.running import RunningStack

REMINDERS, CALLS = f"/c/{CLINIC}/reminders/", f"/c/{CLINIC}/call-list/"
LONG = "María del Carmen Fernández-Villavicencio y Goyeneche"

_VISIT = """
from datetime import timedelta
from medsync.lib import clock
from messaging.models import *
from scheduling.models import *
def visit(patient, hours):
    now, place = clock.now(), Location.objects.get()
    begin = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
    return Appointment.objects.create(
        patient=patient, practitioner=Practitioner.objects.order_by("rank")[0], zone=place.zone, location=place,
        type=AppointmentType.objects.order_by("rank")[0], starts_at=begin, ends_at=begin + timedelta(minutes=10),
        local_start=begin.isoformat()[:16], status="confirmed", source="staff",
        created_at=now - timedelta(days=30))
def somebody(name): return Patient.objects.create(name=name)
"""
_FIRST = (
    "visits = Appointment.objects.filter(patient__in=ours)",
    'ReminderClaim.objects.filter(subject_id__in=visits.values("pk")).delete()',
    "VisitCall.objects.filter(appointment__in=visits).delete()",
    "PatientContact.objects.filter(patient__in=ours).delete()",
    "PatientView.objects.filter(patient__in=ours).delete()",
    "ReminderSettings.objects.all().delete()",
)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["1440x900", "390x844"])
def viewport(request: pytest.FixtureRequest) -> Any:
    """Return the size of the screen."""
    return request.param


@pytest.fixture
def day(stack: RunningStack) -> Iterator[Callable[[str], None]]:
    """Give a writer of visits; they are taken away again, and reminders are off again."""
    yield lambda code: shell(stack, _VISIT.strip() + "\n" + code)
    forget_people(stack, "Rem ", *_FIRST)


def sound(page: Page) -> None:
    """Nothing reaches out of the window, and axe has nothing to say."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    assert complaints(page, script()) == []


def test_a_change_shows_its_effect_before_it_is_saved_and_then_reminders_are_on(
    visit: Callable[..., Page], day: Callable[[str], None], viewport: Any
) -> None:
    day(f'visit(somebody("Rem {LONG}"), 60)')
    page = visit(REMINDERS, viewport=viewport)
    row = page.locator(".reminders-row", has_text=f"Rem {LONG}")
    expect(row).to_contain_text("24 h")
    expect(row).to_contain_text("on the call list")
    expect(page.get_by_text("Reminders are off.")).to_be_visible()

    page.get_by_role("button", name="Use 72 h and 24 h").click()

    expect(row).to_have_count(2, timeout=PATIENCE)
    page.get_by_label("In your own words").fill("{patient_name}, see you {wehn}")
    expect(page.get_by_text("There is no variable {wehn}.")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("In your own words").fill("{patient_name}, see you {when}")
    expect(page.locator(".reminders-samples")).to_contain_text("Rosa, see you", timeout=PATIENCE)
    expect(page.locator(".reminders-problems")).to_have_count(0)
    sound(page)

    page.get_by_role("switch", name="Send reminders").check()
    expect(page.get_by_text("Reminders are off.")).to_have_count(0, timeout=PATIENCE)
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("On since")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[name=steps]")).to_have_count(2)


def test_send_now_reaches_the_phone_once_and_the_button_says_so(
    visit: Callable[..., Page], day: Callable[[str], None], stack: RunningStack, viewport: Any
) -> None:
    phone = new_phone(visit(DESK))
    phone.write("hello")
    phone.answered(0)
    day(
        f"point = Conversation.objects.get(contact_point__display_name={phone.name!r}).contact_point\n"
        'person = somebody("Rem Maja Lindqvist")\n'
        "PatientContact.objects.create(patient=person, contact_point=point, starred=True)\n"
        "visit(person, 30)"
    )
    page = visit(f"/c/{CLINIC}/patients/", viewport=viewport)
    page.get_by_role("searchbox").first.fill("Rem Maja")
    expect(page.locator("#patients-said")).to_contain_text("found", timeout=PATIENCE)
    page.get_by_role("link", name="Rem Maja Lindqvist").first.click()

    page.get_by_role("button", name="Remind now").click()

    expect(page.get_by_text("The reminder is on its way.")).to_be_visible(timeout=PATIENCE)
    phone.heard("Will you come?")
    page.goto(REMINDERS + "sent/")
    row = page.locator(".reminders-row", has_text="Rem Maja Lindqvist")
    expect(row).to_contain_text("By hand")
    expect(row).to_contain_text("No answer yet")
    sound(page)


def test_who_cannot_be_reached_is_called_from_the_list(
    visit: Callable[..., Page], day: Callable[[str], None], viewport: Any
) -> None:
    day(
        "for n in (1, 2):\n"
        '    one = visit(somebody(f"Rem Nobody {n}"), 20)\n'
        '    ReminderClaim.objects.create(subject="visit", subject_id=one.pk, version=1, step=24, '
        'outcome="no_address", claimed_at=clock.now())\n'
        'Appointment.objects.filter(patient__name="Rem Nobody 2").update(zone="UTC")'
    )
    page = visit(CALLS, viewport=viewport)
    expect(page.locator(".calls-row", has_text="Rem Nobody 2")).to_contain_text("No address")
    sound(page)

    row = page.locator(".calls-row", has_text="Rem Nobody 1")
    row.get_by_role("button", name="No answer").click()
    expect(row).to_contain_text("No answer,", timeout=PATIENCE)
    row.get_by_role("button").first.click()

    expect(row).to_contain_text("Coming,", timeout=PATIENCE)
    expect(row.get_by_role("button")).to_have_count(0)
    page.emulate_media(media="print")
    expect(page.locator(".rail, .bottom-bar").first).to_be_hidden()
    expect(page.get_by_text("Printed")).to_be_visible()
