"""“Why?” on a message that found the window closed: which way it took instead, in words."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.parts import shell
from tests.browser.test_closed_window import closed_thread
from tests.stack.running import RunningStack

NEWS = "Your visit on Tuesday at nine stands."


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_found_the_window_closed_went_by_sms_and_says_so(
    visit: Callable[..., Page], stack: RunningStack, viewport: dict[str, int]
) -> None:
    phone, page = closed_thread(visit, stack, viewport)
    shell(
        stack,
        f"""
from medsync.lib import clock
from messaging import outbox
from messaging.models import Conversation
thread = Conversation.objects.filter(contact_point__display_name={phone.name!r}).latest("created_at")
outbox.queue(thread, body={NEWS!r}, purpose="notice", author="system", now=clock.now())
""",
    )
    bubble = page.locator("article.bubble", has_text=NEWS)
    expect(bubble).to_be_visible(timeout=PATIENCE)
    bubble.get_by_role("button", name="Why?").click()
    why = page.locator("#why")
    expect(why).to_contain_text("SMS, because WhatsApp was not possible", timeout=PATIENCE)
    expect(why).to_contain_text("The 24-hour window is closed")
    expect(why).to_contain_text("By SMS one may always write")
    why.get_by_role("button", name="Close").click()
    expect(why).to_be_hidden()
    expect(bubble.get_by_role("button", name="Why?")).to_be_focused()
