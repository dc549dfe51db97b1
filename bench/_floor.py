"""The least that could do the job: Starlette, asyncpg, one statement, no product.

Same signature, same form, same durable commit and the same kind of answer as ours; everything that makes it a
product is missing. Its tables live in the schema `floor` of the same server.
"""

import base64
import hmac
import os
import urllib.parse
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS floor;
CREATE TABLE IF NOT EXISTS floor.patient (
    id uuid PRIMARY KEY, address text NOT NULL UNIQUE, name text NOT NULL, updated_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS floor.conversation (
    id uuid PRIMARY KEY, patient_id uuid NOT NULL UNIQUE REFERENCES floor.patient, last_body text,
    last_message_at timestamptz, unread int NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS floor.message (
    id uuid PRIMARY KEY, conversation_id uuid NOT NULL REFERENCES floor.conversation, direction text NOT NULL,
    sid text UNIQUE, body text NOT NULL, status text NOT NULL, rank int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS message_by_thread ON floor.message (conversation_id, created_at DESC);
"""

RECEIVE = """
WITH person AS (
    INSERT INTO floor.patient (id, address, name, updated_at) VALUES ($1, $2, $3, now())
    ON CONFLICT (address) DO UPDATE SET updated_at = now() RETURNING id
), thread AS (
    INSERT INTO floor.conversation (id, patient_id, last_body, last_message_at, unread)
    SELECT $4, person.id, $6, now(), 1 FROM person
    ON CONFLICT (patient_id) DO UPDATE SET last_body = $6, last_message_at = now(),
        unread = floor.conversation.unread + 1
    RETURNING id
), received AS (
    INSERT INTO floor.message (id, conversation_id, direction, sid, body, status, created_at)
    SELECT $5, thread.id, 'inbound', $7, $6, 'received', now() FROM thread
    ON CONFLICT (sid) DO NOTHING RETURNING conversation_id
)
INSERT INTO floor.message (id, conversation_id, direction, body, status, created_at)
SELECT $8, conversation_id, 'outbound', $9, 'sending', now() FROM received RETURNING id
"""

RAISE = """
UPDATE floor.message SET status = $2, rank = $3 WHERE sid = $1 AND rank < $3 RETURNING id
"""

RANKS = {"queued": 0, "sending": 1, "sent": 2, "failed": 3, "undelivered": 4, "delivered": 5, "read": 6}
TOKEN = os.environ.get("TWILIO_AUTH_TOKEN", "").encode()
BASE = os.environ.get("TWILIO_WEBHOOK_BASE_URL", "")


async def form_of(request: Request) -> dict[str, str] | None:
    """Return the form, None when its signature is wrong."""
    form = dict(urllib.parse.parse_qsl((await request.body()).decode(), keep_blank_values=True))
    url = BASE + request.url.path + (f"?{request.url.query}" if request.url.query else "")
    text = url + "".join(name + form[name] for name in sorted(form))
    made = base64.b64encode(hmac.digest(TOKEN, text.encode(), "sha1")).decode()
    return form if hmac.compare_digest(made, request.headers.get("x-twilio-signature", "")) else None


async def message(request: Request) -> Response:
    """Store a message and its reply by one statement; answer by TwiML."""
    form = await form_of(request)
    if form is None:
        return Response(status_code=403)
    reply = uuid.uuid4()
    async with request.app.state.pool.acquire() as connection:
        await connection.fetchval(
            RECEIVE,
            uuid.uuid4(),
            form["From"],
            form.get("ProfileName", ""),
            uuid.uuid4(),
            uuid.uuid4(),
            form["Body"],
            form["MessageSid"],
            reply,
            "Thank you. A person will answer you here.",
        )
    body = f'<Response><Message statusCallback="{BASE}/s?a={reply}">Thank you.</Message></Response>'
    return Response(body, media_type="text/xml")


async def status(request: Request) -> Response:
    """Raise a message's status by one statement."""
    form = await form_of(request)
    if form is None:
        return Response(status_code=403)
    word = form["MessageStatus"]
    async with request.app.state.pool.acquire() as connection:
        await connection.fetchval(RAISE, form["MessageSid"], word, RANKS[word])
    return Response("<Response/>", media_type="text/xml")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Keep a pool while the server runs."""
    parts = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    host = urllib.parse.parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    async with asyncpg.create_pool(
        host=host,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.path.lstrip("/"),
        min_size=8,
        max_size=16,
    ) as pool:
        app.state.pool = pool
        yield


app = Starlette(
    routes=[
        Route("/api/webhooks/whatsapp", message, methods=["POST"]),
        Route("/api/webhooks/whatsapp/status", status, methods=["POST"]),
    ],
    lifespan=lifespan,
)
