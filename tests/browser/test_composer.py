"""The composer by keyboard alone: saved texts, undo, notes, sending later, drafts on two devices, the 24 hours."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, OWNER, PATIENCE, PHONE
from tests.browser.parts import DESK, INBOX, PlayedPhone, new_phone, row_of, shell
from tests.stack.running import RunningStack

VECTORS = Path(__file__).parents[1] / "messaging" / "sms_vectors.json"
VIEWPORTS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])


def someone_who_wrote(visit: Callable[..., Page], channel: str = "whatsapp") -> PlayedPhone:
    phone = new_phone(visit(DESK), channel)
    phone.write("quiero hablar con una persona")
    phone.answered(0)  # the bot hands over, in words; later counts of what was heard include them
    return phone


def opened(visit: Callable[..., Page], phone: PlayedPhone, **options: Any) -> Page:
    page = visit(f"{INBOX}?view=all", **options)
    row_of(page, phone.name).click()
    expect(page.locator("[data-part=writing][data-senders]")).to_be_attached(timeout=PATIENCE)
    return page


def time_to_undo(stack: RunningStack, seconds: int) -> None:
    shell(
        stack,
        f"from clinics.models import User\nUser.objects.filter(email={OWNER!r}).update(undo_seconds={seconds})",
    )


def test_by_keyboard_alone_a_saved_text_is_picked_sent_and_taken_back(
    visit: Callable[..., Page], stack: RunningStack
) -> None:
    time_to_undo(stack, 20)  # a slow machine needs more than five
    phone = someone_who_wrote(visit)
    page = opened(visit, phone)
    text = page.locator("#composer-text")

    page.locator("body").press("r")
    expect(text).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("[data-texts-search]")).to_be_focused()
    expect(page.locator("[data-choice]").first).to_be_visible(timeout=PATIENCE)
    page.keyboard.type("folow")  # letters in their order are enough
    expect(page.locator("[data-choice][aria-selected=true]")).to_contain_text("How are you since the visit?")
    page.keyboard.press("Enter")
    expect(text).to_be_focused()
    text.fill("Le llamamos luego")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-undo]")).to_be_visible(timeout=PATIENCE)
    expect(text).to_have_value("")

    page.keyboard.press("Control+z")

    expect(text).to_have_value("Le llamamos luego", timeout=PATIENCE)
    expect(page.locator(".bubble-staff")).to_have_count(0)
    time_to_undo(stack, 5)
    page.keyboard.press("Control+Enter")
    phone.heard("Le llamamos luego")
    expect(phone.case.locator(".said-theirs", has_text="Le llamamos luego")).to_have_count(1)
    expect(page.locator("[data-undo]")).to_have_count(0, timeout=PATIENCE)


def test_escape_gives_the_slash_back_and_a_slash_within_the_text_is_a_slash(
    visit: Callable[..., Page],
) -> None:
    page = opened(visit, someone_who_wrote(visit))
    text = page.locator("#composer-text")
    text.focus()

    page.keyboard.press("/")
    expect(page.locator("#texts-picker")).to_be_visible()
    page.keyboard.press("Escape")
    expect(text).to_be_focused()
    page.keyboard.type("1/2")

    expect(text).to_have_value("/1/2")
    expect(page.locator("#texts-picker")).to_be_hidden()


@VIEWPORTS
def test_a_note_is_another_colour_other_words_and_another_button(
    visit: Callable[..., Page], viewport: Any
) -> None:
    phone = someone_who_wrote(visit)
    page = opened(visit, phone, viewport=viewport)
    text = page.locator("#composer-text")
    text.fill("half a reply")
    heard = phone.messages()

    page.locator("[data-tab-name=note]").click()

    expect(text).to_have_value("")
    expect(page.locator("p[data-kept]")).to_contain_text("kept under Reply")
    expect(page.get_by_text("Only staff see this", exact=True)).to_be_visible()
    text.fill("She brings her son")
    expect(page.locator("[data-send]")).to_contain_text("Save note")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-part=items]")).to_contain_text("She brings her son", timeout=PATIENCE)
    page.locator("[data-tab-name=reply]").click()
    expect(text).to_have_value("half a reply")
    assert phone.messages() == heard
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@VIEWPORTS
def test_sent_later_it_waits_in_sight_and_comes_back_to_be_edited(
    visit: Callable[..., Page], viewport: Any
) -> None:
    phone = someone_who_wrote(visit)
    page = opened(visit, phone, viewport=viewport)
    text = page.locator("#composer-text")
    text.fill("Mañana le esperamos")

    page.locator("[data-send-later]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-later=hour]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-later=tomorrow]")).to_be_focused()
    page.keyboard.press("Enter")

    waits = page.locator(".later-item")
    expect(waits).to_contain_text("Mañana le esperamos", timeout=PATIENCE)
    expect(waits).to_contain_text("9:00")
    expect(text).to_have_value("")
    phone.write("una cosa más")
    expect(waits).to_contain_text("has written since", timeout=PATIENCE)
    waits.locator("[data-later-edit]").click()
    expect(text).to_have_value("Mañana le esperamos", timeout=PATIENCE)
    expect(waits).to_have_count(0)


def test_a_draft_is_there_on_the_next_device_and_the_newest_wins(visit: Callable[..., Page]) -> None:
    phone = someone_who_wrote(visit)
    first = opened(visit, phone)
    with first.expect_response("**/draft/") as saved:
        first.locator("#composer-text").fill("Begun at the desk")
    assert saved.value.status == 204

    second = opened(visit, phone, viewport=PHONE)
    expect(second.locator("#composer-text")).to_have_value("Begun at the desk", timeout=PATIENCE)
    with second.expect_response("**/draft/"):
        second.locator("#composer-text").fill("Begun at the desk, ended on the phone")
    first.reload()

    expect(first.locator("#composer-text")).to_have_value(
        "Begun at the desk, ended on the phone", timeout=PATIENCE
    )


def test_a_variable_without_a_value_is_red_and_stops_sending(visit: Callable[..., Page]) -> None:
    page = opened(visit, someone_who_wrote(visit))
    text = page.locator("#composer-text")

    text.fill("See you at {time} in {clinic_name}")

    expect(page.locator("[data-mirror] .is-missing")).to_have_text("{time}")
    expect(page.locator("p[data-missing]")).to_contain_text("{time} has no value here")
    expect(page.locator("[data-send]")).to_have_attribute("aria-disabled", "true")
    text.fill("See you in {clinic_name}")
    expect(page.locator("[data-preview-text]")).to_have_text("See you in Riverside")
    expect(page.locator("[data-send]")).not_to_have_attribute("aria-disabled", "true")


def test_the_page_counts_sms_parts_as_the_server_does(visit: Callable[..., Page]) -> None:
    page = opened(visit, someone_who_wrote(visit, "sms"))

    for name, text, times, encoding, units, parts in json.loads(VECTORS.read_text(encoding="utf-8")):
        found = page.evaluate("text => MedSync.segments(text)", text * times)
        assert (found["encoding"], found["units"], found["parts"]) == (encoding, units, parts), name
    page.locator("#composer-text").fill("a" * 150 + "🙂")
    expect(page.locator("[data-count]")).to_contain_text("“🙂” makes this 3 parts")


def test_when_the_window_turns_it_is_said_once_and_what_was_typed_stays(
    visit: Callable[..., Page], stack: RunningStack
) -> None:
    phone = someone_who_wrote(visit)
    page = opened(visit, phone)
    page.locator("#composer-text").fill("Ya puede venir")
    key = page.locator("[data-thread]").get_attribute("data-thread")
    said, chip = page.locator("[data-window-said]"), page.locator("[data-window-until]")

    turn(stack, key, hours=23, minutes=45)
    expect(chip).to_have_class("chip chip-24 chip-bad", timeout=PATIENCE)
    expect(said).to_contain_text("Less than 30 minutes")
    turn(stack, key, hours=1)

    expect(chip).to_contain_text("Closed", timeout=PATIENCE)
    expect(said).to_contain_text("no longer write freely")
    expect(page.locator("#composer-text")).to_have_value("Ya puede venir")
    expect(page.locator("[data-send]")).to_have_attribute("aria-disabled", "true")
    page.locator("[data-tab-name=note]").click()
    expect(page.locator("[data-send]")).not_to_have_attribute("aria-disabled", "true")
    page.locator("[data-tab-name=reply]").click()
    page.locator("[data-switch-to]").click()
    expect(page.locator("[data-send]")).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("[data-sender] option:checked")).to_contain_text("SMS")


def turn(stack: RunningStack, key: str | None, *, hours: int, minutes: int = 0) -> None:
    """Let time pass in the window of a thread."""
    shell(
        stack,
        f"""
from datetime import timedelta
from django.db.models import F
from messaging import live
from messaging.models import Conversation, Window
past = timedelta(hours={hours}, minutes={minutes})
Window.objects.filter(conversation={key!r}).update(last_inbound_at=F("last_inbound_at") - past)
Conversation.objects.filter(pk={key!r}).update(window_closes_at=F("window_closes_at") - past)
live.publish("conversation", id={key!r})
""",
    )


@VIEWPORTS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_saved_texts_are_written_found_and_archived(
    visit: Callable[..., Page], viewport: Any, scheme: str
) -> None:
    name = f"Way to the clinic {uuid4()}"
    page = visit("/c/riverside/saved-texts/", viewport=viewport, color_scheme=scheme)
    page.get_by_role("link", name="New text").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.locator("[name=text_en]").fill("Hello {patient_name}, we are at 48 Riverside Drive.")
    expect(page.locator("[data-preview-text]").first).to_have_text(
        "Hello Rosa, we are at 48 Riverside Drive."
    )
    page.get_by_role("button", name="Save").click()
    row = page.locator(".saved-row", has_text=name)
    expect(row).to_be_visible()

    row.get_by_role("button", name="Archive").click()

    expect(page.locator(".saved-row.is-archived", has_text=name)).to_be_visible()
    page.locator(".saved-row.is-archived", has_text=name).get_by_role("button", name="Bring back").click()
    expect(page.locator(".saved-row:not(.is-archived)", has_text=name)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
