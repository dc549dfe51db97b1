"""Answers that come late, frames that come early, and what is pressed twice: each answer is held until it is in the way."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import CLINIC, PATIENCE
from tests.browser.holding import Held, posts
from tests.browser.parts import DESK, INBOX, PlayedPhone, ask_for_a_time, has_focus, new_phone, row_of

pytestmark = pytest.mark.browser

REQUESTS = f"/c/{CLINIC}/requests/"
# What is read again every 30 s would hide what was missed.
NEVER_BY_ITSELF = """(() => {
    const every = window.setInterval;
    window.setInterval = (run, wait, ...more) => wait >= 30000 ? 0 : every(run, wait, ...more);
})()"""

# Faster than any answer: what was open before still stands there.
CLICK_AND_A = """row => {
    row.click();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true, cancelable: true }));
}"""


def someone(visit: Callable[..., Page]) -> PlayedPhone:
    """Let a new patient ask for a person."""
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    phone.answered(0)
    return phone


def at_the_thread(page: Page, phone: PlayedPhone) -> str:
    """Open a thread with all that it reads by itself; return its id."""
    row_of(page, phone.name).click()
    expect(page.locator("[data-thread] h1")).to_have_text(phone.name, timeout=PATIENCE)
    expect(page.locator("[data-part=writing][data-senders]")).to_be_attached(timeout=PATIENCE)
    return str(page.locator("[data-thread]").get_attribute("data-thread"))


def is_read(route: Route) -> bool:
    """Say whether a thread is read again."""
    return route.request.method == "GET" and "x-pane" not in route.request.headers


def is_opened(route: Route) -> bool:
    """Say whether a thread is opened."""
    return "x-pane" in route.request.headers


# ── Older than what is there ──────────────────────────────────────────────────────────────────────────────────────
def test_a_read_begun_before_a_deed_never_turns_it_back(visit: Callable[..., Page]) -> None:
    phone = someone(visit)
    page = visit(f"{INBOX}?view=all")
    key = at_the_thread(page, phone)
    held = Held(page, re.compile(rf"/inbox/{key}/(\?|$)"), only=is_read)
    page.evaluate("MedSync.reread()")
    held.came()

    page.locator("[data-done]").click()
    expect(page.locator("[data-part=thread-actions] .chip-ok")).to_be_visible(timeout=PATIENCE)
    page.evaluate(
        """() => {
            const part = document.querySelector('[data-part=thread-actions]');
            new MutationObserver(() => { if (part.querySelector('[data-done]')) window.turned = true; })
                .observe(part, {childList: true, subtree: true});
        }"""
    )
    with page.expect_response(re.compile(rf"/inbox/{key}/(\?|$)")):
        held.let_go()

    expect(page.locator("[data-part=thread-actions] .chip-ok")).to_be_visible()
    assert page.evaluate("window.turned") is None


def test_news_of_a_thread_that_is_still_read_is_there_when_it_comes(visit: Callable[..., Page]) -> None:
    phone = someone(visit)
    page = visit(f"{INBOX}?view=all")
    page.add_init_script(NEVER_BY_ITSELF)
    page.reload()
    row = row_of(page, phone.name)
    held = Held(page, re.compile(rf"/inbox/{row.get_attribute('data-key')}/(\?|$)"), only=is_opened)
    row.click()
    held.came()

    phone.write("una cosa más")
    expect(row).to_contain_text("una cosa más", timeout=PATIENCE)
    held.let_go()

    expect(page.locator(".bubble-in", has_text="una cosa más")).to_be_visible(timeout=PATIENCE)


def test_a_thread_that_was_left_before_it_came_stays_away(visit: Callable[..., Page]) -> None:
    phone = someone(visit)
    page = visit(f"{INBOX}?view=all")
    row = row_of(page, phone.name)
    held = Held(page, re.compile(rf"/inbox/{row.get_attribute('data-key')}/(\?|$)"), only=is_opened)
    row.press("Enter")
    held.came()

    page.keyboard.press("Escape")
    page.wait_for_url(f"**{INBOX}?view=all")
    held.let_go()

    expect(page.locator("[data-thread]")).to_have_count(0)
    has_focus(page, ".row")


def test_a_menu_that_comes_too_late_opens_nothing(visit: Callable[..., Page]) -> None:
    phone = someone(visit)
    page = visit(f"{INBOX}?view=all")
    at_the_thread(page, phone)
    held = Held(page, "**/menus/assign/")
    page.keyboard.press("Shift+I")
    held.came()

    page.keyboard.press("Escape")
    held.let_go()

    expect(page.locator("#deeds")).to_be_hidden()
    expect(page.locator("[data-thread] h1")).to_have_text(phone.name)
    page.keyboard.press("Shift+I")
    expect(page.locator("#deeds")).to_contain_text("Nobody", timeout=PATIENCE)


# ── Somebody else's ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_key_pressed_while_a_thread_comes_accepts_nobody_elses_request(visit: Callable[..., Page]) -> None:
    first, second = new_phone(visit(DESK)), someone(visit)
    ask_for_a_time(first)
    page = visit(f"{INBOX}?view=all")
    at_the_thread(page, first)
    expect(page.locator(".request-check")).to_contain_text("Free, checked now", timeout=PATIENCE)
    accepted = posts(page, "/accept/")

    row_of(page, second.name).evaluate(CLICK_AND_A)

    expect(page.locator("[data-thread] h1")).to_have_text(second.name, timeout=PATIENCE)
    assert accepted == []


def test_a_key_pressed_while_a_request_comes_accepts_not_the_one_before(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    ask_for_a_time(phone)
    page = visit(REQUESTS)
    mine = page.locator("[data-part=requests-rows] [data-row]", has_text=phone.name)
    page.goto(str(mine.get_attribute("href")))
    expect(page.locator("[data-offer-text]")).to_contain_text("2. ", timeout=PATIENCE)
    accepted = posts(page, "/accept/")

    page.locator("[data-part=requests-rows] [data-row]:not([aria-current])").first.evaluate(CLICK_AND_A)

    expect(page.locator(".decision-name")).not_to_have_text(phone.name, timeout=PATIENCE)
    assert accepted == []


def test_saved_texts_with_another_persons_name_come_too_late(visit: Callable[..., Page]) -> None:
    first, second = someone(visit), someone(visit)
    page = visit(f"{INBOX}?view=all")
    key = at_the_thread(page, first)
    held: list[Route] = []
    page.route(f"**/inbox/{key}/texts/", lambda route: held.append(route))
    with page.expect_request(f"**/inbox/{key}/texts/"):
        page.locator("[data-texts]").click()

    at_the_thread(page, second)
    page.locator("[data-texts]").click()
    expect(page.locator("[data-choice]").first).to_be_visible(timeout=PATIENCE)
    theirs = '<li id="text-1" role="option" data-choice data-search="" data-name="" data-shortcut="" data-body="">Hola, otra</li>'
    with page.expect_response(f"**/inbox/{key}/texts/"):
        held[0].fulfill(body=theirs, content_type="text/html")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    expect(page.locator("[data-texts-list]")).not_to_contain_text("Hola, otra")


def test_a_reason_asked_for_and_given_up_is_not_shown(visit: Callable[..., Page]) -> None:
    phone = someone(visit)
    page = visit(f"{INBOX}?view=all")
    at_the_thread(page, phone)
    held = Held(page, "**/why/")
    page.locator("[data-why]").last.click()
    held.came()

    page.locator("#composer-text").click()
    held.let_go()

    expect(page.locator("#why")).to_be_hidden()
    expect(page.locator("#composer-text")).to_be_focused()


def test_times_chosen_right_after_the_open_request_was_clicked_stay(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    ask_for_a_time(phone)
    page = visit(REQUESTS)
    mine = page.locator("[data-part=requests-rows] [data-row]", has_text=phone.name)
    page.goto(str(mine.get_attribute("href")))
    expect(page.locator("[data-offer-text]")).to_contain_text("3. ", timeout=PATIENCE)
    held = Held(page, re.compile(r"/requests/[0-9a-f-]{36}/$"), only=is_opened)
    mine.click()

    page.locator(".slots-more > summary").click()
    page.locator(".slot:has(input:checked)").last.click()
    expect(page.locator("[data-offer-send]")).to_have_text("Offer these 2", timeout=PATIENCE)
    held.let_go()

    expect(page.locator("[data-offer-send]")).to_have_text("Offer these 2")
    assert held.answers == []


# ── What was typed, and what was sent ─────────────────────────────────────────────────────────────────────────────
def test_what_was_sent_is_no_draft_when_another_thread_was_opened_meanwhile(
    visit: Callable[..., Page],
) -> None:
    first, second = someone(visit), someone(visit)
    page = visit(f"{INBOX}?view=all")
    key = at_the_thread(page, first)
    held = Held(page, f"**/inbox/{key}/send/")
    page.locator("#composer-text").fill("Ya le llamamos")
    page.keyboard.press("Control+Enter")
    held.came()

    at_the_thread(page, second)
    held.let_go()

    expect(row_of(page, first.name)).not_to_contain_text("Draft:", timeout=PATIENCE)
    at_the_thread(page, first)
    expect(page.locator("#composer-text")).to_have_value("")
    first.heard("Ya le llamamos")


def test_a_reply_under_way_leaves_the_note_alone_that_is_begun_meanwhile(visit: Callable[..., Page]) -> None:
    phone = someone(visit)
    page = visit(f"{INBOX}?view=all")
    key = at_the_thread(page, phone)
    text = page.locator("#composer-text")
    held = Held(page, f"**/inbox/{key}/send/")
    text.fill("Un momento")
    page.keyboard.press("Control+Enter")
    held.came()

    page.locator("[data-tab-name=note]").click()
    text.fill("Un momento")  # the same words, for colleagues
    held.let_go()

    expect(page.locator(".bubble-staff", has_text="Un momento")).to_be_visible(timeout=PATIENCE)
    expect(text).to_have_value("Un momento")
    page.locator("[data-tab-name=reply]").click()
    expect(text).to_have_value("")


def test_two_presses_send_once_and_what_is_typed_on_waits_its_turn(visit: Callable[..., Page]) -> None:
    phone = someone(visit)
    page = visit(f"{INBOX}?view=all")
    key = at_the_thread(page, phone)
    sent = posts(page, f"/inbox/{key}/send/")
    held = Held(page, f"**/inbox/{key}/send/")
    text = page.locator("#composer-text")
    text.fill("Uno.")
    page.keyboard.press("Control+Enter")
    held.came()

    page.keyboard.press("Control+Enter")
    held.let_go()
    expect(text).to_have_value("", timeout=PATIENCE)
    expect(page.locator("[data-part=composer-alert]")).to_be_empty()
    assert len(sent) == 1

    held = Held(page, f"**/inbox/{key}/send/")
    text.fill("Dos.")
    page.keyboard.press("Control+Enter")
    held.came()
    page.keyboard.type(" Tres.")
    page.keyboard.press("Control+Enter")
    held.let_go()

    phone.heard("Tres.")
    expect(text).to_have_value("", timeout=PATIENCE)
    assert ["body=Dos." in sent[1], "body=Tres." in sent[2], len(sent)] == [True, True, 3]
    expect(phone.case.locator(".said-theirs", has_text="Dos.")).to_have_count(1)


def test_the_last_letters_before_another_thread_is_opened_reach_the_server(
    visit: Callable[..., Page],
) -> None:
    first, second = someone(visit), someone(visit)
    page = visit(f"{INBOX}?view=all")
    key = at_the_thread(page, first)
    other = row_of(page, second.name).get_attribute("data-key")

    with page.expect_request(f"**/inbox/{key}/draft/") as saved:
        page.evaluate(
            """key => {
                const text = document.getElementById("composer-text");
                text.value = "A medias";
                text.dispatchEvent(new Event("input", { bubbles: true }));
                document.querySelector(`[data-part=rows] > [data-key="${key}"]`).click();
            }""",
            other,
        )

    assert "A medias" in (saved.value.post_data or "")


def test_what_is_typed_on_a_phone_while_it_sends_stays(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    body = phone.case.locator("[name=body]")
    held = Held(phone.page, "**/send/")
    body.fill("hola")
    body.press("Enter")
    held.came()

    expect(phone.case.locator(".said-mine").last).to_contain_text("hola", timeout=PATIENCE)
    body.fill("quiero una cita")
    held.let_go()

    expect(body).to_have_value("quiero una cita")
    body.press("Enter")
    expect(phone.case.locator(".said-mine").last).to_contain_text("quiero una cita", timeout=PATIENCE)
    expect(body).to_have_value("")


def test_a_request_that_is_shown_decided_before_the_answer_leaves_the_thread_whole(
    visit: Callable[..., Page],
) -> None:
    phone = new_phone(visit(DESK))
    ask_for_a_time(phone)
    page = visit(f"{INBOX}?view=all")
    at_the_thread(page, phone)
    expect(page.locator("[data-request] .request-check")).to_contain_text("Free", timeout=PATIENCE)
    held = Held(page, "**/accept/")
    page.locator("[data-accept]").click()
    held.came()
    expect(page.locator("[data-accept]")).to_have_count(0, timeout=PATIENCE)
    held.let_go()

    expect(page.locator("[data-thread] h1")).to_have_text(phone.name)
    expect(page.locator("[data-log]")).to_contain_text("Accepted by you", timeout=PATIENCE)
    expect(page.locator("#composer-text")).to_be_editable()


def test_rows_picked_while_others_are_done_stay_picked(visit: Callable[..., Page]) -> None:
    first, second = someone(visit), someone(visit)
    page = visit(f"{INBOX}?view=all")
    row_of(page, first.name).press("Space")
    expect(row_of(page, first.name)).to_have_attribute("aria-checked", "true")
    held = Held(page, "**/inbox/many/")
    page.keyboard.press("e")
    held.came()

    row_of(page, second.name).press("Space")
    held.let_go()

    expect(row_of(page, second.name)).to_have_attribute("aria-checked", "true", timeout=PATIENCE)
    expect(row_of(page, first.name)).to_have_attribute("aria-checked", "false", timeout=PATIENCE)


# ── Twice ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_form_that_is_sent_twice_by_haste_goes_once(visit: Callable[..., Page]) -> None:
    page = visit(f"/c/{CLINIC}/patients/new/")
    page.locator("main form [name=name]").fill("Zzz Doble Pulsación")

    went = page.evaluate(
        """() => {
            const form = document.querySelector("main form[method=post]");
            let went = 0;
            window.addEventListener("submit", (event) => {
                if (!event.defaultPrevented) went += 1;
                event.preventDefault(); // the page stays, so that it can be counted
            });
            form.requestSubmit();
            form.requestSubmit();
            return went;
        }"""
    )

    assert went == 1


def test_a_task_is_noted_once_however_often_enter_is_pressed(visit: Callable[..., Page]) -> None:
    page = visit(f"/c/{CLINIC}/today/")
    page.locator("[data-add-task]").click()
    expect(page.locator("#task-text")).to_be_focused(timeout=PATIENCE)
    noted = posts(page, "/today/tasks/add/")
    words = f"Zzz once only {uuid4().hex[:6]}"
    page.keyboard.type(words)
    held = Held(page, "**/tasks/add/")
    page.keyboard.press("Enter")
    held.came()

    page.keyboard.press("Enter")
    held.let_go()

    task = page.get_by_role("checkbox", name=f"Done: {words}")
    expect(task.first).to_be_visible(timeout=PATIENCE)
    assert len(noted) == 1
    task.click()


# ── The focus ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_banner_that_is_asked_for_again_keeps_the_focus(visit: Callable[..., Page]) -> None:
    page = visit(f"/c/{CLINIC}/today/")
    page.route(
        "**/trouble/",
        lambda route: route.fulfill(
            body='<div class="banner"><a class="btn" href="/">Look</a></div>', content_type="text/html"
        ),
    )
    again = "() => htmx.ajax('GET', '/c/riverside/trouble/', {source: '.trouble', target: '.trouble', swap: 'innerHTML'})"
    page.evaluate(again)
    link = page.locator(".trouble a")
    expect(link).to_be_visible(timeout=PATIENCE)
    link.focus()

    page.evaluate(again)

    expect(link).to_be_focused()


def test_who_went_on_while_a_reply_was_under_way_keeps_the_focus(visit: Callable[..., Page]) -> None:
    phone = someone(visit)
    page = visit(f"{INBOX}?view=all")
    key = at_the_thread(page, phone)
    held = Held(page, f"**/inbox/{key}/send/")
    page.locator("#composer-text").fill("Hasta luego")
    page.keyboard.press("Control+Enter")
    held.came()

    page.keyboard.press("Escape")  # out of the field, to the list
    has_focus(page, ".row")
    held.let_go()

    expect(page.locator("#composer-text")).to_have_value("", timeout=PATIENCE)
    has_focus(page, ".row")
