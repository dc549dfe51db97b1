"""Both admin sites in Chromium: every kind of page keeps to its policy, runs its scripts, fits a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from clinics.sites import clinic_site, platform_site
from tests.browser import axe
from tests.browser.conftest import CLINIC, DESKTOP, OWNER, PASSWORD, PATIENCE, PHONE, log_in
from tests.browser.parts import comes_true
from tests.stack.running import RunningStack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

OPERATOR = "operator@platform.example"
SET_UP = f"/c/{CLINIC}/admin/"
# What the platform's lists show a row of.
ROWS = """
from datetime import timedelta
from django_celery_beat.models import ClockedSchedule, CrontabSchedule
from clinics.models import Counter, DeadTask, HeldEvent, ProviderAccount
from medsync.lib import clock
now = clock.now()
CrontabSchedule.objects.get_or_create(minute="0", hour="3")
ClockedSchedule.objects.get_or_create(clocked_time=now + timedelta(days=3))
DeadTask.objects.create(name="messaging.deliver", reason="no clinic")
Counter.objects.get_or_create(name="webhook.refused.twilio", day=now.date(), defaults={"count": 2})
HeldEvent.objects.get_or_create(account=ProviderAccount.objects.first(), event_id="odd:1",
    defaults={"kind": "message", "channel": "sms", "body": "{}", "reason": "malformed", "received_at": now})
"""
LISTEN = """window.broken = [];
document.addEventListener('securitypolicyviolation',
    event => broken.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""


@pytest.fixture(scope="module")
def sessions(chrome: Browser, stack: RunningStack) -> dict[str, Any]:
    """Log the owner and an operator in."""
    stack.manage("createsuperuser", "--noinput", "--email", OPERATOR, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    stack.run(ROWS)
    states = {}
    for email in (OWNER, OPERATOR):
        context = chrome.new_context(base_url=stack.url, locale="en-US")
        log_in(context.new_page(), email)
        states[email] = context.storage_state()
        context.close()
    return states


@pytest.fixture
def desk(chrome: Browser, stack: RunningStack, sessions: Any) -> Iterator[Callable[..., Page]]:
    """Give an opener of pages; whatever breaks the policy or raises an error on the way fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(who: str = OWNER, **options: Any) -> Page:
        options = {"viewport": DESKTOP, "locale": "en-US", **options}
        context = chrome.new_context(base_url=stack.url, storage_state=sessions[who], **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(LISTEN)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "console", lambda m: complaints.append(f"{page.url}: {m.text}") if m.type == "error" else None
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def look(page: Page, path: str) -> None:
    """Open a page and let its scripts run."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    comes_true(page, "!window.Alpine || document.querySelector('html:not([x-cloak])')")
    assert page.evaluate("broken") == [], path
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def walk(page: Page, site: Any, urlconf: str, prefix: str) -> int:
    """Open the list of every registered model, its filters, its forms, its history; return how many pages."""
    pages = 0
    for model in site._registry:
        name = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}"
        base = prefix + reverse(f"{name}_changelist", urlconf=urlconf)
        look(page, base)
        paths = [base]
        if (filters := page.get_by_text("Filters", exact=True).first).is_visible():
            filters.click()
            expect(page.get_by_role("link", name="All", exact=True).first).to_be_visible()
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => new URL(one.href).pathname)")
        row = next((link for link in links if link.startswith(base) and link.endswith("/change/")), None)
        paths += [link for kind in ("add", "import", "export") if (link := f"{base}{kind}/") in links]
        if row is not None:
            paths += [row, row.replace("/change/", "/history/")]
        for path in paths[1:]:
            look(page, path)
        pages += len(paths)
    return pages


def test_every_page_of_a_clinics_admin_keeps_to_its_policy(desk: Callable[..., Page]) -> None:
    page = desk()
    look(page, SET_UP)
    look(page, SET_UP + "?days=30")

    assert walk(page, clinic_site, "medsync.clinic_urls", f"/c/{CLINIC}") >= 45


def test_every_page_of_the_platforms_admin_keeps_to_its_policy(desk: Callable[..., Page]) -> None:
    page = desk(OPERATOR)
    look(page, "/admin/")

    assert walk(page, platform_site, "medsync.urls", "") >= 35


def test_a_list_of_patients_is_looked_at_and_stored(desk: Callable[..., Page]) -> None:
    page = desk()
    look(page, f"{SET_UP}scheduling/patient/import/")
    rows = "nombre;teléfono\n<script>alert(1)</script>;212 555 0187\nSin número;12\n"
    page.locator("input[type=file]").set_input_files(
        {"name": "lista.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.get_by_role("button", name="Look at it").click()
    table = page.get_by_role("region", name="What every row becomes")
    expect(table).to_contain_text("<script>alert(1)</script>")
    expect(table).to_contain_text("This is no phone number: 12.")
    page.get_by_role("button", name="Store 1 row").click()

    expect(page.get_by_text("Imported: 1 new")).to_be_visible()
    expect(page.get_by_text("1 row was left out.")).to_be_visible()
    page.get_by_role("searchbox").fill("script")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url(lambda url: "q=" in url)
    assert "script" not in page.url
    expect(page.get_by_role("link", name="<script>alert(1)</script>")).to_be_visible()


def test_all_columns_are_chosen_by_one_box(desk: Callable[..., Page]) -> None:
    page = desk()
    look(page, f"{SET_UP}scheduling/patient/export/")
    every, columns = page.get_by_label("Select all"), page.locator("[data-column]")
    total = columns.count()
    every.uncheck()
    expect(page.locator("[data-column]:checked")).to_have_count(0)
    every.check()
    expect(page.locator("[data-column]:checked")).to_have_count(total)
    columns.first.uncheck()
    assert every.evaluate("box => box.indeterminate")


def test_rows_are_chosen_and_their_action_offered(desk: Callable[..., Page]) -> None:
    page = desk()
    look(page, f"{SET_UP}scheduling/appointment/")
    page.locator("#result_list input.action-select").first.check()

    expect(page.locator("select[name=action]")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("who", "path"), [(OWNER, SET_UP), (OPERATOR, "/admin/")], ids=["clinic", "platform"]
)
def test_axe_finds_nothing_serious_in_the_overviews(
    desk: Callable[..., Page], who: str, path: str, theme: str
) -> None:
    page = desk(who, color_scheme=theme, reduced_motion="reduce")
    look(page, path)
    page.get_by_text("As a table").first.click()

    expect(page.get_by_role("table").first).to_be_visible()
    assert axe.complaints(page, axe.script()) == []


@pytest.mark.parametrize(
    "path",
    [
        "scheduling/appointment/",
        "scheduling/patient/",
        "scheduling/patient/import/",
        "scheduling/patient/export/",
        "scheduling/practitioner/add/",
    ],
)
def test_axe_finds_nothing_serious_in_lists_and_forms(desk: Callable[..., Page], path: str) -> None:
    page = desk(reduced_motion="reduce")
    look(page, SET_UP + path)

    assert axe.complaints(page, axe.script()) == []


@pytest.mark.parametrize("language", ["en-US", "es-MX"])
def test_both_admins_fit_a_phone(desk: Callable[..., Page], language: str) -> None:
    page = desk(viewport=PHONE, has_touch=True, locale=language)
    for path in ("", "scheduling/appointment/", "scheduling/patient/", "scheduling/patient/import/"):
        look(page, SET_UP + path)
    page = desk(OPERATOR, viewport=PHONE, has_touch=True, locale=language)
    for path in ("", "clinics/clinic/", "clinics/heldevent/", "django_celery_beat/periodictask/add/"):
        look(page, "/admin/" + path)
