"""Two members at one thread: they see each other, answer at once, decide at once, and lose the line for five minutes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, OWNER, PATIENCE, log_in
from tests.browser.parts import DESK, INBOX, PlayedPhone, ask_for_a_time, new_phone, row_of
from tests.stack.running import RunningStack

MARTA = "marta@riverside.example"


@pytest.fixture
def enter(chrome: Browser, stack: RunningStack) -> Iterator[Callable[[str], Page]]:
    """Give a maker of members: each with a browser of their own, whose clock the test moves."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def log_in_as(email: str) -> Page:
        context = chrome.new_context(base_url=stack.url, viewport=DESKTOP, locale="en-US")
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        log_in(page, email)
        page.clock.install()
        return page

    yield log_in_as
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def phone(visit: Callable[..., Page]) -> PlayedPhone:
    """Give a patient who wants to talk to a person."""
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    return phone


def at_the_thread(page: Page, phone: PlayedPhone) -> Page:
    """Open the inbox, and the patient's thread in it."""
    page.goto(f"{INBOX}?view=all")
    row_of(page, phone.name).click()
    expect(page.locator("[data-thread] h1")).to_have_text(phone.name, timeout=PATIENCE)
    return page


def type_in(page: Page, text: str) -> None:
    page.locator("#composer-text").click()
    page.locator("#composer-text").press_sequentially(text)


def is_down(page: Page) -> None:
    expect(page.locator("[data-connection]")).to_contain_text("Reconnecting.", timeout=PATIENCE)


def test_who_has_it_open_and_who_writes_is_said_once(
    enter: Callable[[str], Page], phone: PlayedPhone
) -> None:
    elena, marta = at_the_thread(enter(OWNER), phone), enter(MARTA)
    expect(elena.locator("[data-presence]")).to_be_hidden()
    elena.evaluate(
        """() => {
            window.said = [];
            new MutationObserver(() => window.said.push(document.querySelector("[data-presence-said]").textContent))
                .observe(document.querySelector("[data-presence-said]"), { childList: true });
        }"""
    )

    at_the_thread(marta, phone)
    expect(elena.locator("[data-presence-line]")).to_contain_text("Marta has this open", timeout=PATIENCE)
    expect(elena.locator("[data-presence] .avatar")).to_have_text("MR")
    expect(marta.locator("[data-presence-line]")).to_contain_text("Elena has this open", timeout=PATIENCE)

    for _ in range(2):
        type_in(marta, "Hola")
        expect(elena.locator("[data-presence-line]")).to_contain_text("Marta is writing", timeout=PATIENCE)
        marta.clock.run_for(7_000)  # the fingers rest
        expect(elena.locator("[data-presence-line]")).to_contain_text("Marta has this open", timeout=PATIENCE)
    marta.goto(INBOX)
    expect(elena.locator("[data-presence]")).to_be_hidden(timeout=PATIENCE)

    assert elena.evaluate("window.said") == ["Marta has this open", "Marta is writing"]


def test_five_minutes_without_a_line_lose_nothing_and_send_once(
    enter: Callable[[str], Page], phone: PlayedPhone
) -> None:
    elena, marta = at_the_thread(enter(OWNER), phone), at_the_thread(enter(MARTA), phone)
    for page in (elena, marta):
        page.context.set_offline(True)
        is_down(page)

    phone.write("¿sigue ahí?")
    for page, text in ((elena, "Soy Elena"), (marta, "Soy Marta")):
        type_in(page, text)
        page.clock.fast_forward("05:00")
        is_down(page)
        expect(page.locator("[data-connection]")).to_contain_text("Last news")
        for locked in ("[data-send]", "[data-done]", "[data-bot] [value=off]"):
            expect(page.locator(locked)).to_have_attribute("aria-disabled", "true")
            expect(page.locator(locked)).to_have_attribute(
                "title", "This waits until the page is live again."
            )
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-toasts]")).to_contain_text("Not sent: no connection.")
        expect(page.locator(".bubble-in", has_text="¿sigue ahí?")).to_have_count(0)

    elena.context.set_offline(False)
    expect(elena.locator("[data-connection]")).to_contain_text(
        "Caught up.", timeout=PATIENCE
    )  # for ten seconds
    expect(elena.locator(".bubble-in", has_text="¿sigue ahí?")).to_be_visible(timeout=PATIENCE)
    expect(elena.locator("[data-list] [aria-selected=true]")).to_contain_text("Draft: Soy Elena")
    elena.reload()  # what was typed outlives that too
    expect(elena.locator("#composer-text")).to_have_value("Soy Elena", timeout=PATIENCE)
    elena.locator("#composer-text").press("Control+Enter")
    expect(elena.locator("#composer-text")).to_have_value("", timeout=PATIENCE)
    phone.heard("Soy Elena")

    # Marta's page comes back, but the thread is read only after she has pressed Send.
    held: list[Any] = []
    marta.route(
        "**/inbox/*/?*",
        lambda route: held.append(route) if route.request.method == "GET" else route.continue_(),
    )
    marta.context.set_offline(False)
    expect(marta.locator("[data-connection]")).to_contain_text("Caught up.", timeout=PATIENCE)
    marta.locator("#composer-text").press("Control+Enter")

    alert = marta.locator("[data-part=composer-alert]")
    expect(alert).to_contain_text("Elena answered", timeout=PATIENCE)
    expect(alert).to_contain_text("send anyway?")
    expect(marta.locator("#composer-text")).to_have_value("Soy Marta")
    assert phone.case.locator(".said-theirs", has_text="Soy Marta").count() == 0
    marta.locator("[data-send-anyway]").click()
    phone.heard("Soy Marta")
    expect(phone.case.locator(".said-theirs", has_text="Soy Marta")).to_have_count(1)
    expect(phone.case.locator(".said-theirs", has_text="Soy Elena")).to_have_count(1)
    for route in held:
        route.abort()


def test_two_who_answer_at_once_do_not_answer_twice_unasked(
    enter: Callable[[str], Page], phone: PlayedPhone
) -> None:
    elena, marta = at_the_thread(enter(OWNER), phone), at_the_thread(enter(MARTA), phone)
    for page, text in ((elena, "La llamo hoy"), (marta, "Venga mañana")):
        type_in(page, text)
    # Marta's page does not hear of Elena's answer before she presses.
    marta.route(
        "**/inbox/*/?*", lambda route: route.abort() if route.request.method == "GET" else route.continue_()
    )

    elena.keyboard.press("Control+Enter")
    expect(elena.locator("#composer-text")).to_have_value("", timeout=PATIENCE)
    marta.keyboard.press("Control+Enter")

    expect(marta.locator("[data-part=composer-alert]")).to_contain_text("Elena answered", timeout=PATIENCE)
    expect(marta.locator("#composer-text")).to_have_value("Venga mañana")
    phone.heard("La llamo hoy")
    assert phone.case.locator(".said-theirs", has_text="Venga mañana").count() == 0


def test_a_request_decided_twice_says_who_was_first(
    enter: Callable[[str], Page], visit: Callable[..., Page]
) -> None:
    phone = new_phone(visit(DESK))
    ask_for_a_time(phone)
    elena, marta = at_the_thread(enter(OWNER), phone), at_the_thread(enter(MARTA), phone)
    expect(marta.locator("[data-accept]")).to_be_visible(timeout=PATIENCE)
    marta.route(
        "**/inbox/*/?*", lambda route: route.abort() if route.request.method == "GET" else route.continue_()
    )

    elena.locator("[data-accept]").click()
    expect(elena.locator(".request-line")).to_contain_text("Accepted by you", timeout=PATIENCE)
    marta.locator("[data-accept]").click()

    expect(marta.locator(".request-line")).to_contain_text("Accepted by Elena", timeout=PATIENCE)
    expect(marta.locator("[data-toasts]")).to_contain_text("Accepted by Elena")
    expect(marta.locator("[data-accept]")).to_have_count(0)


def test_pages_come_back_one_after_the_other(visit: Callable[..., Page]) -> None:
    page = visit(INBOX)
    waits = page.evaluate(
        """() => {
            const first = [];
            for (let n = 0; n < 500; n += 1) first.push(MedSync.live.wait(0));
            return { first, later: [0, 1, 2, 3, 9].map((n) => MedSync.live.wait(n)) };
        }"""
    )

    assert min(waits["first"]) >= 1000
    assert max(waits["first"]) <= 4000
    in_a_second = [
        sum(start <= wait < start + 1000 for wait in waits["first"]) for start in (1000, 2000, 3000)
    ]
    assert max(in_a_second) < 250, "they come in one crowd"
    assert max(waits["later"]) <= 30_000
