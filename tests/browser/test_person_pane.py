"""The pane beside a thread: a column on a desk, a drawer on a phone, by pointer and by key."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.parts import INBOX, still_box


def _open_first(page: Page) -> None:
    page.locator("[data-part=rows] > .row").first.click()
    expect(page.locator("[data-part=person] h3").first).to_be_attached(timeout=PATIENCE)


def test_on_a_desk_it_stands_beside_the_thread_and_folds_by_key(visit: Callable[..., Page]) -> None:
    page = visit(f"{INBOX}?view=all", viewport=DESKTOP)
    _open_first(page)
    pane = page.locator("[data-person]")

    expect(pane).to_be_visible()
    box = still_box(page, pane)
    assert (box["width"], box["x"] + box["width"]) == (340, 1440)
    page.keyboard.press("]")
    expect(pane).to_be_hidden()
    page.reload()
    expect(page.locator("[data-log]")).to_be_visible(timeout=PATIENCE)
    expect(pane).to_be_hidden()  # what was folded stays folded
    page.keyboard.press("]")
    expect(pane).to_be_visible()


def test_on_a_phone_it_is_a_drawer_that_escape_closes(visit: Callable[..., Page]) -> None:
    page = visit(f"{INBOX}?view=all", viewport=PHONE)
    _open_first(page)
    pane, button = page.locator("[data-person]"), page.locator("[data-person-toggle]")

    expect(pane).to_be_hidden()
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(pane).to_be_visible()
    expect(page.locator("[data-person-close]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    expect(button).to_be_focused()
    expect(page.locator("[data-log]")).to_be_visible()
