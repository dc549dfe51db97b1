"""Every screen of a clinic in its states: empty, loading, failed, very long, in Spanish, in the dark."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE, log_in
from tests.browser.long_clinic import LONG, NAME, OF_A_MEMBER
from tests.browser.parts import INBOX, person_came, resize, shell
from tests.browser.seen import CUT, OVERLAP, SIDEWAYS, TEXTS, WHITE, english
from tests.stack.running import RunningStack

pytestmark = pytest.mark.browser

SIZES = {"desktop": DESKTOP, "phone": PHONE}
VIEWS = ("needs-reply", "mine", "unassigned", "bot", "closing", "failed", "snoozed", "waiting", "done", "all")
LISTS = (
    *(f"inbox/?view={view}" for view in VIEWS),
    *(
        "requests/",
        "today/",
        "today/tasks/",
        "patients/",
        "patients/?show=unnamed",
        "call-list/",
        "saved-texts/",
        "approved-texts/",
        "numbers/",
    ),
)
FORMS = (
    *(
        "today/end-of-shift/",
        "patients/new/",
        "reminders/",
        "saved-texts/own/",
        "notifications/",
        "settings/",
    ),
    *("team/", "numbers/add/telnyx/"),
)
OWN = ("/profile/", "/profile/keys/")


# ── Clinics of our own, beside the demo's ─────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def looker(chrome: Browser, stack: RunningStack) -> Iterator[Callable[..., Page]]:
    """Give an opener of the pages of a clinic that is made for it, logged in as its owner."""
    states: dict[str, Any] = {}
    contexts: list[BrowserContext] = []

    def open_page(slug: str, path: str, *, viewport: Any = DESKTOP, data: str = "", **options: Any) -> Page:
        email = f"owner@{slug}.example"
        if slug not in states:
            made = stack.manage(
                *("create_clinic", slug, "--name", "Clínica", "--country", "US"),
                *("--timezone", "America/New_York", "--owner-email", email),
            )
            assert made.returncode == 0, made.stderr
            shell(stack, OF_A_MEMBER.format(email=email) + data, clinic=slug)
        context = chrome.new_context(
            base_url=stack.url,
            locale="en-US",
            viewport=viewport,
            has_touch=viewport is PHONE,
            storage_state=states.get(slug),
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        if slug not in states:
            log_in(page, email)
            states[slug] = context.storage_state()
        page.goto(f"/c/{slug}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


# ── Empty ─────────────────────────────────────────────────────────────────────────────────────────────────────────
ONE_WAY_ON = (
    "main :is(a, button):visible, .list-pane :is(a, button).btn:visible, .requests-list a.btn:visible"
)


def test_a_new_clinic_says_what_is_so_and_one_way_on(looker: Callable[..., Page]) -> None:
    page, wrong = looker("quiet", ""), {}
    page.on("pageerror", lambda error: wrong.update({f"{page.url} error": str(error)}))
    for path in (*LISTS, *FORMS):
        page.goto(f"/c/quiet/{path}")
        for size, viewport in SIZES.items():
            resize(page, viewport)
            hidden = path == "numbers/" and size == "phone"  # it is the form that adds the first one
            says = page.locator(".empty:visible").all_inner_texts()
            found = {
                "h1": page.locator("h1:visible").count() in (1, 1 + path.startswith("numbers/")),
                "fits": page.evaluate(SIDEWAYS) <= 0,
                "says": path in FORMS or hidden or any(len(text) > 20 for text in says),
                "way on": page.locator(ONE_WAY_ON).count() > 0,
            }
            if not all(found.values()):
                wrong[f"{path} {size}"] = str([name for name, fine in found.items() if not fine])

    assert wrong == {}


# ── Loading and failed ────────────────────────────────────────────────────────────────────────────────────────────
UUID = "[0-9a-f-]{36}"
WAYS = {  # what is done, what it asks for, what shows that it comes, what came, what says that it did not
    "thread": (
        f"{INBOX}?view=all",
        lambda page: page.locator("[data-part=rows] > .row").first.click(),
        rf"/inbox/{UUID}/(\?|$)",
        "[data-thread-pane] [aria-busy=true] .skeleton >> nth=0",
        "[data-log]",
        "We could not load this thread",
    ),
    "person": (
        f"{INBOX}?view=all",
        lambda page: page.locator("[data-part=rows] > .row").first.click(),
        rf"/inbox/{UUID}/person/$",
        "[data-part=person] .skeleton >> nth=0",
        "[data-part=person]:not([data-loading]) h3 >> nth=0",
        "We could not load this.",
    ),
    "request": (
        f"/c/{CLINIC}/requests/",
        lambda page: page.locator("[data-row]").last.click(),
        rf"/requests/{UUID}/$",
        "[data-decision-pane] [aria-busy=true] .skeleton >> nth=0",
        ".decision-name",
        "We could not load this request",
    ),
    "patients": (
        f"/c/{CLINIC}/patients/",
        lambda page: page.locator("[name=wanted]").fill("Rosa"),
        r"/patients/search/$",
        "#patients-found[aria-busy=true]",
        "#patients-found:not([aria-busy]) tbody tr >> nth=0",
        "We could not load this.",
    ),
    "palette": (
        f"/c/{CLINIC}/today/",
        lambda page: (page.keyboard.press("Control+k"), page.keyboard.type("Delgado")),
        rf"/c/{CLINIC}/search/$",
        "[data-palette-found][aria-busy=true] .skeleton",
        "[data-palette-found]:not([aria-busy]) [role=option]:not([data-palette-again]) >> nth=0",
        "The search did not work. Try again.",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_takes_long_shows_that_it_comes(visit: Callable[..., Page], way: str) -> None:
    path, ask, url, busy, came, _sentence = WAYS[way]
    page = visit(path)
    held: list[Route] = []
    page.route(re.compile(url), lambda route: held.append(route))

    ask(page)
    expect(page.locator(busy)).to_be_visible(timeout=PATIENCE)
    for route in held:
        route.continue_()
    page.unroute(re.compile(url))

    expect(page.locator(came)).to_be_visible(timeout=PATIENCE)
    expect(page.locator(busy)).to_have_count(0)


@pytest.mark.parametrize("how", ["refused", "cut"])
@pytest.mark.parametrize("way", WAYS)
def test_what_failed_says_so_and_is_tried_again(visit: Callable[..., Page], way: str, how: str) -> None:
    path, ask, url, _busy, came, sentence = WAYS[way]
    page = visit(path)
    refuse = (lambda route: route.fulfill(status=500)) if how == "refused" else (lambda route: route.abort())
    page.route(re.compile(url), refuse)

    ask(page)
    expect(page.get_by_text(sentence).locator("visible=true").first).to_be_visible(timeout=PATIENCE)
    page.unroute(re.compile(url))
    page.locator("[data-retry], [data-person-retry], [data-palette-again]").locator("visible=true").click()

    expect(page.locator(came)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(sentence).locator("visible=true")).to_have_count(0)


def test_more_rows_that_could_not_be_read_can_be_asked_for_again(looker: Callable[..., Page]) -> None:
    page = looker("long", "inbox/?view=all", data=LONG)
    rows, more = page.locator("[data-part=rows] > .row"), page.get_by_role("button", name="Show more")
    expect(rows).to_have_count(50)
    held: list[Route] = []
    page.route("**/inbox/list/**", lambda route: held.append(route))
    more.click()
    expect(more).to_have_attribute("aria-busy", "true")
    for route in held:
        route.fulfill(status=500)

    expect(page.locator("[data-toasts]")).to_contain_text("That did not work.", timeout=PATIENCE)
    page.unroute("**/inbox/list/**")
    more.click()
    expect(rows).to_have_count(58, timeout=PATIENCE)


# ── Very long ─────────────────────────────────────────────────────────────────────────────────────────────────────
WORDS_OF_OURS = "button, .btn, .chip, .tag, label, legend, summary, h1, h2, h3, th, dt, [role=tab], .nav-item span, .key, .sub-head span"


def test_the_very_long_is_whole_everywhere(looker: Callable[..., Page]) -> None:
    page, wrong = looker("long", "inbox/?view=mine", data=LONG), {}

    def look(where: str) -> None:
        for size, viewport in SIZES.items():
            resize(page, viewport)
            # A name, a time, a reason may break; what the last line of a row says may end in "…".
            cut = page.evaluate(CUT, ".app *:not(.row-last, .row-last *, .rail *, textarea, input, select)")
            sideways = page.evaluate(SIDEWAYS)
            if cut or sideways > 0:
                wrong[f"{where} {size}"] = [sideways, *cut]

    page.locator("[data-part=rows] > .row").first.click()
    expect(page.locator("[data-log]")).to_contain_text("x" * 200, timeout=PATIENCE)
    person_came(page)
    look("thread")
    for path in (
        "inbox/?view=all",
        "requests/",
        "today/",
        "today/tasks/",
        "today/end-of-shift/",
        "patients/",
    ):
        page.goto(f"/c/long/{path}")
        look(path)
    resize(page, DESKTOP)
    page.locator(".patients").get_by_role("link", name=NAME).first.click()
    expect(page.locator("#numbers")).to_be_visible(timeout=PATIENCE)
    look("patient")
    for path in ("numbers/", "team/", "settings/"):
        page.goto(f"/c/long/{path}")
        look(path)
    resize(page, DESKTOP)
    page.goto("/c/long/requests/")
    page.locator("[data-row]").first.click()
    expect(page.locator(".decision-name")).to_have_text(NAME, timeout=PATIENCE)
    look("request")

    assert wrong == {}


# ── Spanish, and the dark ─────────────────────────────────────────────────────────────────────────────────────────
def places(page: Page) -> list[str]:
    """Return every page of the rail, and one's own."""
    found = page.locator(".rail .nav-item").evaluate_all(
        "all => all.map(one => new URL(one.href).pathname + new URL(one.href).search)"
    )
    return [
        *dict.fromkeys(path for path in found if "/admin/" not in path),
        f"/c/{CLINIC}/today/end-of-shift/",
        *OWN,
    ]


def test_in_spanish_no_word_is_cut_and_none_is_english(
    visit: Callable[..., Page], stack: RunningStack
) -> None:
    page, wrong = visit(f"/c/{CLINIC}/today/"), {}
    page.context.add_cookies([{"name": "django_language", "value": "es", "url": stack.url}])

    def look(where: str) -> None:
        assert page.locator("html").get_attribute("lang") == "es"
        for size, viewport in SIZES.items():
            resize(page, viewport)
            found = [
                *page.evaluate(CUT, WORDS_OF_OURS),
                *page.evaluate(OVERLAP),
                *sorted(set(page.evaluate(TEXTS)) & english()),
                *(["sideways"] if page.evaluate(SIDEWAYS) > 0 else []),
            ]
            if found:
                wrong[f"{where} {size}"] = found

    for path in places(page):
        page.goto(path)
        look(path)
    for n in range(4):
        resize(page, DESKTOP)
        page.goto(f"{INBOX}?view=all")
        page.locator("[data-part=rows] > .row").nth(n).click()
        expect(page.locator("[data-log]")).to_be_visible(timeout=PATIENCE)
        person_came(page)
        look(f"thread {n}")
    page.goto(f"/c/{CLINIC}/today/")
    for dialog in ("palette", "keys", "lock"):
        page.evaluate("id => document.getElementById(id).showModal()", dialog)
        look(dialog)
        page.evaluate("id => document.getElementById(id).close()", dialog)

    assert wrong == {}


def test_in_the_dark_nothing_is_white(visit: Callable[..., Page]) -> None:
    page, wrong = visit(f"/c/{CLINIC}/today/", color_scheme="dark"), {}
    for path in places(page):
        page.goto(path)
        for size, viewport in SIZES.items():
            resize(page, viewport)
            ground, white = (
                page.evaluate("getComputedStyle(document.body).backgroundColor"),
                page.evaluate(WHITE),
            )
            if ground != "rgb(19, 18, 17)" or white:
                wrong[f"{path} {size}"] = [ground, *white]

    assert wrong == {}
