"""Every page for everybody: axe finds nothing serious, nothing runs off sideways, targets can be hit."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import axe
from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE
from tests.browser.parts import DESK, INBOX, row_of
from tests.stack.running import RunningStack

pytestmark = pytest.mark.browser

TEAM, PROFILE, LOGIN = f"/c/{CLINIC}/team/", "/profile/", "/accounts/login/"
THREADS = {  # who, and what must stand in the thread before it is looked at
    "request": ("Delgado family · 2", "[data-accept]"),
    "closed": ("Grace Osei", ".composer-locked"),
    "failed": ("Walter Nowak", ".failed-box"),
}
MEMBERS_PAGES = {
    "picker": "/",
    "today": f"/c/{CLINIC}/today/",
    "shift": f"/c/{CLINIC}/today/end-of-shift/",
    "tasks": f"/c/{CLINIC}/today/tasks/",
    "requests": f"/c/{CLINIC}/requests/",
    "list": f"{INBOX}?view=all",
    **dict.fromkeys(THREADS, f"{INBOX}?view=all"),
    "phones": DESK,
    "patients": f"/c/{CLINIC}/patients/",
    "new-patient": f"/c/{CLINIC}/patients/new/",
    "numbers": f"/c/{CLINIC}/numbers/",
    "new-number": f"/c/{CLINIC}/numbers/add/",
    "new-telnyx-number": f"/c/{CLINIC}/numbers/add/telnyx/",
    "reminders": f"/c/{CLINIC}/reminders/",
    "call-list": f"/c/{CLINIC}/call-list/",
    "saved-texts": f"/c/{CLINIC}/saved-texts/",
    "own-words": f"/c/{CLINIC}/saved-texts/own/",
    "own-word": f"/c/{CLINIC}/saved-texts/own/accepted/",
    "approved-texts": f"/c/{CLINIC}/approved-texts/",
    "new-approved-text": f"/c/{CLINIC}/approved-texts/new/",
    "notifications": f"/c/{CLINIC}/notifications/",
    "settings": f"/c/{CLINIC}/settings/",
    "team": TEAM,
    "profile": PROFILE,
    "keys": "/profile/keys/",
    "nowhere": "/nowhere/",
}
GUESTS_PAGES = {"login": LOGIN, "join": "/join/no-such-invitation/", "forgotten": "/accounts/password/reset/"}
PAGES = MEMBERS_PAGES | GUESTS_PAGES
ZOOMED = {"width": 720, "height": 450}  # 1440 x 900 at 200 %
LEAST = 24  # CSS pixels, WCAG 2.2 target size


@pytest.fixture(scope="module")
def code() -> str:
    """Give axe."""
    return axe.script()


@pytest.fixture
def open_page(chrome: Browser, stack: RunningStack, cookies: Any) -> Iterator[Callable[..., Page]]:
    """Give an opener of pages by their name, for who would see them."""
    contexts: list[BrowserContext] = []

    def opened(name: str, **options: Any) -> Page:
        context = chrome.new_context(
            base_url=stack.url,
            locale="en-US",
            reduced_motion="reduce",
            storage_state=cookies if name in MEMBERS_PAGES else None,
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(PAGES[name])
        if name in THREADS:
            who, part = THREADS[name]
            row_of(page, who).click()
            expect(page.locator(part).last).to_be_visible(timeout=PATIENCE)
            page.wait_for_load_state("networkidle")  # the pane beside the thread comes by itself
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_in_light_and_dark(
    open_page: Callable[..., Page], code: str, name: str, viewport: Any
) -> None:
    page = open_page(name, viewport=viewport, color_scheme="light")
    light = axe.complaints(page, code)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")

    assert light == []
    assert axe.complaints(page, code) == []


def test_axe_would_find_something_serious(open_page: Callable[..., Page], code: str) -> None:
    page = open_page("login", viewport=DESKTOP)
    page.evaluate("document.querySelector('[name=login]').replaceWith(document.createElement('input'))")

    assert any("label" in line for line in axe.complaints(page, code))


@pytest.mark.parametrize("viewport", [ZOOMED, PHONE], ids=["zoom-200", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_off_sideways(open_page: Callable[..., Page], name: str, viewport: Any) -> None:
    page = open_page(name, viewport=viewport)

    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("name", PAGES)
def test_what_is_pressed_is_large_enough_to_hit(open_page: Callable[..., Page], name: str) -> None:
    page = open_page(name, viewport=PHONE)

    small = page.evaluate(
        """least => [...document.querySelectorAll('button, select, input:not([type=hidden]), [role=button], a.btn')]
            .filter(one => one.checkVisibility({visibilityProperty: true, opacityProperty: true}))
            .filter(one => !one.closest('.sr-only, .sr-only-unless-focused:not(:focus)'))
            .map(one => [one.outerHTML.slice(0, 120), (one.closest('label') || one).getBoundingClientRect()])
            .filter(([, box]) => box.width > 1 && (box.width < least || box.height < least))
            .map(([html, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${html}`)""",
        LEAST,
    )

    assert small == []


@pytest.mark.parametrize("name", ["request", "login"])
def test_nothing_moves_for_who_asked_for_stillness(open_page: Callable[..., Page], name: str) -> None:
    page = open_page(name, viewport=DESKTOP)

    slow = page.evaluate(
        """() => [...document.querySelectorAll('*')].filter(one => {
            const style = getComputedStyle(one);
            const seconds = text => Math.max(...text.split(',').map(parseFloat));
            return seconds(style.transitionDuration) > 0.01 ||
                (style.animationName !== 'none' && seconds(style.animationDuration) > 0.01);
        }).map(one => one.outerHTML.slice(0, 120))"""
    )

    assert slow == []
