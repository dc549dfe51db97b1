"""Patients in Chromium: searching, a page with everything on it, booking; on a desk and on a phone, dark, in Spanish."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE
from tests.browser.parts import has_focus, shell
from tests.stack.running import RunningStack

pytestmark = pytest.mark.browser

PATIENTS = f"/c/{CLINIC}/patients/"
LONG_NAME = (
    "Guadalupe Altagracia Monterroso-Echeverría"  # nobody else of the demo, or of other tests, is called so
)
FULL = f"""
from clinics.models import Sender
from medsync.lib import clock
from messaging import consent, threads
from messaging.models import ConsentSource, Message
from scheduling import patients
if not patients.Patient.objects.filter(name={LONG_NAME!r}).exists():
    now = clock.now()
    one = patients.create(
        name={LONG_NAME!r}, called="Guadalupe Altagracia", phone="+12125550777", record_number="R-2026-000777",
        preferred_language="es", now=now)
    point = one.contacts.get().contact_point
    thread = threads.thread_of(point.pk, now=now)
    sender = Sender.objects.filter(channel="whatsapp").select_related("account").first()
    consent.opt_out(point, "sms", source=ConsentSource.KEYWORD, wording="ALTO", now=now)
    for n in range(45):
        Message.objects.create(
            conversation=thread, direction="inbound", channel="whatsapp", author="patient", sender=sender,
            account=sender.account, body="palabra " * 512 if n == 44 else f"mensaje {{n}}", status="received",
            provider_message_id=f"long{{n}}", created_at=now)
    patients.create(name="Mateo Monterroso", phone="+12125550777", relation="mother", now=now)
"""
# Words whose box is narrower than they are, in places that may not end in "…".
CUT_OFF = """() => [...document.querySelectorAll('main :is(button, a, b, h1, h2, h3, label, th, td, dt, dd, p, .chip, .tag)')]
    .filter(one => one.checkVisibility() && !one.closest('.sr-only'))
    .filter(one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'hidden')
    .map(one => one.outerHTML.slice(0, 120))"""
SIDEWAYS = """() => [document.documentElement, document.querySelector('.screen-body')]
    .map(one => one.scrollWidth - one.clientWidth)"""


@pytest.fixture(scope="module")
def full(stack: RunningStack) -> str:
    """Give the path of a patient with a very long name, a very long message and a long line of time."""
    shell(stack, FULL)
    return LONG_NAME


@pytest.fixture
def theirs(visit: Callable[..., Page], full: str) -> Callable[..., Page]:
    """Give an opener of that patient's page, by the list's search."""

    def opened(**options: Any) -> Page:
        page = visit(PATIENTS, **options)
        page.locator("[name=wanted]").fill("(212) 555-0777")
        # Once the list has narrowed: until then the row would go from under the finger.
        expect(page.locator("#patients-said")).to_contain_text("found", timeout=PATIENCE)
        page.get_by_role("link", name=full).click()
        expect(page.locator("#numbers")).to_be_visible(timeout=PATIENCE)
        return page

    return opened


def test_a_search_finds_while_typing_and_leaves_no_trace_in_the_address(
    visit: Callable[..., Page], full: str
) -> None:
    page = visit(PATIENTS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.locator("[name=wanted]").fill("monterroso echeverria")

    expect(page.locator(".patients tbody tr")).to_have_count(1, timeout=PATIENCE)
    expect(page.locator("#patients-said")).to_have_text("1 patient found")
    expect(page.locator("[name=wanted]")).to_be_focused()
    assert "monterroso" not in page.url.casefold()
    assert not [url for url in asked if "monterroso" in url.casefold()]
    page.locator("[name=wanted]").fill("nobody at all")
    expect(page.get_by_text("Nobody found")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_very_long_fits_and_is_whole(theirs: Callable[..., Page], viewport: Any) -> None:
    page = theirs(viewport=viewport)

    expect(page.locator("h1")).to_have_text(LONG_NAME)
    assert page.evaluate(SIDEWAYS) == [0, 0]
    folded = page.locator(".line-long").first
    folded.locator("summary").click()
    expect(folded.locator(".long-text")).to_have_text(("palabra " * 512).strip())
    assert page.evaluate(SIDEWAYS) == [0, 0]


def test_show_older_goes_on_where_it_ended_by_key(theirs: Callable[..., Page]) -> None:
    page = theirs()
    entries = page.locator(".line-entry")
    expect(entries).to_have_count(30)
    button = page.get_by_role("button", name="Show older")
    button.focus()

    page.keyboard.press("Enter")

    expect(entries).to_have_count(45, timeout=PATIENCE)
    expect(button).to_have_count(0)
    has_focus(page, ".line-entry")


def test_a_visit_is_booked_with_the_words_shown_and_cancelled_in_silence(theirs: Callable[..., Page]) -> None:
    page = theirs()
    page.locator(".patient-actions").get_by_role("link", name="Book a visit").click()
    page.locator("[name=slot]").last.check()
    expect(page.locator("#told .quote-text")).to_contain_text("Su cita está confirmada", timeout=PATIENCE)
    page.get_by_label("Tell the patient").uncheck()
    expect(page.locator("#told")).to_contain_text("The patient gets no text", timeout=PATIENCE)
    page.get_by_role("button", name="Book", exact=True).click()

    expect(page.get_by_text("Booked.", exact=True)).to_be_visible(timeout=PATIENCE)
    page.locator(".patient-visits").get_by_role("link", name="Cancel").click()
    page.get_by_label("It was entered in error").check()
    expect(page.locator("#told")).to_contain_text("No text goes out", timeout=PATIENCE)
    page.get_by_role("button", name="Cancel the visit").click()
    expect(page.get_by_text("Cancelled. The time is free again.")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_in_light_and_dark(theirs: Callable[..., Page], viewport: Any) -> None:
    code = axe.script()
    page = theirs(viewport=viewport)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found: dict[str, list[str]] = {}
    for place in ("page", "book/", "edit/", "looked/", "list", "unnamed", "new"):
        if place not in ("page",):
            home = page.url.split("/patients/")[0] + "/patients/"
            their = page.evaluate("sessionStorage.their ??= location.pathname")
            away = {"list": home, "unnamed": f"{home}?show=unnamed", "new": f"{home}new/"}
            page.goto(away.get(place, their + place))
        else:
            page.evaluate("sessionStorage.their ??= location.pathname")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if lines := axe.complaints(page, code):
                found[f"{place} {scheme}"] = lines

    assert found == {}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_spanish_fits(theirs: Callable[..., Page], viewport: Any) -> None:
    page = theirs(viewport=viewport)
    page.context.add_cookies([{"name": "django_language", "value": "es", "url": page.url}])
    their = page.url
    for path in ("", "book/", "edit/"):
        page.goto(their + path)
        assert page.locator("html").get_attribute("lang") == "es"
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate(SIDEWAYS) == [0, 0]


def test_buttons_are_large_enough_on_a_phone(theirs: Callable[..., Page]) -> None:
    page = theirs(viewport=PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")

    small = page.evaluate(
        """() => [...document.querySelectorAll('main :is(button, select, input:not([type=hidden]), summary, a.btn)')]
            .filter(one => one.checkVisibility({visibilityProperty: true, opacityProperty: true}))
            .filter(one => !one.closest('.sr-only, .sr-only-unless-focused, .check-row, .slot'))
            .map(one => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
            .filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 24))
            .map(([html]) => html)"""
    )

    assert small == []
