"""Every page for everybody: axe finds nothing serious, nothing runs off sideways, targets can be hit."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import axe
from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE
from tests.browser.parts import DESK, INBOX, person_came, resize, row_of
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


def opened(chrome: Browser, stack: RunningStack, cookies: Any, name: str) -> BrowserContext:
    """Return a window with the page of that name, for who would see it."""
    context = chrome.new_context(
        base_url=stack.url,
        locale="en-US",
        viewport=DESKTOP,
        reduced_motion="reduce",
        storage_state=cookies if name in MEMBERS_PAGES else None,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(PAGES[name])
    if name in THREADS:
        who, part = THREADS[name]
        row_of(page, who).click()
        expect(page.locator(part).last).to_be_visible(timeout=PATIENCE)
        person_came(page)
    return context


@pytest.fixture(scope="module", params=PAGES)
def shown(
    request: pytest.FixtureRequest, chrome: Browser, stack: RunningStack, cookies: Any
) -> Iterator[Page]:
    """Give each page once; the tests look at it one after the other, each at its size."""
    context = opened(chrome, stack, cookies, request.param)
    yield context.pages[0]
    context.close()


@pytest.fixture
def another(chrome: Browser, stack: RunningStack, cookies: Any) -> Iterator[Callable[[str], Page]]:
    """Give an opener of pages that no other test looks at."""
    contexts: list[BrowserContext] = []

    def open_page(name: str) -> Page:
        contexts.append(opened(chrome, stack, cookies, name))
        return contexts[-1].pages[0]

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_in_light_and_dark(shown: Page, code: str, viewport: Any) -> None:
    resize(shown, viewport)
    shown.emulate_media(color_scheme="light", reduced_motion="reduce")
    light = axe.complaints(shown, code)
    shown.emulate_media(color_scheme="dark", reduced_motion="reduce")

    assert light == []
    assert axe.complaints(shown, code, colours_alone=True) == []


def test_axe_would_find_something_serious(another: Callable[[str], Page], code: str) -> None:
    page = another("login")
    page.evaluate("document.querySelector('[name=login]').replaceWith(document.createElement('input'))")
    page.evaluate(
        "document.querySelector('h1').style.color = getComputedStyle(document.body).backgroundColor"
    )

    assert any(line.startswith("label ") for line in axe.complaints(page, code))
    alone = axe.complaints(page, code, colours_alone=True)
    assert {line.split(" ")[0] for line in alone} == {"color-contrast"}


@pytest.mark.parametrize("viewport", [ZOOMED, PHONE], ids=["zoom-200", "phone"])
def test_nothing_runs_off_sideways(shown: Page, viewport: Any) -> None:
    resize(shown, viewport)

    assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_is_pressed_is_large_enough_to_hit(shown: Page) -> None:
    resize(shown, PHONE)

    small = shown.evaluate(
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
def test_nothing_moves_for_who_asked_for_stillness(another: Callable[[str], Page], name: str) -> None:
    page = another(name)

    slow = page.evaluate(
        """() => [...document.querySelectorAll('*')].filter(one => {
            const style = getComputedStyle(one);
            const seconds = text => Math.max(...text.split(',').map(parseFloat));
            return seconds(style.transitionDuration) > 0.01 ||
                (style.animationName !== 'none' && seconds(style.animationDuration) > 0.01);
        }).map(one => one.outerHTML.slice(0, 120))"""
    )

    assert slow == []
