"""The short way under ASGI answers as Django's own way does."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from django.db import connections

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging import inbound
from messaging.models import Message
from messaging.webhooks import asgi, views
from tests.messaging.hooks import BASE, message_form, token_of
from tests.standin.twilio import sign
from tests.world import World

PATH = "/api/webhooks/whatsapp"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound.dialogue, "answer", lambda stored, *, now: [])


@pytest.fixture
def clinic(committed: World) -> Any:
    """Return a clinic in a world of real commits, and close what the short way's threads opened."""
    return committed.clinics["alpha"]


async def rest(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"the rest"})


def call(*requests: tuple[str, str, bytes, dict[str, str]]) -> list[httpx.Response]:
    """Send the requests at once to an application of their own."""
    application = asgi.WebhookApplication(rest)

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await asyncio.gather(
                *(client.request(m, p, content=b, headers=h) for m, p, b, h in requests)
            )

    try:
        return asyncio.run(run())
    finally:
        for _ in range(asgi.THREADS):
            application.threads.submit(connections.close_all)
        application.threads.shutdown()


def hook(
    clinic: Clinic, body: str = "hola", *, token: str | None = None
) -> tuple[str, str, bytes, dict[str, str]]:
    form = message_form(clinic, body)
    signature = sign(BASE + PATH, form.items(), token or token_of(clinic))
    return "POST", PATH, urlencode(form).encode(), {"Content-Type": FORM, "X-Twilio-Signature": signature}


def test_messages_are_stored_and_acknowledged(clinic: Clinic) -> None:
    responses = call(*(hook(clinic, f"message {n}") for n in range(20)))
    assert {r.status_code for r in responses} == {200}
    assert {r.headers["content-type"] for r in responses} == {"text/xml"}
    assert {r.headers["x-content-type-options"] for r in responses} == {"nosniff"}
    with in_clinic(clinic):
        assert Message.objects.count() == 20


def test_a_wrong_signature_is_refused(clinic: Clinic) -> None:
    (response,) = call(hook(clinic, token="wrong"))
    assert (response.status_code, response.content) == (403, b"")


def test_what_is_too_big_is_refused_without_being_kept(clinic: Clinic) -> None:
    (response,) = call(hook(clinic, "x" * 5_000_000))
    assert response.status_code == 413


def test_what_is_no_form_is_refused(clinic: Clinic) -> None:
    (response,) = call(("POST", PATH, b"{}", {"Content-Type": "application/json"}))
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("POST", PATH + "/nowhere"), ("POST", "/api/patients")]
)
def test_everything_else_is_handed_on(method: str, path: str) -> None:
    (response,) = call((method, path, b"", {}))
    assert response.status_code == 418


def test_a_view_that_fails_asks_for_the_message_again(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(views, "_answer", fail)
    (response,) = call(hook(clinic))
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")


def test_a_client_that_hangs_up_half_way_leaves_nothing(clinic: Clinic) -> None:
    sent: list[Any] = []
    parts = iter(
        [{"type": "http.request", "body": b"Body=ho", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH}
    asyncio.run(asgi.WebhookApplication(rest)(scope, receive, send))
    assert sent == []
    with in_clinic(clinic):
        assert not Message.objects.exists()
