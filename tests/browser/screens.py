"""`make screenshots`: start the demo in a home of its own and take every screen into docs/screens.

A picture is called <screen>-<light|dark|phone>.png; the phone's are 390 x 844 and light.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, CLINIC, DESKTOP, PATIENCE, PHONE, chromium_of, log_in
from tests.browser.parts import DESK, INBOX, person_came, row_of
from tests.stack.running import PROJECT, running_stack

FOLDER = PROJECT / "docs" / "screens"
LOOKS = {"light": (DESKTOP, "light"), "dark": (DESKTOP, "dark"), "phone": (PHONE, "light")}
COLOURS = 256  # flat surfaces and grey text need no more, and a picture costs a third


def thread(name: str, *, with_part: str) -> Callable[[Page], None]:
    """Return what opens someone's thread and brings a part of it into view."""

    def prepare(page: Page) -> None:
        row_of(page, name).click()
        part = page.locator(with_part).last
        expect(part).to_be_visible(timeout=PATIENCE)
        person_came(page)
        part.scroll_into_view_if_needed()

    return prepare


def record(name: str) -> Callable[[Page], None]:
    """Return what opens someone's page from the list of patients."""

    def prepare(page: Page) -> None:
        page.get_by_role("link", name=name).click()
        expect(page.locator("#numbers")).to_be_visible(timeout=PATIENCE)

    return prepare


def a_request(page: Page) -> None:
    """Open the request that runs out first, with the words of all its answers."""
    page.locator("[data-row]").first.click()
    expect(page.locator("[data-offer-text]")).to_contain_text("1. ", timeout=PATIENCE)


def as_it_is(page: Page) -> None:
    """Change nothing before the picture."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: where it is, and what is done before the picture."""

    name: str
    path: str
    prepare: Callable[[Page], None] = as_it_is
    by_a_member: bool = True


def searched(words: str) -> Callable[[Page], None]:
    """Return a step that looks for words in the palette."""

    def look(page: Page) -> None:
        page.keyboard.press("Control+k")
        page.keyboard.type(words)
        page.locator("[data-palette-found] .palette-item").first.wait_for()

    return look


SCREENS = (
    Screen("login", "/accounts/login/", by_a_member=False),
    Screen("picker", "/"),
    Screen("today", f"/c/{CLINIC}/today/"),
    Screen("shift", f"/c/{CLINIC}/today/end-of-shift/"),
    Screen("requests", f"/c/{CLINIC}/requests/", a_request),
    Screen("inbox", f"{INBOX}?view=all", thread("Delgado family · 2", with_part="[data-accept]")),
    Screen("list", f"{INBOX}?view=all"),
    Screen("window-closed", f"{INBOX}?view=all", thread("Grace Osei", with_part=".composer-locked")),
    Screen("failed", f"{INBOX}?view=all", thread("Walter Nowak", with_part=".failed-box")),
    Screen("phones", DESK),
    Screen("patients", f"/c/{CLINIC}/patients/"),
    Screen("patient", f"/c/{CLINIC}/patients/", record("Rosa Delgado")),
    Screen("tasks", f"/c/{CLINIC}/today/tasks/"),
    Screen("reminders", f"/c/{CLINIC}/reminders/"),
    Screen("call-list", f"/c/{CLINIC}/call-list/"),
    Screen("saved-texts", f"/c/{CLINIC}/saved-texts/"),
    Screen("own-words", f"/c/{CLINIC}/saved-texts/own/"),
    Screen("approved-texts", f"/c/{CLINIC}/approved-texts/"),
    Screen("numbers", f"/c/{CLINIC}/numbers/"),
    Screen("number-add", f"/c/{CLINIC}/numbers/add/"),
    Screen("notifications", f"/c/{CLINIC}/notifications/"),
    Screen("settings", f"/c/{CLINIC}/settings/"),
    Screen("team", f"/c/{CLINIC}/team/"),
    Screen("search", f"/c/{CLINIC}/today/", searched("hijo")),
    Screen("keys", "/profile/keys/"),
    Screen("profile", "/profile/"),
    Screen("admin", f"/c/{CLINIC}/admin/"),
    Screen("admin-list", f"/c/{CLINIC}/admin/scheduling/appointment/"),
)


def save(picture: bytes, path: Path) -> None:
    """Write a PNG with a palette of its own: the colours that fill most of it, exactly."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    counted = sorted(image.getcolors(image.width * image.height) or (), reverse=True)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _n, colour in counted[:COLOURS] for part in colour])
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


@contextmanager
def logged_in(browser: Browser, url: str) -> Iterator[object]:
    """Give the cookies of the demo's owner."""
    context = browser.new_context(base_url=url, locale="en-US")
    log_in(context.new_page())
    yield context.storage_state()
    context.close()


def take(browser: Browser, url: str, folder: Path = FOLDER) -> None:
    """Take every screen in every look."""
    folder.mkdir(parents=True, exist_ok=True)
    with logged_in(browser, url) as cookies:
        for look, (viewport, theme) in LOOKS.items():
            for screen in SCREENS:
                context = browser.new_context(
                    base_url=url,
                    viewport=viewport,
                    color_scheme=theme,
                    reduced_motion="reduce",
                    locale="en-US",
                    storage_state=cookies if screen.by_a_member else None,
                )
                context.set_default_timeout(PATIENCE)
                page = context.new_page()
                bare: list[str] = []
                page.on(
                    "requestfailed",
                    lambda request, bare=bare: (
                        bare.append(request.url)
                        if request.resource_type in ("stylesheet", "script")
                        else None
                    ),
                )
                page.goto(screen.path)
                screen.prepare(page)
                if bare:
                    raise SystemExit(f"{screen.name}: could not load {bare[0]}")
                page.evaluate("document.fonts.ready")
                save(page.screenshot(animations="disabled"), folder / f"{screen.name}-{look}.png")
                context.close()


def main() -> None:
    """Start the demo, take the pictures, stop the demo."""
    with running_stack(demo=True) as stack, sync_playwright() as playwright:
        path = chromium_of(playwright)
        if path is None:
            raise SystemExit("no Chromium on this machine: install it, or run `playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        take(browser, stack.url)
        browser.close()
    weight = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    print(f"{len(SCREENS) * len(LOOKS)} pictures in {FOLDER.relative_to(PROJECT)}, {weight // 1024} kB")


if __name__ == "__main__":
    main()
