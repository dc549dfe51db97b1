"""The running product as the world sees it: commands, Twilio's webhooks, the API. Nothing of ours is imported."""

import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import psycopg

from tests.stack.running import RunningStack, running_stack, until
from tests.standin.twilio import ACCOUNT, TOKEN, Accepted, TwilioStandIn, post_form, sign

PUBLIC = "https://clinic.example"
MESSAGES, STATUSES = "/api/webhooks/{channel}", "/api/webhooks/{channel}/status"
PATIENCE = 30.0  # seconds; a worker, a beat and four more processes share two cores
_sids = itertools.count(1)


@dataclass
class Live:
    """A stack, the Twilio that stands beside it, and who talks with both."""

    stack: RunningStack
    twilio: TwilioStandIn
    http: httpx.Client

    def command(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """Run a command of the product; return the one line of JSON that it prints."""
        done = self.stack.manage(*arguments, **environment)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        (line,) = done.stdout.splitlines()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def clinic(self, slug: str, *, country: str, zone: str, language: str, number: str) -> "LiveClinic":
        """Make a clinic with an owner, a token and a number for WhatsApp and SMS, by commands alone."""
        made = self.command(
            "create_clinic",
            slug,
            *("--name", f"Clínica {slug.title()}", "--country", country, "--timezone", zone),
            *("--language", language, "--owner-email", f"owner@{slug}.example"),
        )
        assert set(made) == {"id", "slug", "owner_email", "set_password_url"}
        token = self.command("create_token", made["owner_email"], "--name", "acceptance")["token"]
        for channel in ("whatsapp", "sms"):
            linked = self.command("link_sender", slug, number, "--channel", channel, "--provider", "twilio")
            assert uuid.UUID(linked["id"])
        return LiveClinic(self, made, token, number)

    def facts(self) -> dict[str, Any]:
        """Return what run.json says."""
        facts: dict[str, Any] = json.loads((self.stack.home / "run.json").read_text())
        return facts

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        """Give the stack's database, committing at the end."""
        with closing(psycopg.connect(self.facts()["database_url"])) as connection, connection:
            yield connection

    def sent(self, to: str) -> list[Accepted]:
        """Return what was handed to Twilio by its API for a number, oldest first."""
        return [m for m in self.twilio.accepted if m.direction == "outbound-api" and m.to.endswith(to)]

    def next_sent(self, to: str, before: int) -> Accepted:
        """Wait until Twilio has got one more message for a number than there were."""
        until(lambda: len(self.sent(to)) > before, seconds=PATIENCE, what="a message at Twilio")
        return self.sent(to)[before]


@dataclass
class LiveClinic:
    """A clinic by its API, and its number."""

    live: Live
    made: dict[str, Any]
    token: str
    number: str

    @property
    def slug(self) -> str:
        """Return the short name."""
        return str(self.made["slug"])

    @property
    def schema(self) -> str:
        """Return the name of its schema."""
        return "c_" + uuid.UUID(self.made["id"]).hex

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> httpx.Response:
        """Ask the API as the owner's token."""
        response = self.live.http.request(
            method,
            path,
            json=data,
            headers={"Authorization": f"Bearer {self.token}", "X-Account-Id": self.slug, **headers},
        )
        assert response.status_code < 500, (method, path, response.status_code, response.text)
        return response

    def get(self, path: str, status: int = 200) -> Any:
        """GET JSON."""
        response = self.call("GET", path)
        assert response.status_code == status, (path, response.status_code, response.text)
        return response.json()

    def post(self, path: str, data: Any = None, *, status: int = 200) -> Any:
        """POST JSON."""
        response = self.call("POST", path, {} if data is None else data)
        assert response.status_code == status, (path, response.status_code, response.text)
        return response.json()

    def thread_of(self, patient: "Caller") -> dict[str, Any]:
        """Return the conversation of a number."""
        found = [c for c in self.get("/api/whatsapp/conversations")["results"] if patient.owns(c)]
        assert len(found) == 1, found
        return dict(found[0])

    def messages_of(self, patient: "Caller") -> list[dict[str, Any]]:
        """Return a thread's messages, newest first as the API gives them."""
        thread = self.thread_of(patient)["id"]
        return list(self.get(f"/api/whatsapp/conversations/{thread}/messages")["results"])

    def status_of(self, patient: "Caller", body: str) -> str:
        """Return the status of the outbound message with that text."""
        (found,) = [
            m for m in self.messages_of(patient) if m["body"] == body and m["direction"] == "outbound"
        ]
        return str(found["status"])

    def let_hours_pass(self, hours: int) -> None:
        """Move what was written to this clinic into the past, instead of waiting."""
        with self.live.database() as connection:
            for table, column in (
                ("messaging_window", "last_inbound_at"),
                ("messaging_conversation", "window_closes_at"),
            ):
                connection.execute(
                    f'UPDATE "{self.schema}".{table} SET {column} = {column} - make_interval(hours => %s)',
                    [hours],
                )

    def free_times(self, days: int = 14) -> list[dict[str, Any]]:
        """Return free times from tomorrow on."""
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
        return list(self.get(f"/api/slots?from={tomorrow}&days={days}")["results"])


@dataclass
class Caller:
    """A patient with a phone."""

    clinic: LiveClinic
    number: str
    name: str = "Ana"
    channel: str = "whatsapp"
    heard: list[str] = field(default_factory=list)

    def owns(self, conversation: Mapping[str, Any]) -> bool:
        """Say whether a conversation of the API is this patient's."""
        return self.number[-10:] in str(conversation["contact"]["phone"])

    def form(self, body: str, **fields: str) -> dict[str, str]:
        """Return the form that Twilio posts for a message; `fields` win."""
        sid = f"SM{uuid.uuid4().hex[:24]}{next(_sids):08x}"
        prefix = "whatsapp:" if self.channel == "whatsapp" else ""
        return {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": ACCOUNT,
            "From": prefix + self.number,
            "To": prefix + self.clinic.number,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
            **({"ProfileName": self.name, "WaId": self.number.lstrip("+")} if prefix else {}),
            **fields,
        }

    def post(self, form: Mapping[str, str], *, token: str = TOKEN) -> httpx.Response:
        """Post a form signed for the public address, as a proxy hands it to the machine inside."""
        path = MESSAGES.format(channel=self.channel)
        return self.clinic.live.http.post(
            path,
            data=dict(form),
            headers={"X-Twilio-Signature": sign(PUBLIC + path, form.items(), token)},
        )

    def write(self, body: str, **fields: str) -> list[str]:
        """Send a message; return what the clinic answers at once, which Twilio reports as delivered."""
        response = self.post(self.form(body, **fields))
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"].startswith("text/xml")
        twilio, prefix = self.clinic.live.twilio, "whatsapp:" if self.channel == "whatsapp" else ""
        answers = []
        for said in ElementTree.fromstring(response.content).findall("Message"):
            callback = said.get("statusCallback") or ""
            assert callback.startswith(PUBLIC + STATUSES.format(channel=self.channel) + "?a=")
            reply = twilio.note_inline_reply(
                ACCOUNT, prefix + self.clinic.number, prefix + self.number, said.text or "", callback
            )
            twilio.call_back(reply, ("sent", "delivered"))
            answers.append(said.text or "")
        self.heard += answers
        return answers

    def hears(self, body: str, **fields: str) -> str:
        """Send a message that gets exactly one answer, and return it."""
        answers = self.write(body, **fields)
        assert len(answers) == 1, answers
        return answers[0]

    @property
    def sent(self) -> list[Accepted]:
        """Return what Twilio's API got for this number."""
        return self.clinic.live.sent(self.number)


@contextmanager
def running() -> Iterator[Live]:
    """Start the product without its demo, and a Twilio whose callbacks come to it from outside."""
    where: dict[str, str] = {}

    def deliver(url: str, form: Mapping[str, str], signature: str) -> int:
        # As a proxy does: the name outside is not the address inside.
        return post_form(url.replace(PUBLIC, where["inside"]), form, signature)

    with (
        TwilioStandIn(deliver=deliver) as twilio,
        running_stack(
            TWILIO_ACCOUNT_SID=ACCOUNT,
            TWILIO_AUTH_TOKEN=TOKEN,
            TWILIO_API_BASE_URL=twilio.base_url,
            TWILIO_WEBHOOK_BASE_URL=PUBLIC,
        ) as stack,
        httpx.Client(base_url=stack.url, timeout=30, trust_env=False) as http,
    ):
        where["inside"] = stack.url
        yield Live(stack, twilio, http)
