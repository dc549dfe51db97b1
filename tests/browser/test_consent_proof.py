"""In Chromium: the whole proof of a consent on the patient's page, and an address that is blocked and let in again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE
from tests.browser.parts import shell
from tests.stack.running import RunningStack

pytestmark = pytest.mark.browser

NAME = "Prudencia Consentida"
NUMBER = "+12125550788"
MADE = f"""
from datetime import timedelta
from clinics.models import Sender, User
from medsync.lib import clock
from messaging import consent, threads
from messaging.models import ConsentSource, Message, Purpose
from scheduling import patients
if not patients.Patient.objects.filter(name={NAME!r}).exists():
    now = clock.now()
    one = patients.create(name={NAME!r}, called="Prudencia", phone={NUMBER!r}, preferred_language="es", now=now)
    point = one.contacts.get().contact_point
    thread = threads.thread_of(point.pk, now=now)
    sender = Sender.objects.filter(channel="sms", status="active").select_related("account").first()
    sender = sender or Sender.objects.filter(channel="whatsapp").select_related("account").first()
    owner = User.objects.get(email="owner@riverside.example")
    consent.record(
        point, "sms", purpose=Purpose.CARE, granted=True, source=ConsentSource.STAFF, wording="Sí, por favor avísenme",
        actor=owner, how="desk", said_on=(now - timedelta(days=2)).date(), now=now - timedelta(days=2))
    said = Message.objects.create(
        conversation=thread, direction="inbound", channel="sms", author="patient", sender=sender, account=sender.account,
        body="NO MÁS", status="received", provider_message_id="proof-1", created_at=now)
    threads.touch(thread.pk, now=now, message=said, work_state="needs_reply", waiting_since=now)
    consent.opt_out(point, "sms", source=ConsentSource.KEYWORD, wording="NO MÁS", message=said, now=now)
"""


@pytest.fixture(scope="module")
def made(stack: RunningStack) -> str:
    """Give the name of a patient who agreed at the desk and then wrote NO MÁS."""
    shell(stack, MADE)
    return NAME


@pytest.fixture
def theirs(visit: Callable[..., Page], made: str) -> Callable[..., Page]:
    """Give an opener of that patient's page, by the list's search."""

    def opened(**options: Any) -> Page:
        page = visit(f"/c/{CLINIC}/patients/", **options)
        page.locator("[name=wanted]").fill("(212) 555-0788")
        # Once the list has narrowed: until then the row would go from under the finger.
        expect(page.locator("#patients-said")).to_contain_text("found", timeout=PATIENCE)
        page.get_by_role("link", name=made).click()
        expect(page.locator("#consent")).to_be_visible(timeout=PATIENCE)
        return page

    return opened


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_proof_says_what_when_how_who_and_leads_to_the_message(
    theirs: Any, tmp_path: Path, viewport: Any
) -> None:
    page = theirs(viewport=viewport)
    consent = page.locator("#consent")
    expect(consent).to_contain_text("No, they stopped messages")
    consent.locator("summary").last.click()
    for words in (
        "NO MÁS",
        "sent the word for it",
        "said at the desk on",
        "recorded by",
        "Sí, por favor avísenme",
    ):
        expect(consent).to_contain_text(words)
    page.screenshot(path=tmp_path / "consent.png", full_page=True)
    assert axe.complaints(page, axe.script()) == []
    link = consent.locator("a[href*='message=']").first
    expect(link).to_be_visible()
    link.click()
    expect(page.locator("[data-thread]")).to_contain_text("NO MÁS", timeout=PATIENCE)


def test_an_address_is_blocked_folded_away_and_let_in_again(theirs: Any, tmp_path: Path) -> None:
    page = theirs()
    page.locator("#consent summary").last.click()
    page.locator("#consent a[href*='message=']").first.click()
    thread = page.locator("[data-thread]")
    thread.get_by_role("button", name="More to do").click()
    page.get_by_role("button", name="Block this address", exact=True).click()
    expect(thread.get_by_text("Blocked", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Blocked: nobody answers by itself")).to_be_visible()
    page.screenshot(path=tmp_path / "blocked.png")

    page.goto(f"/c/{CLINIC}/inbox/?view=all")
    expect(page.locator("[data-part=rows]")).not_to_contain_text(NAME)
    page.get_by_role("button", name="Views").click()
    page.locator("dialog#views").get_by_role("link", name="Blocked").click()
    row = page.locator("[data-part=rows] .row", has_text=NAME)
    expect(row).to_be_visible(timeout=PATIENCE)
    row.click()
    thread.get_by_role("button", name="More to do").click()
    page.get_by_role("button", name="No longer block this address").click()
    expect(page.get_by_text("No longer blocked.")).to_be_visible(timeout=PATIENCE)
    expect(thread.get_by_text("Blocked", exact=True)).to_have_count(0)
