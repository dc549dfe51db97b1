"""Point 2 of the first issue: log in, see the clinics, pick one, see believable threads."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import DESKTOP, PATIENCE, PHONE, log_in
from tests.browser.parts import INBOX, has_focus
from tests.stack.running import RunningStack

VIEWPORTS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])


@VIEWPORTS
def test_a_member_logs_in_picks_a_clinic_and_sees_threads(
    chrome: Browser, stack: RunningStack, viewport: dict[str, int]
) -> None:
    context = chrome.new_context(base_url=stack.url, viewport=viewport, locale="en-US")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()

    log_in(page)
    page.goto("/")
    if "/c/" not in page.url:
        expect(page.get_by_text("Clínica Sol")).to_be_visible()
        page.get_by_text("Riverside").first.click()
    page.goto(f"{INBOX}?view=all")

    expect(page.locator("[data-part=rows] > .row").nth(3)).to_be_visible()
    page.locator("[data-part=rows] > .row").first.click()
    expect(page.locator("[data-thread] .bubble").last).to_be_visible()
    context.close()


@VIEWPORTS
def test_nothing_scrolls_sideways(visit: Callable[..., Page], viewport: dict[str, int]) -> None:
    page = visit(f"{INBOX}?view=all", viewport=viewport)
    page.locator("[data-part=rows] > .row").first.click()
    expect(page.locator("[data-log]")).to_be_visible()

    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert wide <= 0


def test_on_a_phone_there_is_one_pane_and_back_goes_to_the_row(visit: Callable[..., Page]) -> None:
    page = visit(f"{INBOX}?view=all", viewport=PHONE)
    key = page.locator("[data-part=rows] > .row").nth(2).get_attribute("data-key")

    page.locator(f'[data-part=rows] > [data-key="{key}"]').click()
    expect(page.locator("[data-thread]")).to_be_visible()
    expect(page.locator("[data-list]")).to_be_hidden()
    page.locator("[data-back]").click()

    expect(page.locator("[data-list]")).to_be_visible()
    has_focus(page, f'[data-key="{key}"]')


def test_a_threads_address_opens_it_and_the_back_button_works(visit: Callable[..., Page]) -> None:
    page = visit(f"{INBOX}?view=all")
    keys = page.locator("[data-part=rows] > .row").evaluate_all("rows => rows.map(row => row.dataset.key)")
    first, second = (page.locator(f'[data-part=rows] > [data-key="{key}"]') for key in keys[:2])
    names = [row.locator(".row-name").inner_text() for row in (first, second)]

    first.click()
    expect(page.locator("[data-thread] h1")).to_have_text(names[0])
    second.click()
    expect(page.locator("[data-thread] h1")).to_have_text(names[1])
    page.reload()
    expect(page.locator("[data-thread] h1")).to_have_text(names[1])
    page.go_back()
    expect(page.locator("[data-thread] h1")).to_have_text(names[0])


def test_a_late_answer_about_one_thread_never_lands_in_another(visit: Callable[..., Page]) -> None:
    page = visit(f"{INBOX}?view=all")
    keys = page.locator("[data-part=rows] > .row").evaluate_all("rows => rows.map(row => row.dataset.key)")
    first, second = (page.locator(f'[data-part=rows] > [data-key="{key}"]') for key in keys[:2])
    name = second.locator(".row-name").inner_text()
    first.click()
    expect(page.locator(f'[data-thread="{keys[0]}"] .bubble').last).to_be_visible()
    waiting: list[Route] = []
    page.route(f"**/inbox/{keys[0]}/**", lambda route: waiting.append(route))
    page.evaluate("htmx.trigger(document.querySelector('[data-thread]'), 'medsync:thread')")
    second.click()
    expect(page.locator(f'[data-thread="{keys[1]}"] h1')).to_have_text(name)
    bubbles = page.locator("[data-thread] .bubble").count()

    assert waiting
    for route in waiting:
        route.fulfill(response=route.fetch())  # the answer is there when this returns
    page.evaluate("() => new Promise(done => setTimeout(done, 300))")  # time to put it in the wrong place

    expect(page.locator("[data-thread] h1")).to_have_text(name)
    assert page.locator("[data-thread] .bubble").count() == bubbles


def test_the_keyboard_alone_opens_a_thread_and_writes_a_note(visit: Callable[..., Page]) -> None:
    page = visit(f"{INBOX}?view=all")

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("[data-thread] h1")).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#composer-text")).to_be_focused()
    page.keyboard.type("Prefers mornings")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".note", has_text="Prefers mornings").last).to_be_visible()
    expect(page.locator("#composer-text")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("[data-thread]")).to_have_count(0)


def test_why_opens_beside_its_button_and_escape_gives_the_focus_back(visit: Callable[..., Page]) -> None:
    page = visit(f"{INBOX}?view=all")
    keys = page.locator("[data-part=rows] > .row").evaluate_all("rows => rows.map(row => row.dataset.key)")
    for key in keys:
        page.locator(f'[data-part=rows] > [data-key="{key}"]').click()
        expect(page.locator(f'[data-thread="{key}"] h1')).to_be_visible()
        if page.locator("[data-why]").count():
            break

    page.locator("[data-why]").last.click()
    expect(page.locator("#why")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#why")).to_be_hidden()
    has_focus(page, "[data-why]")
