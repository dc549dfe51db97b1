"""The short way to the webhooks under ASGI: the same Django views, without what only pages need.

Django's own way costs a new thread and several hops between threads and the event loop for each request, twice
the work of storing a status. Here a request is one hop to a thread of a small pool. The views are those of
`urls.py`; a server without this application (WSGI, the test client) answers the same, only slower.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections, connection
from django.http import HttpResponse
from django.urls import Resolver404, resolve

from messaging.webhooks.request import MAX_BODY_BYTES

logger = logging.getLogger(__name__)

PREFIX = "/api/webhooks/"
#: Below the size of the database pool, so that pages always find a connection.
THREADS = 12

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class WebhookApplication:
    """Answers POSTs to webhooks itself and hands everything else on."""

    def __init__(self, rest: Application) -> None:
        self.rest = rest
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        self.answer = sync_to_async(_answer, thread_sensitive=False, executor=self.threads)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        view = _view_of(scope)
        if view is None:
            await self.rest(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:  # gone before it was complete: nothing is stored, the provider comes again
            return
        response = await self.answer(scope, body, view)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.items()]
        headers.append((b"content-length", str(len(response.content)).encode()))
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": response.content})


def _view_of(scope: MutableMapping[str, Any]) -> Callable[..., HttpResponse] | None:
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(PREFIX):
        return None
    return _view_at(scope["path"])


@lru_cache(64)
def _view_at(path: str) -> Callable[..., HttpResponse] | None:
    try:
        view: Callable[..., HttpResponse] = resolve(
            path.removeprefix(PREFIX[:-1]), urlconf="messaging.webhooks.urls"
        ).func
    except Resolver404:
        return None
    return view


async def _read(receive: Receive) -> bytes | None:
    """Return the body, at most one byte more than is allowed; None when the client went away."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        if size <= MAX_BODY_BYTES:
            parts.append(part[: MAX_BODY_BYTES + 1 - size])
            size += len(parts[-1])
        if not message.get("more_body", False):
            return b"".join(parts)


def _answer(scope: MutableMapping[str, Any], body: bytes, view: Callable[..., HttpResponse]) -> HttpResponse:
    try:
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        response = view(ASGIRequest(scope, BytesIO(body)))
    except (
        Exception
    ) as error:  # the views answer whatever comes; should one not, the provider is to come again
        logger.error("webhook view failed: %s", type(error).__name__)
        response = HttpResponse(status=503, headers={"Retry-After": "10"}, content_type="text/xml")
    finally:
        close_old_connections()
    response["X-Content-Type-Options"] = "nosniff"
    return response
