"""The 24 hours are over: an approved text is offered as the patient reads it, a reply waits, and goes on the answer."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.holding import Held, posts
from tests.browser.parts import DESK, INBOX, PlayedPhone, new_phone, row_of, shell
from tests.stack.running import RunningStack

VIEWPORTS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
ANSWER = "Good news: you can stop the drops on Thursday."


@pytest.fixture
def starter_set(visit: Callable[..., Page]) -> None:
    """Submit the starter set as an owner does, and wait until WhatsApp has approved it."""
    page = visit("/c/riverside/approved-texts/")
    button = page.get_by_role("button", name="Submit the starter set")
    if button.count():
        button.click()
    expect(page.locator(".approved-counts .is-ok")).to_be_visible(timeout=2 * PATIENCE)
    expect(page.locator(".approved-counts")).not_to_contain_text("Being", timeout=2 * PATIENCE)


def closed_thread(
    visit: Callable[..., Page], stack: RunningStack, viewport: dict[str, int]
) -> tuple[PlayedPhone, Page]:
    """Return a patient whose 24 hours are over, and the thread as a member has it open."""
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    phone.answered(0)
    page = visit(f"{INBOX}?view=all", viewport=viewport)
    row = row_of(page, phone.name)
    key = str(row.get_attribute("data-key"))
    shell(
        stack,
        f"""
from datetime import timedelta
from messaging.models import Conversation, Message, Window
past = timedelta(hours=25)
Window.objects.filter(conversation={key!r}).update(last_inbound_at=clock_now() - past)
Conversation.objects.filter(pk={key!r}).update(window_closes_at=clock_now() - timedelta(hours=1))
""".replace("clock_now()", "__import__('medsync.lib.clock', fromlist=['now']).now()"),
    )
    page.reload()
    row_of(page, phone.name).click()
    return phone, page


@VIEWPORTS
def test_a_closed_window_offers_the_approved_text_and_sends_what_it_shows(
    visit: Callable[..., Page], stack: RunningStack, starter_set: None, viewport: dict[str, int]
) -> None:
    phone, page = closed_thread(visit, stack, viewport)
    expect(page.locator("#tab-approved")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    preview = page.locator("[data-approved-preview]:visible")
    expect(preview).to_be_visible(timeout=PATIENCE)
    name = page.locator("[data-approved-value='1']:visible")
    name.fill("")
    expect(page.locator("[data-approved-missing]:visible")).to_be_visible()
    expect(page.locator("[data-approved-send]:visible")).to_have_attribute("aria-disabled", "true")
    name.fill("Ana   María")  # four spaces in a row are not taken by WhatsApp: they go as one
    expect(preview).to_contain_text("Ana María")
    shown = re.sub(r"\s+", " ", preview.inner_text())
    page.locator("[data-approved-send]:visible").click()
    phone.heard(shown)
    expect(phone.case.locator(".said-theirs .said-body").last).to_have_text(shown)
    expect(phone.case.locator(".said-buttons button").last).to_be_visible()


@VIEWPORTS
def test_a_held_reply_goes_by_itself_when_the_phone_writes(
    visit: Callable[..., Page], stack: RunningStack, starter_set: None, viewport: dict[str, int]
) -> None:
    phone, page = closed_thread(visit, stack, viewport)
    expect(page.locator("[data-approved-reply]:visible")).to_be_visible(timeout=PATIENCE)
    page.locator("[data-approved-value='1']:visible").fill("Ana")
    page.locator("[data-approved-reply]:visible").fill(ANSWER)
    page.locator("[data-approved-send]:visible").click()
    waiting = page.locator("[data-held]")
    expect(waiting).to_contain_text(ANSWER, timeout=PATIENCE)
    expect(page.locator("#composer-text")).to_have_value("")
    row = row_of(visit(f"{INBOX}?view=waiting", viewport=viewport), phone.name)
    expect(row).to_contain_text("Sends when the patient answers", timeout=PATIENCE)
    waiting.get_by_text("Edit").click()
    waiting.locator("textarea").fill(ANSWER + " Call us if anything changes.")
    waiting.get_by_role("button", name="Save").click()
    expect(waiting.locator(".bubble-body")).to_contain_text("anything changes", timeout=PATIENCE)

    press = phone.case.locator(".said-buttons button").last
    expect(press).to_be_visible(timeout=PATIENCE)
    press.click()

    phone.heard(ANSWER + " Call us if anything changes.")
    expect(phone.case.locator(".said-theirs", has_text=ANSWER)).to_have_count(1)
    expect(waiting).to_have_count(0, timeout=PATIENCE)
    expect(row).not_to_contain_text("Sends when", timeout=PATIENCE)
    expect(page.locator("#tab-reply")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)


@VIEWPORTS
def test_a_long_list_is_narrowed_by_purpose_status_and_language(
    visit: Callable[..., Page], stack: RunningStack, starter_set: None, viewport: dict[str, int]
) -> None:
    one_paused = "from messaging.models import ContentTemplate\n" + (
        "ContentTemplate.objects.filter(key='counter', language='zh_CN').update(approval={!r})"
    )
    shell(stack, one_paused.format("paused"))
    try:
        _phone, page = closed_thread(visit, stack, viewport)
        shown = page.locator("[data-approved-choice]:visible")
        expect(page.locator("[data-approved-preview]:visible")).to_be_visible(timeout=PATIENCE)
        every = shown.count()
        assert every > 10

        # A select is chosen from by its keys, as any select.
        page.get_by_label("Purpose").focus()
        page.keyboard.type("Rem")
        reminders = "[data-approved-choice][data-purpose=reminders]"
        expect(shown).to_have_count(page.locator(reminders).count())
        chosen = page.locator("[data-approved-choice][aria-selected=true]")
        expect(chosen).to_contain_text("Reminder of a visit")
        expect(page.locator("[data-approved-preview]:visible")).to_contain_text("recordamos")
        page.locator("[data-approved-mine]").press("Enter")
        expect(shown).to_have_count(page.locator(f"{reminders}[data-mine=true]").count())

        page.get_by_label("Status").select_option("Paused")
        expect(shown).to_have_count(0)
        nothing = page.locator("[data-approved-none]")
        expect(nothing).to_contain_text("No approved text fits.")
        expect(page.locator("[data-approved-pick]")).to_be_visible()
        small = page.locator(".approved-filters > *, [data-approved-all]").evaluate_all(
            "all => all.filter(one => one.getBoundingClientRect().height < (innerWidth < 768 ? 44 : 24)).length"
        )
        assert small == 0
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        nothing.get_by_role("button", name="Show all").press("Enter")

        expect(shown).to_have_count(every)
        expect(page.locator("[data-approved-search]")).to_be_focused()
        page.get_by_label("Status").select_option("Paused")
        expect(shown).to_contain_text("many people blocked or reported it")
    finally:
        shell(stack, one_paused.format("approved"))


def test_by_keyboard_alone_a_text_is_found_and_sent(
    visit: Callable[..., Page], stack: RunningStack, starter_set: None
) -> None:
    phone, page = closed_thread(visit, stack, DESKTOP)
    expect(page.locator("[data-approved-preview]:visible")).to_be_visible(timeout=PATIENCE)
    page.locator("body").press("t")
    expect(page.locator("[data-approved-search]")).to_be_focused()
    page.keyboard.type("pudimos")
    chosen = page.locator("[data-approved-choice][aria-selected=true]")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text("We missed you")
    page.keyboard.press("Enter")
    for number in ("1", "2", "3"):
        page.locator(f"[data-approved-value='{number}']:visible").fill(f"V{number}")
    page.keyboard.press("Control+Enter")
    phone.heard("V1")


def test_a_reply_that_waits_before_its_answer_has_come_is_no_draft_any_more(
    visit: Callable[..., Page], stack: RunningStack, starter_set: None
) -> None:
    _, page = closed_thread(visit, stack, DESKTOP)
    expect(page.locator("[data-approved-reply]:visible")).to_be_visible(timeout=PATIENCE)
    page.locator("[data-approved-value='1']:visible").fill("Ana")
    page.locator("[data-approved-reply]:visible").fill(ANSWER)
    held = Held(page, "**/approved/send/")
    page.locator("[data-approved-send]:visible").click()
    held.came()
    expect(page.locator("[data-held]")).to_contain_text(ANSWER, timeout=PATIENCE)
    expect(page.locator("[data-approved-reply]:visible")).to_have_count(0)
    held.let_go()

    expect(page.locator("#composer-text")).to_have_value("")


def test_an_approved_text_that_is_pressed_twice_goes_once(
    visit: Callable[..., Page], stack: RunningStack, starter_set: None
) -> None:
    phone, page = closed_thread(visit, stack, DESKTOP)
    expect(page.locator("[data-approved-preview]:visible")).to_be_visible(timeout=PATIENCE)
    sent = posts(page, "/approved/send/")
    held = Held(page, "**/approved/send/")
    name = page.locator("[data-approved-value='1']:visible")
    name.fill("Zoe")
    name.press("Control+Enter")
    held.came()

    name.press("Control+Enter")
    held.let_go()

    phone.heard("Zoe")
    assert len(sent) == 1
    expect(page.locator("article.bubble", has_text="Zoe")).to_have_count(1)
