"""What is pressed while a page is seen and its scripts are still on their way: it is done once they are here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.holding import Held, posts
from tests.browser.parts import DESK, INBOX, PlayedPhone, new_phone, row_of

pytestmark = pytest.mark.browser


@pytest.fixture
def someone(visit: Callable[..., Page]) -> PlayedPhone:
    """Let a new patient ask for a person."""
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    phone.answered(0)
    return phone


@contextmanager
def without_scripts(page: Page, path: str) -> Iterator[None]:
    """Open a page whose last script is still under way; it comes when the block has ended."""
    held = Held(page, "**/js/inbox*.js")
    page.goto(path, wait_until="commit")
    held.came()
    yield
    with page.expect_event("domcontentloaded"):
        held.let_go()


def path_of(page: Page, phone: PlayedPhone) -> str:
    """Return where a patient's thread is read."""
    return str(row_of(page, phone.name).get_attribute("href"))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_menu_opens_once_although_it_was_pressed_twice(
    visit: Callable[..., Page], someone: PlayedPhone, viewport: dict[str, int]
) -> None:
    page = visit(f"{INBOX}?view=all", viewport=viewport)
    with without_scripts(page, path_of(page, someone)):
        more = page.locator("[data-thread]").get_by_role("button", name="More to do")
        more.click()
        more.click()
        expect(page.locator("#deeds")).to_be_hidden()
    expect(page.get_by_role("button", name="Block this address", exact=True)).to_be_visible(timeout=PATIENCE)


def test_a_thread_is_done_once_and_the_page_stays(visit: Callable[..., Page], someone: PlayedPhone) -> None:
    page = visit(f"{INBOX}?view=all")
    path = path_of(page, someone)
    done = posts(page, "/done/")
    with without_scripts(page, path):
        page.locator("[data-done]").click()
        page.locator("[data-done]").click()
        page.evaluate("window.isTheSame = true")
    expect(page.locator("[data-part=thread-actions] .chip-ok")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("window.isTheSame"), "the page was left"
    assert len(done) == 1
