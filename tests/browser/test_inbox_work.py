"""What is done with threads in the browser: by keyboard alone, for many at once, with a thumb, and taken back."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, PHONE
from tests.browser.parts import DESK, INBOX, PlayedPhone, new_phone, row_of


def a_patient(visit: Callable[..., Page]) -> PlayedPhone:
    """Let a new patient ask for a person."""
    phone = new_phone(visit(DESK))
    phone.write("quiero hablar con una persona")
    phone.answered(0)  # what comes after are ticks, which are in nobody's way
    return phone


def opened(visit: Callable[..., Page], phone: PlayedPhone) -> Page:
    """Open the patient's thread by its row and the Enter key."""
    inbox = visit(INBOX)
    row_of(inbox, phone.name).press("Enter")
    expect(inbox.locator("[data-thread] .thread-title")).to_contain_text(phone.name, timeout=PATIENCE)
    return inbox


def said(inbox: Page, text: str) -> None:
    """Wait until the page says so at the bottom left."""
    expect(inbox.locator("[data-toasts]")).to_contain_text(text, timeout=PATIENCE)


def test_snooze_by_keyboard_alone_and_the_patients_message_wakes_it(visit: Callable[..., Page]) -> None:
    phone = a_patient(visit)
    inbox = opened(visit, phone)

    inbox.keyboard.press("z")
    expect(inbox.locator("#deeds")).to_contain_text("Tomorrow", timeout=PATIENCE)
    assert inbox.evaluate("document.activeElement.closest('#deeds') !== null")
    # Whatever the hour, tomorrow morning is far; a time of today may come, and wake the thread, before we look.
    tomorrow = inbox.locator("#deeds button", has_text="Tomorrow")
    while not tomorrow.evaluate("one => one === document.activeElement"):
        inbox.keyboard.press("ArrowDown")
    inbox.keyboard.press("Enter")

    said(inbox, "Snoozed until")
    expect(inbox.locator("#deeds")).to_be_hidden()
    asleep = visit(f"{INBOX}?view=snoozed")
    expect(row_of(asleep, phone.name)).to_contain_text("Snoozed until", timeout=PATIENCE)
    phone.write("¿sigue ahí? quiero hablar con una persona")
    expect(row_of(asleep, phone.name)).to_have_count(0, timeout=PATIENCE)


def test_done_and_next_and_back_by_keyboard_alone(visit: Callable[..., Page]) -> None:
    phone = a_patient(visit)
    inbox = opened(visit, phone)

    inbox.keyboard.press("Shift+E")
    said(inbox, "Done. A new message brings it back.")
    expect(inbox.locator("[data-thread] .thread-title")).not_to_contain_text(phone.name, timeout=PATIENCE)
    expect(row_of(inbox, phone.name)).to_have_count(0, timeout=PATIENCE)

    inbox.keyboard.press("Control+z")
    expect(inbox.locator("#deeds")).to_contain_text(f"{phone.name}: done", timeout=PATIENCE)
    inbox.keyboard.press("Enter")

    said(inbox, "Taken back.")
    expect(row_of(inbox, phone.name)).to_be_visible(timeout=PATIENCE)


def test_taking_a_thread_and_giving_it_away_shows_who_has_it(visit: Callable[..., Page]) -> None:
    phone = a_patient(visit)
    inbox = opened(visit, phone)

    inbox.keyboard.press("i")
    said(inbox, "You have it.")
    expect(inbox.locator("[data-deeds] [data-menu=assign] .avatar")).to_be_visible(timeout=PATIENCE)
    inbox.keyboard.press("Shift+I")
    nobody = inbox.locator("#deeds button", has_text="Nobody")
    expect(nobody).to_be_visible(timeout=PATIENCE)
    nobody.click()

    said(inbox, "Nobody has it now.")
    inbox.locator("[data-toasts] [data-undo]").click()
    said(inbox, "Taken back.")
    expect(inbox.locator("[data-deeds] [data-menu=assign] .avatar")).to_be_visible(timeout=PATIENCE)


def test_many_are_picked_by_keyboard_done_and_taken_back_by_the_toast(visit: Callable[..., Page]) -> None:
    patients = [a_patient(visit) for _ in range(2)]
    inbox = visit(INBOX)

    for patient in patients:
        row_of(inbox, patient.name).press("Space")
    expect(inbox.locator("[data-bulk-count]")).to_have_text("2 selected")
    inbox.keyboard.press("e")

    said(inbox, "2 threads done.")
    expect(inbox.locator("[data-bulk]")).to_be_hidden()
    for patient in patients:
        expect(row_of(inbox, patient.name)).to_have_count(0, timeout=PATIENCE)
    inbox.locator("[data-toasts] [data-undo]").click()
    for patient in patients:
        expect(row_of(inbox, patient.name)).to_be_visible(timeout=PATIENCE)


def test_a_thumb_picks_after_the_button_and_nothing_is_cut_off_in_spanish(visit: Callable[..., Page]) -> None:
    phone = a_patient(visit)
    inbox = visit(INBOX, viewport=PHONE)
    inbox.context.add_cookies([{"name": "django_language", "value": "es", "url": inbox.url}])
    inbox.reload()

    inbox.locator("[data-picking]").tap()
    row_of(inbox, phone.name).tap()

    expect(inbox.locator("[data-bulk] [data-deed=done]")).to_be_enabled()
    assert inbox.url.endswith("/inbox/")
    assert inbox.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    heights = inbox.locator("[data-part=rows] > .row").evaluate_all(
        "all => Array.from(new Set(all.map(one => Math.round(one.getBoundingClientRect().height))))"
    )
    assert len(heights) == 1
    small = inbox.locator("[data-bulk] button").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 44).length"
    )
    assert small == 0
    inbox.locator("[data-unpick]").tap()
    expect(inbox.locator("[data-bulk]")).to_be_hidden()
