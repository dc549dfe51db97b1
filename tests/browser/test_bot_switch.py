"""The bot's switch in the head of a thread: by pointer and by key, with the words beside it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.parts import INBOX


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_b_pauses_the_bot_and_b_again_lets_it_answer(visit: Callable[..., Page], viewport: Any) -> None:
    page = visit(f"{INBOX}?view=all", viewport=viewport)
    page.locator("[data-part=rows] > .row").first.click()
    on, pause, off = (page.locator(f"[data-bot-{name}]") for name in ("on", "pause", "off"))
    expect(page.locator("[data-part=person] h3").first).to_be_attached(timeout=PATIENCE)
    expect(on).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)

    page.keyboard.press("b")
    expect(pause).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(pause).to_contain_text("Paused")
    page.keyboard.press("b")
    expect(on).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)

    off.click()
    expect(off).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(off).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    on.click()
    expect(on).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
