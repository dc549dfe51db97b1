"""A body of unknown length is read like any other, as far as it may be long."""

import json

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.core.asgi import get_asgi_application

from tests.conftest import ApiClient


async def ask(headers, chunks):
    """Send a chunked POST by ASGI; return the status and the answer."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/api/patients",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"content-type", b"application/json"),
            (b"transfer-encoding", b"chunked"),
            *[(name.lower().encode(), value.encode()) for name, value in headers.items()],
        ],
    }
    application = ApplicationCommunicator(get_asgi_application(), scope)
    for n, chunk in enumerate(chunks, start=1):
        await application.send_input({"type": "http.request", "body": chunk, "more_body": n < len(chunks)})
    start = await application.receive_output(20)
    body = await application.receive_output(20)
    return start["status"], json.loads(body["body"])


@pytest.mark.parametrize(
    ("chunks", "status"),
    [
        ([b'{"name": ', b'"Ana"}'], 201),
        ([b"{"], 400),
        ([b""], 400),
        ([b'{"name": "', *[b"a" * 100_000] * 11, b'"}'], 413),
    ],
    ids=["whole", "broken", "empty", "too large"],
)
async def test_a_chunked_body(committed, chunks, status):
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    headers = (await database_sync_to_async(ApiClient)(owner, clinic)).headers
    answered, body = await ask(headers, chunks)
    assert answered == status
    assert body.get("name", "Ana") == "Ana"
