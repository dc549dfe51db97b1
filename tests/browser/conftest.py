"""A real `manage.py up` with the demo's clinics, and Chromium in front of it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.stack.running import RunningStack, running_stack

OWNER, PASSWORD, CLINIC = "owner@riverside.example", "medsync-demo", "riverside"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 40_000  # milliseconds; two cores also run the worker, Postgres and the browser
expect.set_options(timeout=PATIENCE)  # not the five seconds that are enough on a quiet machine


def pytest_itemcollected(item: pytest.Item) -> None:
    """Ask once more what a browser on a busy machine failed: the report names it, with what went wrong.

    Only here: what the product does without a browser is not given a second chance.
    """
    item.add_marker(pytest.mark.flaky(reruns=1))


def chromium_of(playwright: Playwright) -> str | None:
    """Return where Chromium is: the machine's own, else Playwright's."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    bundled = playwright.chromium.executable_path
    return bundled if Path(bundled).exists() else None


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """Give Chromium; ends with the module, for its event loop is in the way of others' tests."""
    with sync_playwright() as playwright:
        path = chromium_of(playwright)
        if path is None:
            pytest.skip("no Chromium on this machine: install it, or run `playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """Give the whole product, running, once a session."""
    with running_stack(demo=True) as running:
        yield running


# Those who wait longest stand first: after some modules a new thread would not be on the first page any more.
_TIDY = """
from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging.models import Conversation
with in_clinic(Clinic.objects.get(slug={clinic!r})):
    Conversation.objects.filter(work_state="needs_reply", created_at__gte={since!r}).update(
        work_state="done", waiting_since=None, unread_count=0)
"""


@pytest.fixture(scope="module")
def cookies(chrome: Browser, stack: RunningStack) -> Iterator[Any]:
    """Log the owner in by the log-in page, once a module; what the module's patients left to answer is done then."""
    since = datetime.now(UTC).isoformat()
    context = chrome.new_context(base_url=stack.url, locale="en-US")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    log_in(page)
    state = context.storage_state()
    context.close()
    yield state
    stack.run(_TIDY.format(clinic=CLINIC, since=since))


def log_in(page: Page, email: str = OWNER) -> None:
    """Log in as a person does."""
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


@pytest.fixture
def visit(chrome: Browser, stack: RunningStack, cookies: Any) -> Iterator[Callable[..., Page]]:
    """Give an opener of pages for the logged-in owner; no page may break its policy or raise an error."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str, *, viewport: Any = DESKTOP, **options: Any) -> Page:
        context = chrome.new_context(
            base_url=stack.url,
            storage_state=cookies,
            viewport=viewport,
            has_touch=viewport is PHONE,
            locale="en-US",
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None
        )
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
