"""Files in Chromium, wide and narrow: a picture, a voice note and a PDF in the thread, and from the composer to the phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe
from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.parts import DESK, INBOX, new_phone, row_of
from tests.messaging.files import drawn, lab_result

Visit = Callable[..., Page]
#: Of a page in the thread: what is seen from its top, and how high it is.
HEIGHTS = """image => {
  const [link, page] = [image.parentElement.getBoundingClientRect(), image.getBoundingClientRect()];
  return Math.abs(link.top - page.top) < 2 ? [link.height, page.height] : [];
}"""
LOADED = "image => image.decode().then(() => image.naturalWidth)"


@pytest.fixture(params=[DESKTOP, PHONE], ids=["1440x900", "390x844"])
def viewport(request: pytest.FixtureRequest) -> Any:
    """Return the size of the screen."""
    return request.param


def opened(visit: Visit, phone: Any, viewport: Any) -> Page:
    inbox = visit(f"{INBOX}?view=all", viewport=viewport)
    row_of(inbox, phone.name).click()
    expect(inbox.locator("[data-thread]")).to_be_visible(timeout=PATIENCE)
    return inbox


def sample(phone: Any, name: str) -> None:
    phone.case.locator(".phone-samples summary").click()
    phone.case.locator(f"[data-sample={name}]").click()


def attach(inbox: Page, name: str, kind: str, data: bytes) -> Locator:
    inbox.locator("[data-attach]").set_input_files({"name": name, "mimeType": kind, "buffer": data})
    return inbox.locator(".composer-file")


def test_a_voice_note_a_pdf_and_a_place_are_in_the_thread(visit: Visit, viewport: Any) -> None:
    phone = new_phone(visit(DESK, viewport=viewport))
    sample(phone, "voice")
    expect(phone.case.locator("audio")).to_have_count(1, timeout=PATIENCE)
    sample(phone, "pdf")
    expect(phone.case.locator("a.file-card")).to_have_count(1, timeout=PATIENCE)
    expect(phone.case.get_by_role("img", name="lab-result.pdf, page 1 of 1")).to_have_count(
        1, timeout=PATIENCE
    )
    sample(phone, "place")
    expect(phone.case.get_by_role("link", name="Open the map")).to_have_count(1, timeout=PATIENCE)
    inbox = opened(visit, phone, viewport)

    sound = inbox.locator(".bubble-in audio")
    expect(sound).to_have_attribute("aria-label", f"Voice note from {phone.name}", timeout=PATIENCE)
    plays = "sound => sound.play().then(() => [sound.duration, sound.error])"
    duration, error = sound.evaluate(plays)
    assert 3 < duration < 5
    assert error is None
    paper = inbox.locator(".bubble-in a.file-card")
    expect(paper).to_contain_text("lab-result.pdf", timeout=PATIENCE)
    answer = inbox.request.get(inbox.url.split("/c/")[0] + str(paper.get_attribute("href")))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body() == lab_result()
    expect(inbox.get_by_role("link", name="Open the map")).to_be_visible(timeout=PATIENCE)
    assert axe.complaints(inbox, axe.script()) == []


def test_a_picture_and_a_pdf_go_from_the_composer_to_the_phone(visit: Visit, viewport: Any) -> None:
    phone = new_phone(visit(DESK, viewport=viewport))
    phone.write("person")
    phone.answered(0)
    inbox = opened(visit, phone, viewport)

    chosen = attach(inbox, "x-ray.jpg", "image/jpeg", drawn(size=(64, 48)))
    expect(chosen).to_contain_text("x-ray.jpg")
    expect(chosen.locator("img")).to_be_visible()
    assert axe.complaints(inbox, axe.script()) == []
    inbox.locator("#composer-text").press("Control+Enter")
    expect(inbox.locator(".bubble-staff .file-picture img")).to_be_visible(timeout=PATIENCE)
    expect(inbox.locator(".composer-file")).to_have_count(0)
    expect(phone.case.locator(".said-theirs img")).to_be_visible(timeout=PATIENCE)

    attach(inbox, "plan.pdf", "application/pdf", lab_result())
    inbox.locator("#composer-text").fill("Your plan")
    inbox.locator("#composer-text").press("Control+Enter")
    expect(phone.case.locator(".said-theirs .file-card")).to_contain_text("plan.pdf", timeout=PATIENCE)
    expect(phone.case.locator(".said-theirs", has_text="Your plan")).to_be_visible()
    for shown in (inbox.locator(".bubble-staff"), phone.case.locator(".said-theirs")):
        expect(shown.get_by_role("img", name="plan.pdf, page 1 of 1")).to_be_visible(timeout=PATIENCE)


def test_a_referral_is_read_in_the_thread_page_by_page(visit: Visit, viewport: Any) -> None:
    phone = new_phone(visit(DESK, viewport=viewport))
    sample(phone, "referral")
    expect(phone.case.locator(".said-mine .file-paper")).to_have_count(1, timeout=PATIENCE)
    inbox = opened(visit, phone, viewport)
    paper = inbox.get_by_role("group", name="referral.pdf")
    page = paper.get_by_role("link", name="referral.pdf, page 1 of 3")
    expect(page).to_be_visible(timeout=PATIENCE)
    expect(paper).to_contain_text("PDF · 3 pages")
    assert page.locator("img").evaluate(LOADED) > 900
    shown, whole = page.locator("img").evaluate(HEIGHTS)
    assert shown <= 321 < whole  # its upper part stands in the thread

    paper.get_by_role("button", name="Next page").click()
    expect(paper).to_contain_text("Page 2 of 3")
    second = paper.get_by_role("link", name="referral.pdf, page 2 of 3")
    assert second.locator("img").evaluate(LOADED) > 900
    expect(page).to_be_hidden()
    assert axe.complaints(inbox, axe.script()) == []

    second.press("Enter")
    large = inbox.get_by_role("dialog", name="referral.pdf")
    expect(large.get_by_role("img", name="referral.pdf, page 2 of 3")).to_be_visible()
    expect(large.locator("[data-look-sheet]")).to_be_focused()
    ratio = "image => image.decode().then(() => (image.height * image.naturalWidth) / (image.width * image.naturalHeight))"
    assert large.get_by_role("img").evaluate(ratio) == pytest.approx(1, abs=0.02)  # here it is whole
    assert axe.complaints(inbox, axe.script()) == []
    inbox.keyboard.press("ArrowRight")
    expect(large.get_by_role("status")).to_have_text("Page 3 of 3")
    expect(large.get_by_role("button", name="Next page")).to_have_attribute("aria-disabled", "true")
    inbox.keyboard.press("ArrowRight")
    expect(large.get_by_role("img", name="referral.pdf, page 3 of 3")).to_be_visible()
    assert inbox.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with inbox.expect_popup() as opens:
        large.get_by_role("link", name="Open in a new tab").click()
    opens.value.close()
    inbox.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(paper.get_by_role("link", name="referral.pdf, page 3 of 3")).to_be_focused()
    expect(paper).to_contain_text("Page 3 of 3")

    # What is read again about the thread leaves the page where it is.
    phone.write("Did it come?")
    expect(inbox.locator(".bubble-in", has_text="Did it come?")).to_be_visible(timeout=PATIENCE)
    expect(paper).to_contain_text("Page 3 of 3")


def test_a_picture_is_looked_at_large(visit: Visit) -> None:
    phone = new_phone(visit(DESK))
    phone.case.locator("[data-phone-file]").set_input_files(
        {"name": "rash.png", "mimeType": "image/png", "buffer": drawn("PNG", size=(640, 480))}
    )
    expect(phone.case.locator(".said-mine img")).to_be_visible(timeout=PATIENCE)
    inbox = opened(visit, phone, DESKTOP)
    words = f"Picture from {phone.name}"
    inbox.get_by_role("link", name=words).click()
    large = inbox.get_by_role("dialog", name=words)
    expect(large.get_by_role("img", name=words)).to_be_visible(timeout=PATIENCE)
    expect(large.get_by_role("button", name="Next page")).to_be_hidden()
    large.get_by_role("button", name="Close").click()
    expect(large).to_be_hidden()
    expect(inbox.get_by_role("link", name=words)).to_be_focused()


def test_what_cannot_go_is_said_before_it_is_sent_and_can_be_taken_out(visit: Visit) -> None:
    phone = new_phone(visit(DESK))
    phone.write("person")
    phone.answered(0)
    inbox = opened(visit, phone, DESKTOP)

    attach(inbox, "letter.docx", "application/msword", b"x")
    expect(inbox.locator("[data-files-said]")).to_contain_text("letter.docx cannot be sent here")
    expect(inbox.locator(".composer-file")).to_have_count(0)
    attach(inbox, "one.png", "image/png", drawn("PNG"))
    inbox.get_by_role("button", name="Take out one.png").click()
    expect(inbox.locator(".composer-file")).to_have_count(0)
    expect(inbox.locator("#composer-text")).to_be_focused()


def test_a_pasted_picture_is_attached_and_a_note_does_not_carry_it(visit: Visit) -> None:
    phone = new_phone(visit(DESK))
    phone.write("person")
    phone.answered(0)
    inbox = opened(visit, phone, DESKTOP)

    inbox.locator("#composer-text").evaluate(
        """field => {
            const held = new DataTransfer();
            held.items.add(new File([new Uint8Array([1, 2, 3])], "pasted.png", { type: "image/png" }));
            field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true }));
        }"""
    )
    expect(inbox.locator(".composer-file")).to_contain_text("pasted.png")
    inbox.locator("[data-tab-name=note]").click()
    expect(inbox.locator(".composer-file")).to_be_hidden()
    inbox.locator("#composer-text").fill("Asked for a better picture")
    inbox.locator("#composer-text").press("Control+Enter")
    expect(inbox.locator(".note", has_text="Asked for a better picture")).to_be_visible(timeout=PATIENCE)
    inbox.locator("[data-tab-name=reply]").click()
    expect(inbox.locator(".composer-file")).to_contain_text("pasted.png")


def test_reactions_quotes_and_deletions_come_to_the_thread(visit: Visit, viewport: Any) -> None:
    phone = new_phone(visit(DESK, viewport=viewport))
    phone.write("My knee hurts")
    phone.answered(0)
    theirs, mine = phone.case.locator(".said-theirs").first, phone.case.locator(".said-mine").first
    theirs.locator("summary").click()
    theirs.get_by_role("button", name="React with 👍").click()
    expect(theirs.locator(".reaction")).to_have_text("👍", timeout=PATIENCE)
    theirs.locator("summary").click()
    theirs.get_by_role("button", name="Quote").click()
    phone.write("That is right")
    expect(phone.case.locator(".said-mine .quote")).to_be_visible(timeout=PATIENCE)
    mine.locator("summary").click()
    mine.get_by_role("button", name="Delete").click()
    expect(mine).to_contain_text("You deleted this message", timeout=PATIENCE)

    inbox = opened(visit, phone, viewport)
    expect(inbox.locator(".bubble-out .reaction")).to_have_text("👍", timeout=PATIENCE)
    expect(inbox.locator(".bubble-in .quote")).to_be_visible()
    deleted = inbox.locator(".bubble-in", has_text="My knee hurts").first
    expect(deleted).to_contain_text("Deleted by the patient")
    assert axe.complaints(inbox, axe.script()) == []
