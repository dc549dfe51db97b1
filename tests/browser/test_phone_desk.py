"""The phone page in Chromium: pictures, quick answers, broken deliveries and the clock, wide and narrow."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.parts import DESK, INBOX, comes_true, new_phone, row_of
from tests.messaging.desks import png

#: The other demo clinic: what moves its clock is in nobody's way.
SOL_DESK, SOL_INBOX = "/c/sol/phone/", "/c/sol/inbox/"

Visit = Callable[..., Page]


@pytest.fixture(params=[DESKTOP, PHONE], ids=["1440x900", "390x844"])
def viewport(request: pytest.FixtureRequest) -> Any:
    """Return the size of the screen."""
    return request.param


@pytest.fixture
def sol(visit: Visit) -> Iterator[Visit]:
    """Give an opener of the other demo clinic's pages; its clock is put back afterwards."""
    yield visit
    page = visit(SOL_DESK)
    page.locator("[data-clock-opens]").click()
    with page.expect_response("**/phone/clock/"):
        page.locator("[data-clock-back]").click()


def test_a_picture_goes_to_the_thread_and_the_answer_comes_back(visit: Visit, viewport: Any) -> None:
    phone = new_phone(visit(DESK, viewport=viewport))
    inbox = visit(f"{INBOX}?view=all", viewport=viewport)

    phone.case.locator("[data-phone-file]").set_input_files(
        {"name": "tooth.png", "mimeType": "image/png", "buffer": png(120, 90)}
    )

    shown = phone.case.locator(".said-mine img")
    expect(shown).to_be_visible(timeout=PATIENCE)
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 120
    phone.answered(0)
    row_of(inbox, phone.name).click()
    picture = inbox.locator(".bubble-in .file-picture img")
    expect(picture).to_have_attribute("alt", f"Picture from {phone.name}", timeout=PATIENCE)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 120


def test_what_is_no_picture_is_refused_in_words(visit: Visit) -> None:
    phone = new_phone(visit(DESK))

    phone.case.locator("[data-phone-file]").set_input_files(
        {"name": "notes.png", "mimeType": "image/png", "buffer": b"not a picture"}
    )

    expect(phone.page.locator("[data-toasts]")).to_contain_text(
        "does not send this kind of file", timeout=PATIENCE
    )
    expect(phone.case.locator(".said")).to_have_count(0)


def test_a_refused_message_is_named_in_the_inbox_with_its_way_out(visit: Visit, viewport: Any) -> None:
    phone = new_phone(visit(DESK, viewport=viewport), "sms")
    phone.arrives("refused-30006")
    inbox = visit(f"{INBOX}?view=all", viewport=viewport)

    phone.write("hello, is somebody there?")

    row = row_of(inbox, phone.name)
    expect(row).to_contain_text("Not delivered", timeout=PATIENCE)
    row.click()
    box = inbox.locator(".failed-box")
    expect(box).to_contain_text("This is a landline", timeout=PATIENCE)
    expect(box).to_contain_text("30006")
    expect(box.get_by_role("link", name="Call")).to_be_visible()


def test_the_open_question_can_be_answered_by_a_tap_alone(visit: Visit) -> None:
    phone = new_phone(visit(DESK))
    phone.write("hello, I need an appointment")
    expect(phone.case.locator('[data-quick="0"]')).to_be_visible(timeout=PATIENCE)
    phone.answered(0)
    heard = phone.messages()

    phone.case.locator('[data-quick="1"]').click()

    expect(phone.case.locator(".said-mine").last).to_contain_text("1")
    assert "request" in phone.answered(heard)


def test_the_clock_moves_for_every_page_of_the_clinic(sol: Visit, viewport: Any) -> None:
    phone = new_phone(sol(SOL_DESK, viewport=viewport))
    phone.write("hola")
    inbox = sol(f"{SOL_INBOX}?view=all")
    row_of(inbox, phone.name).click()
    expect(inbox.locator("[data-part=thread-state]")).to_contain_text("Write freely", timeout=PATIENCE)

    phone.page.locator("[data-clock-step=day]").click()

    expect(phone.page.locator("[data-clock-moved]")).to_contain_text("+1 d", timeout=PATIENCE)
    expect(inbox.locator("[data-part=clock-moved]")).to_contain_text("forward 1 d", timeout=2 * PATIENCE)
    expect(inbox.locator("[data-part=thread-state]")).to_contain_text("Closed", timeout=2 * PATIENCE)


def test_the_clock_is_set_by_keyboard(sol: Visit) -> None:
    page = sol(SOL_DESK)
    page.locator("[data-clock-opens]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#clock-sheet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#clock-sheet")).to_be_hidden()
    expect(page.locator("[data-clock-opens]")).to_be_focused()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("[data-clock-moved]")).to_contain_text("+1 h", timeout=PATIENCE)
    page.wait_for_timeout(1500)  # the page reads itself again meanwhile, and takes the focus from nobody
    expect(page.locator("[data-clock-step=hour]")).to_be_focused()
    # Asked as it opens: a moment later the minute may have turned.
    page.evaluate(
        """() => document.getElementById("clock-sheet").addEventListener("toggle", event => {
            window.opensWith = [event.newState, event.target.querySelector("[name=at]").value,
                document.querySelector("[data-clock-shows]").dataset.clockShows];
        }, {once: true})"""
    )
    page.locator("[data-clock-opens]").click()
    comes_true(page, "window.opensWith")
    state, chosen, shown = page.evaluate("window.opensWith")
    assert (state, chosen) == ("open", shown)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_for_everybody(visit: Visit, viewport: Any, theme: str) -> None:
    page = visit(DESK, viewport=viewport, color_scheme=theme)
    new_phone(page)
    assert axe.complaints(page, axe.script()) == []
    page.locator("[data-clock-opens]").click()
    assert axe.complaints(page, axe.script()) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
