"""Points 3 and 5 of the first issue: a patient books, staff accept live, the ticks move; replies and the window."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.parts import (
    DESK,
    INBOX,
    ask_for_a_time,
    new_phone,
    person_came,
    row_of,
    shell,
    still_box,
)
from tests.stack.running import RunningStack

VIEWPORTS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
UNTOUCHED = "window.untouched"


@VIEWPORTS
def test_a_patient_books_and_staff_accept_without_a_reload(visit: Callable[..., Page], viewport: Any) -> None:
    phone = new_phone(visit(DESK))
    inbox = visit(f"{INBOX}?view=all", viewport=viewport)
    inbox.evaluate(f"{UNTOUCHED} = true")

    ask_for_a_time(phone)
    row = inbox.locator("[data-part=rows] > .row", has_text="Request").filter(has_text=phone.name).first
    expect(row).to_be_visible(timeout=PATIENCE)
    row.click()
    card = inbox.locator("[data-request]", has=inbox.locator("[data-accept]")).last
    expect(card).to_contain_text("Wants to book")
    promised = card.locator(".quote-text").first.inner_text().splitlines()[0]
    card.locator("[data-accept]").click()

    expect(inbox.locator(".request-line", has_text="Accepted by you")).to_be_visible(timeout=PATIENCE)
    phone.heard(promised)
    expect(inbox.locator(".bubble", has_text=promised).locator("[data-tick=read]")).to_be_visible(
        timeout=PATIENCE
    )
    assert inbox.evaluate(UNTOUCHED)


def test_the_ticks_go_from_sent_to_delivered_to_read(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    inbox = visit(f"{INBOX}?view=all")
    row_of(inbox, phone.name).click()
    inbox.locator("#composer-text").fill("Le llamamos en un momento")
    inbox.evaluate(
        """() => {
            window.ticks = [];
            new MutationObserver(() => {
                const bubble = [...document.querySelectorAll('.bubble-staff')].pop();
                const sign = bubble && bubble.querySelector('[data-tick]');  // none while it can be taken back
                const tick = sign && sign.dataset.tick;
                if (tick && window.ticks[window.ticks.length - 1] !== tick) window.ticks.push(tick);
            }).observe(document.querySelector('[data-log]'), {subtree: true, childList: true, attributes: true});
        }"""
    )

    inbox.locator("[data-send]").click()
    phone.heard("Le llamamos en un momento")
    expect(inbox.locator(".bubble-staff").last.locator("[data-tick=read]")).to_be_visible(timeout=PATIENCE)

    ranks = ["queued", "sending", "sent", "delivered", "read"]
    seen = [ranks.index(tick) for tick in inbox.evaluate("window.ticks")]
    assert seen == sorted(seen)
    assert len(seen) >= 2
    expect(inbox.locator("#composer-text")).to_have_value("")


def test_declining_shows_the_words_first_and_tells_the_patient(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    ask_for_a_time(phone)
    inbox = visit(f"{INBOX}?view=all")
    row_of(inbox, phone.name).click()

    button = inbox.locator("[data-decline]")
    person_came(inbox)
    expect(inbox.locator("[data-request] .request-check")).to_contain_text("checked now", timeout=PATIENCE)
    button.hover()
    place = still_box(inbox, button)
    inbox.mouse.down()
    assert button.bounding_box() == place  # else the finger comes up beside it, and nothing was pressed
    inbox.mouse.up()
    inbox.locator("[data-reason]").fill("La doctora no está ese día")
    expect(inbox.locator("[data-decline-text]")).to_contain_text(
        "La doctora no está ese día", timeout=PATIENCE
    )
    inbox.get_by_role("button", name="Decline and send").click()

    expect(inbox.locator(".request-line", has_text="Declined by you")).to_be_visible(timeout=PATIENCE)
    phone.heard("La doctora no está ese día")


def test_a_request_that_a_colleague_decides_changes_under_the_eyes(visit: Callable[..., Page]) -> None:
    phone = new_phone(visit(DESK))
    ask_for_a_time(phone)
    first, second = visit(f"{INBOX}?view=all"), visit(f"{INBOX}?view=all")
    for page in (first, second):
        row_of(page, phone.name).click()
        expect(page.locator("[data-accept]")).to_be_visible()

    first.locator("[data-accept]").click()

    expect(second.locator(".request-line", has_text="Accepted by")).to_be_visible(timeout=PATIENCE)
    expect(second.locator("[data-accept]")).to_have_count(0)


def test_a_broken_phone_shows_why_and_a_way_out(visit: Callable[..., Page]) -> None:
    desk = visit(DESK)
    phone = new_phone(desk)
    phone.write("quiero hablar con una persona")
    phone.arrives("broken")
    inbox = visit(f"{INBOX}?view=all")
    row_of(inbox, phone.name).click()

    inbox.locator("#composer-text").fill("¿Nos llama?")
    inbox.keyboard.press("Control+Enter")

    failed = inbox.locator(".bubble-staff", has_text="¿Nos llama?").locator(".failed-box")
    expect(failed).to_contain_text("The phone is switched off or out of reach.", timeout=PATIENCE)
    expect(failed).to_contain_text("30003")
    phone.arrives("online")
    failed.get_by_role("button", name="Send again").click()
    phone.heard("¿Nos llama?")
    expect(failed).to_have_count(0, timeout=PATIENCE)


@VIEWPORTS
def test_outside_the_window_a_reply_is_locked_and_refused_with_the_way_out(
    visit: Callable[..., Page], stack: RunningStack, viewport: Any
) -> None:
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    inbox = visit(f"{INBOX}?view=all", viewport=viewport)
    row_of(inbox, phone.name).click()
    inbox.locator("#composer-text").fill("Ya puede venir")
    key = inbox.locator("[data-thread]").get_attribute("data-thread")

    shell(
        stack,
        f"""
from datetime import timedelta
from django.db.models import F
from messaging import live
from messaging.models import Conversation, Window
day = timedelta(hours=25)
Window.objects.filter(conversation={key!r}).update(last_inbound_at=F("last_inbound_at") - day)
Conversation.objects.filter(pk={key!r}).update(window_closes_at=F("window_closes_at") - day)
live.publish("conversation", id={key!r})
""",
    )

    expect(inbox.locator(".composer-locked")).to_contain_text("you can answer at once", timeout=PATIENCE)
    expect(inbox.locator("#composer-text")).to_have_value("Ya puede venir")
    expect(inbox.locator("[data-send]")).to_have_attribute("aria-disabled", "true")
    answer = inbox.evaluate(
        """async () => {
            const form = document.querySelector('[data-composer] form');
            const response = await fetch(form.dataset.sendUrl, {
                method: 'POST', body: new FormData(form), headers: {'HX-Request': 'true'}});
            return [response.status, await response.text()];
        }"""
    )
    assert answer[0] == 409
    assert "Wait for the patient to write" in answer[1]
    expect(inbox.locator(".bubble-staff")).to_have_count(0)
