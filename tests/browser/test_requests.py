"""The Requests screen in a browser: the keyboard alone, other times taken on the phone, a colleague who is faster."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.axe import complaints, script
from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE
from tests.browser.parts import (
    DESK,
    INBOX,
    PlayedPhone,
    ask_for_a_time,
    comes_true,
    new_phone,
    row_of,
    shell,
)
from tests.stack.running import RunningStack

SCREEN = f"/c/{CLINIC}/requests/"
WORDS = "**/words/"
VIEWPORTS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])


def asking_phone(visit: Callable[..., Page]) -> PlayedPhone:
    phone = new_phone(visit(DESK))
    ask_for_a_time(phone)
    return phone


def row(page: Page, name: str) -> Locator:
    return page.locator("[data-part=requests-rows] [data-row]", has_text=name).first


def walk_to(page: Page, name: str) -> None:
    """Go through the list by keyboard until the person's request is open, whether it stands above or below."""
    expect(row(page, name)).to_be_visible(timeout=PATIENCE)
    names = page.locator("[data-row] .req-name").all_inner_texts()
    opened = page.locator("[data-row][aria-current] .req-name")
    key = "j" if names.index(name) > names.index(opened.inner_text()) else "k"
    for _ in range(20):
        if opened.inner_text() == name:
            break
        page.keyboard.press(key)
    expect(page.locator(".decision-name")).to_have_text(name, timeout=PATIENCE)
    expect(page.locator("[data-accept]")).to_be_visible(timeout=PATIENCE)


def test_a_new_request_appears_by_itself_and_is_accepted_by_keyboard_alone(
    visit: Callable[..., Page],
) -> None:
    page = visit(SCREEN)
    page.evaluate("window.untouched = true")
    phone = asking_phone(visit)

    walk_to(page, phone.name)
    promised = page.locator(".answer-accept .quote-text").inner_text().splitlines()[0]
    page.keyboard.press("a")

    expect(page.locator(".decision-main .request-line")).to_contain_text("Accepted by you", timeout=PATIENCE)
    phone.heard(promised)
    expect(page.locator(".req-decided", has_text=phone.name)).to_contain_text("Accepted by you")
    assert page.evaluate("window.untouched")


def test_other_times_are_offered_and_the_patient_takes_the_second(visit: Callable[..., Page]) -> None:
    phone = asking_phone(visit)
    page = visit(SCREEN)
    walk_to(page, phone.name)
    expect(page.locator("[data-offer-text]")).to_contain_text("2. ", timeout=PATIENCE)
    offered = re.findall(r"^2\. (.+)$", page.locator("[data-offer-text]").inner_text(), re.MULTILINE)

    page.keyboard.press("o")
    expect(page.locator("[data-offer-send]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".decision-main")).to_contain_text("Patient chooses", timeout=PATIENCE)
    expect(page.locator(".request-offered li")).to_have_count(3, timeout=PATIENCE)
    phone.heard(offered[0])
    heard = phone.messages()
    phone.write("2")

    assert "confirmada" in phone.answered(heard) or "confirmed" in phone.answered(heard)
    expect(page.locator(".decision-main .request-line")).to_contain_text("Accepted by", timeout=PATIENCE)


def test_other_times_can_be_chosen_and_the_words_follow(visit: Callable[..., Page]) -> None:
    phone = asking_phone(visit)
    page = visit(SCREEN)
    row(page, phone.name).click()
    expect(page.locator(".decision-name")).to_have_text(phone.name, timeout=PATIENCE)
    expect(page.locator("[data-offer-text]")).to_contain_text("3. ", timeout=PATIENCE)

    page.locator(".slots-more > summary").click()
    chosen = page.locator(".slot input:checked")
    expect(chosen).to_have_count(3)
    expect(page.locator(".slot input:disabled").first).to_be_attached()
    page.locator(".slot:has(input:checked)").last.click()

    expect(page.locator("[data-offer-send]")).to_have_text("Offer these 2", timeout=PATIENCE)
    expect(page.locator("[data-offer-text]")).not_to_contain_text("3. ")


def test_declining_by_keyboard_previews_the_reason_and_sends_it(visit: Callable[..., Page]) -> None:
    phone = asking_phone(visit)
    page = visit(SCREEN)
    walk_to(page, phone.name)

    page.keyboard.press("x")
    expect(page.locator("[name=why]")).to_be_focused()
    page.locator("[name=why]").select_option("reason_longer")
    expect(page.locator("[data-decline-text]")).to_contain_text("más tiempo", timeout=PATIENCE)
    page.keyboard.press("Tab")
    page.keyboard.type("Le llamamos hoy")
    expect(page.locator("[data-decline-text]")).to_contain_text("Le llamamos hoy", timeout=PATIENCE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".decision-main .request-line")).to_contain_text("Declined by you", timeout=PATIENCE)
    phone.heard("Este tipo de cita necesita más tiempo. Le llamamos hoy.")


def test_a_reason_chosen_while_the_card_still_reads_its_words_stays(visit: Callable[..., Page]) -> None:
    phone = asking_phone(visit)
    page = visit(SCREEN)
    held: list[Route] = []
    page.route(WORDS, lambda one: held.append(one))
    page.goto(row(page, phone.name).get_attribute("href") or "")
    expect(page.locator(".decision-name")).to_have_text(phone.name, timeout=PATIENCE)
    page.locator("[name=why]").select_option("reason_longer")
    expect(page.locator("[data-decline-text]")).to_contain_text("más tiempo", timeout=PATIENCE)

    for one in held:
        one.continue_()

    expect(page.locator("[data-offer-text]")).to_contain_text("2. ", timeout=PATIENCE)
    expect(page.locator("[data-decline-text]")).to_contain_text("más tiempo")


def test_the_card_in_a_thread_offers_other_times_by_keyboard(visit: Callable[..., Page]) -> None:
    phone = asking_phone(visit)
    inbox = visit(f"{INBOX}?view=all")
    row_of(inbox, phone.name).click()
    card = inbox.locator("[data-request]")
    expect(card.locator(".request-check")).to_contain_text("Free, checked now", timeout=PATIENCE)

    inbox.keyboard.press("o")
    expect(card.locator('[data-words="offer"]')).to_be_visible()
    expect(card.locator('[data-words="accept"]')).to_be_hidden()
    expect(card.locator("[data-offer-send]")).to_be_focused()
    inbox.keyboard.press("Enter")

    expect(inbox.locator("[data-request]")).to_contain_text("Patient chooses", timeout=PATIENCE)
    heard = phone.messages()
    phone.write("1")
    phone.answered(heard)
    expect(inbox.locator(".request-line", has_text="Accepted by")).to_be_visible(timeout=PATIENCE)


def test_a_colleague_who_is_faster_changes_the_screen_under_the_eyes(visit: Callable[..., Page]) -> None:
    phone = asking_phone(visit)
    first, second = visit(SCREEN), visit(SCREEN)
    for page in (first, second):
        row(page, phone.name).click()
        expect(page.locator(".decision-name")).to_have_text(phone.name)

    first.locator("[data-accept]").click()

    expect(second.locator(".decision-main .request-line")).to_contain_text("Accepted by", timeout=PATIENCE)
    expect(second.locator("[data-accept]")).to_have_count(0)
    expect(row(second, phone.name)).to_have_count(0)


def test_on_a_phone_one_pane_at_a_time_with_thumb_buttons(visit: Callable[..., Page]) -> None:
    asked = asking_phone(visit)
    page = visit(SCREEN, viewport=PHONE)
    expect(page.locator("[data-decision-pane]")).to_be_hidden()

    row(page, asked.name).click()
    expect(page.locator(".requests-list")).to_be_hidden()
    expect(page.locator("[data-accept]")).to_be_visible(timeout=PATIENCE)
    comes_true(page, "document.querySelector('[data-accept]')?.getBoundingClientRect().height >= 44")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("[data-back]").click()
    expect(row(page, asked.name)).to_be_visible()
    assert page.url.endswith(SCREEN)


LONG = "María del Carmen Fernández-Villavicencio y Ortiz de la Vega-Castellanos"


@VIEWPORTS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_very_long_names_many_requests_and_spanish_fit(
    visit: Callable[..., Page], stack: RunningStack, viewport: Any, scheme: str
) -> None:
    shell(
        stack,
        f"""
from medsync.lib import clock
from scheduling.models import Appointment, Patient
from scheduling.operations import request
from scheduling.queries import free_slots
now = clock.now()
waiting = Appointment.objects.filter(status="pending_review", source="voice").count()
for slot in free_slots(from_date=now.date(), days=20, now=now, bookable_only=True)[:max(0, 8 - waiting)]:
    request(Patient.objects.create(name={LONG!r}), type=slot.type_id, starts_at=slot.starts_at,
            practitioner=slot.practitioner_id, source="voice", now=now)
""",
    )
    page = visit(SCREEN, viewport=viewport, color_scheme=scheme)
    row(page, LONG).click()
    expect(page.locator(".decision-name")).to_have_text(LONG, timeout=PATIENCE)
    expect(page.locator("[data-slots] .slot").first).to_be_attached(timeout=PATIENCE)

    cut = page.evaluate(
        """() => [...document.querySelectorAll('.decision *, .requests-list *')].filter(
            (one) => one.childElementCount === 0 && one.offsetParent && one.scrollWidth > one.clientWidth + 1
                && getComputedStyle(one).overflowX === 'hidden' && !one.closest('.day-block')).map((one) => one.textContent)"""
    )
    assert cut == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert complaints(page, script()) == []
