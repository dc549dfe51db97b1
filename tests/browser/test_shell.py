"""What stands round every page: search and jump, one's own keys, the lock, the number in the tab."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe
from tests.browser.conftest import CLINIC, DESKTOP, OWNER, PASSWORD, PATIENCE, PHONE, log_in
from tests.browser.holding import Held
from tests.browser.parts import INBOX, comes_true
from tests.stack.running import RunningStack

pytestmark = pytest.mark.browser
TODAY = f"/c/{CLINIC}/today/"


@pytest.fixture
def own_log_in(chrome: Any, stack: RunningStack) -> Any:
    """Give pages of a log-in of their own: locking it leaves the other tests' session alone."""
    contexts = []

    def opened(path: str, *, viewport: Any = DESKTOP, email: str = OWNER) -> Page:
        context = chrome.new_context(base_url=stack.url, locale="en-US", viewport=viewport)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        log_in(page, email)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


def stored(page: Page, button: Locator) -> None:
    """Press what stores a form, and wait until it is: going elsewhere at once would break the request off."""
    with page.expect_response(lambda response: response.request.method == "POST"):
        button.click()
    page.wait_for_load_state()


def palette(page: Page) -> Any:
    """Return the palette."""
    return page.get_by_role("dialog", name="Search or jump")


def open_thread(page: Page, who: str) -> None:
    """Open somebody's thread, however long the list has become."""
    page.goto(TODAY)
    page.keyboard.press("Control+k")
    page.keyboard.type(who)
    palette(page).get_by_role("option", name=who).first.click(timeout=PATIENCE)
    page.wait_for_url(re.compile("/inbox/[0-9a-f-]+/"))


def test_a_word_of_long_ago_leads_to_its_bubble_by_the_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit(TODAY)
    page.keyboard.press("Control+k")
    page.keyboard.type("hijo tambien")
    found = palette(page).get_by_role("option", name=re.compile("¿Puedo llevar a mi"))
    expect(found).to_be_visible(timeout=PATIENCE)
    expect(palette(page).get_by_role("option", selected=True)).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/inbox/[0-9a-f-]+/\?message="))
    sought = page.locator(".is-sought")
    expect(sought).to_contain_text("¿Puedo llevar a mi hijo también?")
    expect(sought).to_be_focused()


def test_pages_are_jumped_to_by_their_names_and_escape_closes(visit: Callable[..., Page]) -> None:
    page = visit(TODAY)
    page.keyboard.press("/")
    page.keyboard.type("snoo")
    expect(palette(page).get_by_role("option", selected=True)).to_have_text("Snoozed")
    page.keyboard.press("Escape")
    expect(palette(page)).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("patients")
    expect(palette(page).get_by_role("option", selected=True)).to_have_text("Patients")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/c/{CLINIC}/patients/$"))


def test_what_is_searched_for_stands_in_no_address(visit: Callable[..., Page]) -> None:
    page = visit(TODAY)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Control+k")
    page.keyboard.type("Delgado")
    expect(palette(page).get_by_text("Rosa Delgado").first).to_be_visible(timeout=PATIENCE)
    assert not [url for url in asked if "elgado" in url]


def test_on_a_phone_the_palette_covers_the_page(visit: Callable[..., Page]) -> None:
    page = visit(TODAY, viewport=PHONE)
    page.get_by_role("button", name="More").click()
    page.get_by_role("dialog").get_by_role("button", name="Search or jump").click()
    expect(palette(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert axe.complaints(page, axe.script()) == []


def test_a_key_of_ones_own_works_and_the_first_one_does_not(own_log_in: Any) -> None:
    page = own_log_in("/profile/keys/", email="marta@riverside.example")
    page.get_by_label("write a note").fill("h")
    stored(page, page.get_by_role("button", name="Save", exact=True))
    open_thread(page, "Rosa Delgado")
    note = page.get_by_role("tab", name="Note")
    expect(note).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("n")
    expect(note).to_have_attribute("aria-selected", "false")
    page.keyboard.press("h")
    expect(note).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys").get_by_text("write a note")).to_be_visible()
    page.goto("/profile/keys/")
    stored(page, page.get_by_role("button", name="As in the beginning"))


def test_a_locked_screen_hides_all_and_keeps_what_was_typed(own_log_in: Any) -> None:
    page = own_log_in(TODAY)
    open_thread(page, "Rosa Delgado")
    box = page.get_by_role("textbox", name="Your text")
    box.fill("Just a moment, I am looking")
    page.get_by_role("button", name="Lock the screen").first.click()
    lock = page.get_by_role("dialog", name="Locked")
    expect(lock).to_be_visible()
    expect(box).to_be_hidden()
    page.keyboard.press("Escape")
    expect(lock).to_be_visible()
    assert axe.complaints(page, axe.script()) == []
    assert page.request.get(INBOX).status == 423

    lock.get_by_label("Password or PIN").fill("wrong")
    page.keyboard.press("Enter")
    expect(lock.get_by_text("That is neither the password nor the PIN.")).to_be_visible()
    lock.get_by_label("Password or PIN").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(lock).to_be_hidden()
    expect(box).to_have_value("Just a moment, I am looking")
    box.fill("")


def test_a_refusal_of_before_does_not_lock_again(own_log_in: Any) -> None:
    page = own_log_in(INBOX)
    with page.expect_response("**/lock/"):
        page.get_by_role("button", name="Lock the screen").first.click()
    held = Held(page, "**/inbox/**", only=lambda route: "hx-request" in route.request.headers)
    page.evaluate("MedSync.reread()")
    held.came()
    assert held.answers[0][1].status == 423

    lock = page.get_by_role("dialog", name="Locked")
    lock.get_by_label("Password or PIN").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(lock).to_be_hidden()
    held.let_go()

    expect(lock).to_be_hidden()


def test_a_screen_nobody_uses_locks_by_itself_in_every_tab(own_log_in: Any) -> None:
    page = own_log_in(TODAY)
    second = page.context.new_page()
    page.clock.install()
    page.reload()
    second.goto(TODAY)
    expect(page.get_by_role("heading", name=re.compile("Today"))).to_be_visible()
    second.evaluate("localStorage.setItem('medsync-active', '0')")
    page.clock.fast_forward("31:00")
    expect(page.get_by_role("dialog", name="Locked")).to_be_visible(timeout=PATIENCE)
    expect(second.get_by_role("dialog", name="Locked")).to_be_visible(timeout=PATIENCE)


def test_the_tab_says_how_many_wait(visit: Callable[..., Page]) -> None:
    page = visit(TODAY)
    expect(page.locator(".rail .nav-count-red")).to_be_visible()
    comes_true(
        page, "document.title.startsWith(`(${document.querySelector('.rail .nav-count-red').innerText}) `)"
    )


def test_the_look_that_was_chosen_holds_on_every_page(own_log_in: Any) -> None:
    page = own_log_in("/profile/", email="marta@riverside.example")
    page.get_by_role("radio", name="Dark").check()
    stored(page, page.get_by_role("button", name="Save", exact=True).first)
    page.goto(TODAY)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    expect(page.locator(".rail")).to_have_css("background-color", "rgb(19, 18, 17)")
    page.goto("/profile/")
    page.get_by_role("radio", name="As the device").check()
    stored(page, page.get_by_role("button", name="Save", exact=True).first)


def test_a_number_is_reached_and_fits_on_both_screens(visit: Callable[..., Page]) -> None:
    for viewport in (DESKTOP, PHONE):
        page = visit(f"/c/{CLINIC}/numbers/", viewport=viewport)
        page.locator(".numbers-row").first.click()
        expect(page.get_by_role("textbox", name="Send a test to")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
