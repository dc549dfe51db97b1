"""One person goes through the whole product, through its failures too; no log, cache or queue knows who it was."""

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
import redis

from tests.flows.live import PUBLIC, Caller, Live, LiveClinic
from tests.stack.running import until
from tests.standin.twilio import TOKEN, refuse, sign

pytestmark = pytest.mark.stack

NAME, FAMILY, NUMBER = "Quetzalli", "Xochiyáotl Ñusta", "+5215587654399"
SECRETS = {
    "name": NAME,
    "family": FAMILY,
    "national number": NUMBER[-10:],
    "body": "zarzamora-canario",
    "reply": "membrillo-canario",
    "reason": "guanabana-canario",
    "Twilio's token": TOKEN,
}


def spellings(text: str) -> set[bytes]:
    """Return a text as it may stand in a file: plain, in a URL, in JSON, in HTML, in base64."""
    words = {text, quote(text), quote_plus(text), json.dumps(text)[1:-1], html.escape(text)}
    words.add(text.encode("unicode_escape").decode())
    if text.isdigit():
        spaced = {f"{text[:2]} {text[2:6]} {text[6:]}", f"{text[:3]} {text[3:6]} {text[6:]}"}
        words |= spaced | {part.replace(" ", "-") for part in spaced}
    raw = {word.encode() for word in words}
    # The middle of its base64, whatever stands before it.
    for before in (b"", b"x", b"xx"):
        raw.add(base64.b64encode(before + text.encode()).strip(b"=")[4:-4])
    return {word for word in raw if len(word) > 5}


def found_in(place: str, content: bytes, secrets: dict[str, str]) -> list[str]:
    """Return where something stands that must not."""
    return [
        f"{name} in {place}: …{content[max(0, at - 60) : at + 60]!r}…"
        for name, text in secrets.items()
        for spelling in spellings(text)
        if (at := content.find(spelling)) >= 0
    ]


def everything_in(server: "redis.Redis[bytes]") -> Iterator[tuple[str, bytes]]:
    """Yield every key of a Valkey with what it holds."""
    for key in server.scan_iter(count=1000):
        kind = server.type(key)
        readers: dict[bytes, Any] = {
            b"string": server.get,
            b"list": lambda k: server.lrange(k, 0, -1),
            b"set": server.smembers,
            b"zset": lambda k: server.zrange(k, 0, -1),
            b"hash": server.hgetall,
            b"stream": server.xrange,
        }
        value = readers[kind](key) if kind in readers else b""
        yield repr(key), key + b" " + (value if isinstance(value, bytes) else repr(value).encode())


@pytest.fixture(scope="module")
def told_everything(sol: LiveClinic) -> dict[str, str]:
    """Let one person do all that can be done, and go wrong in all ways; return what must stand nowhere."""
    live = sol.live
    who = Caller(sol, NUMBER, name=f"{NAME} {FAMILY}")
    who.write("hola, necesito una cita")
    who.write("2")
    thread = sol.thread_of(who)
    patient = thread["patient"]["id"]
    sol.call("PATCH", f"/api/patients/{patient}", {"name": f"{NAME} {FAMILY}"})
    who.write(f"una pregunta: {SECRETS['body']}")
    (request,) = [
        a for a in sol.get("/api/whatsapp/pending-appointments")["results"] if a["patient_id"] == patient
    ]
    # The provider refuses, quoting the number; the first text fails for good, the second is told again.
    live.twilio.script(refuse(63016), refuse(21211))
    sol.post("/api/whatsapp/send", {"patient_id": patient, "body": f"1 {SECRETS['reply']}"}, status=202)
    until(lambda: live.twilio.refused, seconds=30, what="a refusal")
    sol.post(f"/api/whatsapp/pending-appointments/{request['id']}/reject", {"reason": SECRETS["reason"]})
    until(lambda: len(live.twilio.refused) > 1, seconds=30, what="the second refusal")
    sol.post("/api/whatsapp/send", {"patient_id": patient, "body": f"3 {SECRETS['reply']}"}, status=202)
    told = live.next_sent(NUMBER, 0)
    live.twilio.call_back(told, ("sent", "undelivered"))

    # Webhooks that are refused, held, odd.
    form = who.form(SECRETS["body"])
    who.post(form, token="wrong")
    who.post({**form, "To": "whatsapp:+525555550999"})
    who.post({**form, "From": f"whatsapp:{NUMBER} {FAMILY}"})
    who.post({**who.form(SECRETS["body"]), "NumMedia": SECRETS["body"]})
    conflicting = who.form("una")
    who.post(conflicting)
    who.post({**conflicting, "Body": SECRETS["body"]})
    odd = f"/api/webhooks/whatsapp/status?a={SECRETS['body']}"
    status = {"MessageSid": told.sid, "MessageStatus": SECRETS["body"], "From": told.from_, "To": told.to}
    live.http.post(
        odd, data=status, headers={"X-Twilio-Signature": sign(PUBLIC + odd, status.items(), TOKEN)}
    )
    live.http.post("/api/webhooks/whatsapp", json=form)

    # API and pages that get what they cannot take, also in their addresses.
    for method, path, data in (
        ("GET", f"/api/patients?search={quote(NAME)}", None),
        ("GET", f"/api/patients/{quote(FAMILY)}", None),
        ("GET", f"/api/{NUMBER}/{quote(SECRETS['body'])}", None),
        ("GET", f"/api/patients?cursor={SECRETS['body']}&limit={NUMBER}", None),
        ("POST", "/api/patients", {"name": f"{NAME} {FAMILY}", "phone": NUMBER + "999999999"}),
        ("POST", "/api/patients", {"name": f"{NAME} {FAMILY}", "phone": NUMBER, FAMILY: NUMBER}),
        ("POST", "/api/whatsapp/send", {"patient_id": NUMBER, "body": SECRETS["reply"]}),
        ("PATCH", f"/api/patients/{patient}", {"date_of_birth": FAMILY}),
    ):
        sol.call(method, path, data)
    with httpx.Client(base_url=live.stack.url, trust_env=False, timeout=30) as stranger:
        stranger.get(f"/c/{sol.slug}/inbox/?q={quote(NAME)}")
        stranger.get(f"/{quote(FAMILY)}/{NUMBER}")
        stranger.get(f"/accounts/login/?next=/c/{sol.slug}/inbox/%3Fq%3D{NUMBER}")
        stranger.post("/accounts/login/", data={"login": f"{NAME}@example.org", "password": SECRETS["body"]})
    return {**SECRETS, "token": sol.token}


def logs_of(live: Live) -> list[Path]:
    """Return every log of the stack, and what stands on its screen."""
    logs = [path for path in (live.stack.home / "logs").rglob("*") if path.is_file()]
    return [*logs, live.stack.output]


def test_no_log_knows_who_it_was(live: Live, told_everything: dict[str, str]) -> None:
    logs = logs_of(live)
    assert {"web.log", "worker.log", "beat.log", "postgres.log", "valkey.log"} <= {p.name for p in logs}
    web = (live.stack.home / "logs" / "web.log").read_text()
    assert "webhook of twilio held" in web, "the failures were not logged at all"
    hits = [hit for path in logs for hit in found_in(path.name, path.read_bytes(), told_everything)]
    assert hits == []


def test_nothing_went_wrong_by_itself(live: Live, told_everything: dict[str, str]) -> None:
    for path in logs_of(live):
        records = re.split(r"(?m)^(?=\d\d:\d\d:\d\d )", path.read_text(errors="replace"))
        # Django tells of each caller of a host that is not ours, which other tests are, with a traceback.
        for record in records:
            if "django.security.DisallowedHost" not in record:
                assert "Traceback" not in record, path.name
                assert not re.search(r"deadlock detected|ERROR:  ", record), path.name


def test_the_cache_and_the_broker_know_only_ids(live: Live, told_everything: dict[str, str]) -> None:
    with redis.Redis.from_url(live.facts()["redis_url"]) as server:
        databases = [int(name[2:]) for name in server.info("keyspace")]
    assert databases
    hits, keys = [], 0
    for number in databases:
        with redis.Redis.from_url(live.facts()["redis_url"], db=number) as server:
            for place, content in everything_in(server):
                keys += 1
                hits += found_in(f"Valkey {number} {place}", content, told_everything)
    assert keys
    assert hits == []


def test_the_shared_tables_know_nobody(live: Live, told_everything: dict[str, str]) -> None:
    with live.database() as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        hits = []
        for (table,) in tables:
            rows = connection.execute(f'SELECT t::text FROM public."{table}" t').fetchall()
            content = "\n".join(row for (row,) in rows).encode()
            hits += found_in(table, content, told_everything)
    assert hits == []


def test_the_other_clinic_has_never_heard_of_them(
    live: Live, harbor: LiveClinic, told_everything: dict[str, str]
) -> None:
    with live.database() as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", [harbor.schema]
        ).fetchall()
        assert tables
        for (table,) in tables:
            rows = connection.execute(f'SELECT t::text FROM "{harbor.schema}"."{table}" t').fetchall()
            assert found_in(table, "\n".join(row for (row,) in rows).encode(), told_everything) == []
