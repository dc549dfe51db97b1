"""The API's page draws itself under the policy of all pages, and asks nobody else for anything."""

import pytest

from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser


def test_the_page_shows_every_endpoint_and_breaks_no_rule(chrome, stack):
    context = chrome.new_context(base_url=stack.url, locale="en-US")
    page = context.new_page()
    complaints, asked = [], []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/docs")
    page.get_by_text("List conversations", exact=True).wait_for(timeout=PATIENCE)
    schema = page.request.get("/api/schema?format=json").json()
    assert page.locator(".opblock").count() == sum(len(path) for path in schema["paths"].values()) >= 41
    page.get_by_text("Send a message", exact=True).click()
    page.get_by_text("client_message_id").first.wait_for(timeout=PATIENCE)
    assert complaints == []
    assert all(url.startswith((stack.url, "data:")) for url in asked)
    context.close()
