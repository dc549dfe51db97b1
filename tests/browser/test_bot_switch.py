"""The bot's switch in the head of a thread: by pointer, keys and typing; two quick choices count, the focus stays."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.parts import DESK, INBOX, has_focus, new_phone, person_came, row_of, still_box


def choice(page: Page, value: str) -> Locator:
    return page.locator(f'[data-bot] [role=radio][value="{value}"]')


def stands(page: Page, value: str) -> None:
    expect(page.locator("[data-bot]")).to_have_attribute("data-bot", value, timeout=PATIENCE)
    expect(choice(page, value)).to_have_attribute("aria-checked", "true")
    expect(page.locator("[data-bot] [aria-checked=true]")).to_have_count(1)


def open_thread(visit: Callable[..., Page], viewport: Any = DESKTOP) -> Page:
    """Return the inbox with the thread of a new phone open."""
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    phone.answered(0)  # what the bot says would move what is measured
    page = visit(f"{INBOX}?view=all", viewport=viewport)
    row_of(page, phone.name).click()
    stands(page, "on")
    return page


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_b_pauses_the_bot_and_b_again_lets_it_answer(visit: Callable[..., Page], viewport: Any) -> None:
    page = open_thread(visit, viewport)
    page.locator("[data-log]").focus()

    page.keyboard.press("b")
    stands(page, "paused")
    expect(choice(page, "paused")).to_contain_text("Paused 29 min")
    page.keyboard.press("b")
    stands(page, "on")

    choice(page, "off").click()
    stands(page, "off")
    expect(choice(page, "off")).to_contain_text("Off for ")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_arrows_choose_and_the_focus_stays_on_what_was_chosen(visit: Callable[..., Page]) -> None:
    page = open_thread(visit)
    choice(page, "on").focus()

    page.keyboard.press("ArrowRight")
    stands(page, "paused")
    expect(choice(page, "paused")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    stands(page, "on")
    expect(choice(page, "on")).to_be_focused()


def test_two_choices_right_after_each_other_both_count(visit: Callable[..., Page]) -> None:
    page = open_thread(visit)
    form = page.locator("[data-bot]").element_handle()
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.post_data or "") if "/bot/" in request.url else None
    )

    choice(page, "off").click()
    choice(page, "paused").click()

    stands(page, "paused")
    assert [body.rpartition("bot=")[2] for body in asked] == ["off", "paused"]
    assert form is not None
    assert form.evaluate("form => form.isConnected")  # the answers merged into the form, none replaced it
    expect(choice(page, "paused")).to_be_focused()


def test_an_answer_leaves_a_button_that_is_being_pressed_in_its_place(visit: Callable[..., Page]) -> None:
    page = open_thread(visit)
    done = page.locator("[data-done]")
    person_came(page)
    box = still_box(page, done)

    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    with page.expect_response(lambda response: "/inbox/" in response.url and response.status == 200):
        page.evaluate("MedSync.reread()")
    page.mouse.up()

    expect(page.locator("[data-part=thread-actions] .chip-ok")).to_be_visible(timeout=PATIENCE)
    has_focus(page, "body *")  # "Done" is gone, the focus is not


def test_the_first_letter_pauses_the_bot_and_leaves_a_line(visit: Callable[..., Page]) -> None:
    page = open_thread(visit)
    text = page.locator("#composer-text")

    text.press_sequentially("Un momento")

    stands(page, "paused")
    expect(page.locator("[data-part=items]")).to_contain_text(
        "Bot paused for 30 min: Elena is writing", timeout=PATIENCE
    )
    expect(text).to_be_focused()
    expect(text).to_have_value("Un momento")


def test_a_note_pauses_nothing(visit: Callable[..., Page]) -> None:
    page = open_thread(visit)
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if request.url.endswith("/typing/") else None
    )

    page.keyboard.press("n")
    page.locator("#composer-text").press_sequentially("Prefiere por la tarde")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".note", has_text="Prefiere por la tarde")).to_be_visible(timeout=PATIENCE)
    assert not asked
    stands(page, "on")
