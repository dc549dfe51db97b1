"""An account that its provider refuses: every page of all staff says so, the owner puts it right, and what waited goes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import complaints, script
from tests.browser.conftest import CLINIC, DESKTOP, PATIENCE, PHONE, log_in
from tests.browser.parts import shell
from tests.stack.running import RunningStack, running_stack, until
from tests.standin.twilio import TwilioStandIn

MARTA = "marta@riverside.example"
NUMBER, ACCOUNT, TOKEN = "+12125550173", "AC" + "7" * 32, "the-token-that-twilio-takes"
INBOX, TODAY = f"/c/{CLINIC}/inbox/", f"/c/{CLINIC}/today/"
BANNER = ".trouble .banner"
LOOKS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])

# Demo clinics take no real number, so this one is stored as linking it would.
_LINKED = f"""
from clinics.models import ProviderAccount, Sender
from clinics.tenancy import current_clinic
account = ProviderAccount.objects.create(
    provider="twilio", external_id={ACCOUNT!r}, clinic=current_clinic(), auth_token="a-token-of-last-year")
Sender.objects.create(clinic=current_clinic(), account=account, phone_number={NUMBER!r}, channel="sms", rank=2)
"""

# The next look begins with the same old token.
_FORGET = f"""
from clinics.models import ProviderAccount
account = ProviderAccount.objects.get(external_id={ACCOUNT!r})
account.auth_token, account.previous_token = "a-token-of-last-year", ""
account.save()
"""
_REFUSED = f"""
from clinics.models import ProviderAccount
from medsync.lib import clock
from messaging.outbox import breaker
from messaging.providers.base import ErrorKind, SendError
account = ProviderAccount.objects.get(external_id={ACCOUNT!r})
breaker.note(account, [SendError("20003", ErrorKind.ACCOUNT)], now=clock.now())
"""
_WORKS = f"""
from clinics.models import ProviderAccount
from messaging.outbox import breaker
breaker.works(ProviderAccount.objects.get(external_id={ACCOUNT!r}).pk)
"""


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioStandIn]:
    """Give a provider that takes the right token alone."""
    with TwilioStandIn(tokens={ACCOUNT: TOKEN}) as standin:
        yield standin


@pytest.fixture(scope="module")
def stack(twilio: TwilioStandIn) -> Iterator[RunningStack]:
    """Give a product of its own whose calls go to that provider, with a number there whose token is out of date."""
    places = {"TWILIO_API_BASE_URL": twilio.base_url, "TWILIO_WEBHOOK_BASE_URL": "https://sync.invalid"}
    with running_stack(demo=True, **places) as running:
        shell(running, _LINKED)
        yield running


@pytest.fixture
def marta(chrome: Browser, stack: RunningStack) -> Iterator[Page]:
    """Give the browser of a receptionist, who may not change numbers."""
    context = chrome.new_context(base_url=stack.url, viewport=DESKTOP, locale="en-US")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    log_in(page, MARTA)
    yield page
    context.close()


def comes(page: Page, path: str, *, banners: int) -> None:
    """Open a page until so many banners stand on it: each page asks once when it opens."""

    def seen() -> bool:
        # Not the answer's own `finished`: the page before may have asked, and then waits for an answer for ever.
        with page.expect_request_finished(lambda request: request.url.endswith("/trouble/")):
            page.goto(path)
        expect(page.locator(".trouble.htmx-request, .trouble.htmx-settling")).to_have_count(0)
        return page.locator(BANNER).count() == banners

    until(seen, seconds=PATIENCE / 1000, what=f"{banners} banners on {path}")


def number_page(page: Page) -> Page:
    """Open the page of the number at Twilio."""
    page.goto(f"/c/{CLINIC}/numbers/")
    page.locator(".numbers-row", has_text="555-0173").click()
    expect(page.locator(".numbers-title")).to_contain_text("555-0173", timeout=PATIENCE)
    return page


def refused(visit: Callable[..., Page], **look: Any) -> Page:
    """Let the owner send a test from the number, which the provider refuses with a 401."""
    page = number_page(visit(TODAY, **look))
    page.get_by_label("Send a test to").fill("+1 646 555 0142")
    page.locator("form.numbers-test", has=page.locator("[name=to]")).get_by_role("button").click()
    comes(page, INBOX, banners=1)
    return page


@LOOKS
def test_a_refused_token_is_said_on_every_page_until_the_owner_gives_a_new_one(
    visit: Callable[..., Page],
    stack: RunningStack,
    twilio: TwilioStandIn,
    marta: Page,
    viewport: dict[str, int],
) -> None:
    before = len(twilio.accepted)
    owner = refused(visit, viewport=viewport)
    banner = owner.locator(BANNER)
    expect(banner).to_contain_text("Nothing goes out from (212) 555-0173 (SMS)")
    expect(banner).to_contain_text("The provider has refused the account since")
    expect(banner).to_contain_text("Still sending:")
    expect(banner).to_contain_text("Check the account’s token and its balance.")
    for path in (TODAY, INBOX):
        comes(marta, path, banners=1)
    expect(marta.locator(BANNER)).to_contain_text("Tell an owner or a Manager; call about what cannot wait.")
    expect(marta.locator(BANNER).get_by_role("link")).to_have_count(0)
    assert len(twilio.accepted) == before

    banner.get_by_role("link", name="Clinic number").click()
    expect(owner.locator("[data-part=numbers-alert]")).to_contain_text("The provider refuses this account")
    owner.locator("[name=auth_token]").fill(TOKEN)
    owner.locator("form", has=owner.locator("[name=auth_token]")).get_by_role("button", name="Save").click()
    expect(owner.locator("#main")).to_contain_text("The new token is kept", timeout=PATIENCE)

    comes(owner, INBOX, banners=0)
    comes(marta, INBOX, banners=0)
    until(lambda: len(twilio.accepted) > before, seconds=PATIENCE / 1000, what="what waited to go")
    assert len(twilio.accepted) == before + 1
    shell(stack, _FORGET)


@LOOKS
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_banner_fits_and_reads_well(
    visit: Callable[..., Page], stack: RunningStack, viewport: dict[str, int], theme: str
) -> None:
    axe = script()
    shell(stack, _REFUSED)
    try:
        page = visit(TODAY, viewport=viewport, color_scheme=theme, reduced_motion="reduce")
        comes(page, INBOX, banners=1)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        box = page.locator(BANNER).bounding_box()
        way = page.locator(BANNER).get_by_role("link").bounding_box()
        assert box
        assert way
        assert box["height"] < viewport["height"] / 3
        assert way["height"] >= (44 if viewport is PHONE else 24)
        assert box["x"] >= 0
        assert way["x"] + way["width"] <= viewport["width"]
        assert complaints(page, axe) == []
    finally:
        shell(stack, _WORKS)
