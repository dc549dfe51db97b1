"""The line goes: the page says since when, keeps what was typed, fetches the gap, and sends once."""

import os
import re
import signal
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.parts import DESK, INBOX, new_phone, row_of
from tests.stack.running import RunningStack, until


def test_what_came_while_the_line_was_cut_is_there_afterwards(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    inbox = visit(f"{INBOX}?view=all")
    row_of(inbox, phone.name).click()
    inbox.locator("#composer-text").fill("Un momento, por favor")
    inbox.evaluate("window.untouched = true")

    inbox.context.set_offline(True)
    expect(inbox.locator("[data-connection]")).to_contain_text("Reconnecting.", timeout=PATIENCE)
    expect(inbox.locator("[data-connection]")).to_contain_text("Last news")
    expect(inbox.locator("[data-send]")).to_have_attribute("aria-disabled", "true")
    phone.write("¿sigue ahí?")
    inbox.locator("#composer-text").press("End")
    inbox.locator("#composer-text").type(" Ana")
    inbox.context.set_offline(False)

    # It says so for ten seconds: look at it first.
    expect(inbox.locator("[data-connection]")).to_contain_text("Caught up.", timeout=PATIENCE)
    expect(inbox.locator(".bubble-in", has_text="¿sigue ahí?")).to_be_visible(timeout=PATIENCE)
    expect(inbox.locator("#composer-text")).to_have_value("Un momento, por favor Ana")
    expect(inbox.locator("#composer-text")).to_be_focused()
    assert inbox.evaluate("window.untouched")
    inbox.keyboard.press("Control+Enter")
    phone.heard("Un momento, por favor Ana")


def test_a_draft_survives_a_reload_and_is_kept_by_id_only(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    inbox = visit(f"{INBOX}?view=all")
    row_of(inbox, phone.name).click()
    inbox.locator("#composer-text").fill("Borrador a medias")

    inbox.reload()

    expect(inbox.locator("#composer-text")).to_have_value("Borrador a medias")
    expect(row_of(inbox, phone.name)).to_contain_text("Draft:")
    keys = inbox.evaluate("Object.keys(sessionStorage).filter(key => !key.startsWith('htmx-current-path'))")
    thread = inbox.locator("[data-thread]").get_attribute("data-thread")
    assert keys == [f"medsync-draft:reply:{thread}"]
    # When somebody was here, for the lock.
    assert set(inbox.evaluate("Object.keys(localStorage)")) <= {"medsync-active"}


def test_a_send_whose_answer_was_lost_is_sent_once(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    inbox = visit(f"{INBOX}?view=all")
    row_of(inbox, phone.name).click()
    lost = []

    def lose_the_answer(route: object) -> None:
        if not lost:
            lost.append(route.fetch().status)  # type: ignore[attr-defined]
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    inbox.route("**/send/", lose_the_answer)
    inbox.locator("#composer-text").fill("Solo una vez")
    inbox.keyboard.press("Control+Enter")
    expect(inbox.locator("[data-toasts]")).not_to_be_empty(timeout=PATIENCE)
    expect(inbox.locator("#composer-text")).to_have_value("Solo una vez")
    inbox.locator("#composer-text").press("Control+Enter")

    expect(inbox.locator("#composer-text")).to_have_value("", timeout=PATIENCE)
    phone.heard("Solo una vez")
    assert lost == [200]
    expect(inbox.locator(".bubble-staff", has_text="Solo una vez")).to_have_count(1)
    expect(phone.case.locator(".said-theirs", has_text="Solo una vez")).to_have_count(1)


def test_a_web_server_that_is_killed_is_survived_without_a_reload(
    visit: Callable[..., Page], stack: RunningStack
) -> None:
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    inbox = visit(f"{INBOX}?view=all")
    row_of(inbox, phone.name).click()
    inbox.locator("#composer-text").fill("Seguimos")
    inbox.evaluate("window.untouched = true")

    os.kill(stack.pids()["web"], signal.SIGKILL)
    expect(inbox.locator("[data-connection]")).to_contain_text("Reconnecting.", timeout=PATIENCE)
    until(stack.ready, seconds=60, what="the web server's return")
    expect(inbox.locator("[data-connection]")).to_contain_text("Caught up.", timeout=60_000)
    phone.write("he vuelto")

    expect(inbox.locator(".bubble-in", has_text="he vuelto")).to_be_visible(timeout=PATIENCE)
    expect(inbox.locator("#composer-text")).to_have_value("Seguimos")
    assert inbox.evaluate("window.untouched")


def test_new_rows_wait_while_the_pointer_is_in_the_list(visit: Callable[..., Page]) -> None:
    desk = visit(DESK)
    inbox = visit(f"{INBOX}?view=all")
    first = inbox.locator("[data-part=rows] > .row").first
    first.hover()  # from now on the rows stay where they are
    top = first.get_attribute("data-key")

    phone = new_phone(desk)
    phone.write("quiero hablar con una persona")

    button = inbox.locator("[data-show-new]")
    expect(button).to_contain_text(re.compile(r"\d new"))  # more than one, when somebody else wrote meanwhile
    expect(row_of(inbox, phone.name)).to_have_count(0)
    assert first.get_attribute("data-key") == top
    button.click()
    expect(row_of(inbox, phone.name)).to_be_visible()
