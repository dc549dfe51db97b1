"""The main job on the running product, seen from outside: commands, signed webhooks, the API, the log-in page."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.flows.live import PATIENCE, Caller, Live, LiveClinic
from tests.stack.running import until

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def _twilio_stays_content(live: Live) -> Iterator[None]:
    live.twilio.answers.clear()
    yield
    assert {status for _, _, status in live.twilio.answers} <= {200, 204}
    assert live.twilio.twice == [] or live.twilio.refused


def numbered_lines(text: str) -> list[str]:
    """Return the lines of a list of choices."""
    return [line for line in text.splitlines() if re.match(r"\d\. ", line)]


def ask_for_the_second(patient: Caller) -> dict[str, object]:
    """Let a patient ask and take the second time; return the request as the API shows it."""
    offer = patient.hears("hola, necesito una cita")
    assert len(numbered_lines(offer)) >= 2, offer
    answer = patient.hears("2")
    assert "no está confirmada" in answer
    waiting = patient.clinic.get("/api/whatsapp/pending-appointments")["results"]
    thread = patient.clinic.thread_of(patient)
    (request,) = [a for a in waiting if a["patient_id"] in {p["id"] for p in thread["patients"]}]
    assert request["status"] == "pending_review"
    return dict(request)


@pytest.mark.parametrize(
    ("channel", "number"), [("whatsapp", "+5215512345601"), ("sms", "+525512345602")], ids=["whatsapp", "sms"]
)
def test_a_patient_books_staff_accept_and_the_ticks_rise(sol: LiveClinic, channel: str, number: str) -> None:
    ana = Caller(sol, number, channel=channel)
    offer = ana.hears("hola, necesito una cita")
    assert "horarios" in offer
    assert [line[:2] for line in numbered_lines(offer)] == ["1.", "2.", "3."]
    second = numbered_lines(offer)[1]
    answer = ana.hears("2")
    assert "no está confirmada" in answer

    (request,) = [
        a
        for a in sol.get("/api/whatsapp/pending-appointments")["results"]
        if a["patient_id"] == sol.thread_of(ana)["patient"]["id"]
    ]
    starts = datetime.fromisoformat(request["starts_at"])
    assert request["starts_at"].endswith("Z")
    local = starts.astimezone(ZoneInfo("America/Mexico_City"))
    assert re.search(rf"\b{local.day}\b", second)
    assert f"{local:%H:%M}" in second or f"{local.hour % 12 or 12}:{local:%M}" in second
    assert (request["status"], request["source"]) == ("pending_review", channel)
    assert not ana.sent  # so far all went in the answers of webhooks

    accepted = sol.post(f"/api/whatsapp/pending-appointments/{request['id']}/accept")
    assert (accepted["id"], accepted["status"]) == (request["id"], "confirmed")
    told = sol.live.next_sent(number, 0)
    assert "confirmada" in told.body
    prefix = "whatsapp:" if channel == "whatsapp" else ""
    assert (told.from_, told.to) == (prefix + sol.number, prefix + number)
    until(lambda: sol.status_of(ana, told.body) == "sent", seconds=PATIENCE, what="the first tick")

    for status in ("delivered", "read") if channel == "whatsapp" else ("delivered",):
        sol.live.twilio.call_back(told, (status,))
        assert sol.status_of(ana, told.body) == status
    sol.live.twilio.call_back(told, ("sent",))  # late: the ticks never go back
    assert sol.status_of(ana, told.body) == ("read" if channel == "whatsapp" else "delivered")
    newest = sol.messages_of(ana)[0]
    assert newest["provider_message_id"] == told.sid
    assert newest["appointment_id"] == request["id"]
    assert [m["direction"] for m in sol.messages_of(ana)] == [
        "outbound",
        "outbound",
        "inbound",
        "outbound",
        "inbound",
    ]
    assert len(ana.sent) == 1


def test_one_person_on_two_channels_is_one_thread(sol: LiveClinic) -> None:
    number = "+525512345603"
    Caller(sol, "+5215512345603").write("hola, necesito una cita")
    Caller(sol, number, channel="sms").write("gracias")
    bodies = [m["channel"] for m in sol.messages_of(Caller(sol, number)) if m["direction"] == "inbound"]
    assert sorted(bodies) == ["sms", "whatsapp"]


def test_a_request_is_decided_once_and_the_second_hears_by_whom(sol: LiveClinic, harbor: LiveClinic) -> None:
    eva = Caller(sol, "+5215512345604", name="Eva")
    request = ask_for_the_second(eva)
    path = f"/api/whatsapp/pending-appointments/{request['id']}"
    foreign = harbor.call("POST", f"{path}/accept", {})
    assert foreign.status_code == 404
    assert sol.get(f"/api/appointments/{request['id']}")["status"] == "pending_review"

    sol.post(f"{path}/accept")
    for verb in ("accept", "reject"):
        late = sol.post(f"{path}/{verb}", status=409)
        assert late["code"] == "already_decided"
        assert late["decided_by"]
        assert late["appointment"]["status"] == "confirmed"
    sol.live.next_sent(eva.number, 0)


def test_a_declined_patient_hears_why_and_gets_other_times(sol: LiveClinic) -> None:
    leo = Caller(sol, "+5215512345605", name="Leo")
    request = ask_for_the_second(leo)
    declined = sol.post(
        f"/api/whatsapp/pending-appointments/{request['id']}/reject", {"reason": "El doctor no está"}
    )
    assert declined["status"] == "cancelled"
    told = sol.live.next_sent(leo.number, 0)
    assert "El doctor no está" in told.body
    assert numbered_lines(told.body)
    sol.live.twilio.call_back(told, ("sent", "delivered"))
    assert "no está confirmada" in leo.hears("1")


def test_a_taken_time_comes_with_others(sol: LiveClinic) -> None:
    slot = sol.free_times()[5]
    patients = [
        sol.post("/api/patients", {"name": name, "phone": phone}, status=201)["id"]
        for name, phone in (("Uno", "+525512345611"), ("Dos", "+525512345612"))
    ]
    wish = {"type_id": slot["type_id"], "starts_at": slot["starts_at"]}
    made = sol.post(
        "/api/appointments", {**wish, "patient_id": patients[0], "status": "confirmed"}, status=201
    )
    assert made["status"] == "confirmed"
    for status in ("confirmed", "pending_review"):
        late = sol.post(
            "/api/appointments", {**wish, "patient_id": patients[1], "status": status}, status=409
        )
        assert late["code"] == "slot_taken"
        assert 1 <= len(late["alternatives"]) <= 3
        assert slot["starts_at"] not in {a["starts_at"] for a in late["alternatives"]}
    other = late["alternatives"][0]
    sol.post(
        "/api/appointments",
        {"patient_id": patients[1], "type_id": other["type_id"], "starts_at": other["starts_at"]},
        status=201,
    )


def test_a_reply_goes_inside_the_window_and_is_refused_outside_before_twilio_is_asked(
    sol: LiveClinic,
) -> None:
    mia = Caller(sol, "+5215512345606", name="Mia")
    mia.write("hola, necesito una cita")
    contact = sol.thread_of(mia)["contact"]["id"]
    wanted = {"contact_id": contact, "body": "¿Puede venir a las 10?", "client_message_id": "reply-1"}
    sent = sol.post("/api/whatsapp/send", wanted, status=202)
    assert sent["direction"] == "outbound"
    assert sent["status"] in ("queued", "sending", "sent"), "the worker may be faster than the answer"
    told = sol.live.next_sent(mia.number, 0)
    assert told.body == wanted["body"]
    sol.live.twilio.call_back(told, ("sent", "delivered"))
    again = sol.post("/api/whatsapp/send", wanted, status=202)
    assert again["id"] == sent["id"]

    sol.let_hours_pass(25)
    asked = sol.live.twilio.requests
    late = sol.post("/api/whatsapp/send", {"contact_id": contact, "body": "¿Sigue ahí?"}, status=409)
    assert late["code"] == "window_closed"
    assert late["detail"]
    assert late["remedy"]
    closes = sol.thread_of(mia)["window_closes_at"]
    assert closes is None or datetime.fromisoformat(closes) < datetime.now(UTC), "the API calls it open"
    assert sol.live.twilio.requests == asked
    assert len(mia.sent) == 1

    mia.write("sí, gracias")
    sol.post("/api/whatsapp/send", {"contact_id": contact, "body": "¡Perfecto!"}, status=202)
    assert sol.live.next_sent(mia.number, 1).body == "¡Perfecto!"


@pytest.mark.parametrize(("channel", "number"), [("whatsapp", "+5215512345607"), ("sms", "+525512345608")])
def test_who_writes_stop_gets_no_more(sol: LiveClinic, channel: str, number: str) -> None:
    ian = Caller(sol, number, name="Ian", channel=channel)
    ian.write("hola, necesito una cita")
    contact = sol.thread_of(ian)["contact"]["id"]
    # By SMS the carrier answers; by WhatsApp we do, once.
    assert len(ian.write("STOP")) == (1 if channel == "whatsapp" else 0)
    assert ian.write("hola, necesito una cita") == []
    refused = sol.post("/api/whatsapp/send", {"contact_id": contact, "body": "¿Hola?"}, status=409)
    assert (refused["code"], bool(refused["remedy"])) == ("opted_out", True)
    assert not ian.sent
    ian.write("START")
    sol.post("/api/whatsapp/send", {"contact_id": contact, "body": "¡Bienvenido!"}, status=202)
    assert sol.live.next_sent(number, 0).body == "¡Bienvenido!"


def test_the_other_clinics_token_opens_nothing(sol: LiveClinic, harbor: LiveClinic) -> None:
    zoe = Caller(sol, "+5215512345609", name="Zoe")
    request = ask_for_the_second(zoe)
    thread = sol.thread_of(zoe)
    for path in (
        f"/api/whatsapp/conversations/{thread['id']}",
        f"/api/whatsapp/conversations/{thread['id']}/messages",
        f"/api/appointments/{request['id']}",
        f"/api/patients/{request['patient_id']}",
        f"/api/practitioners/{request['practitioner_id']}",
    ):
        assert sol.call("GET", path).status_code == 200
        assert harbor.get(path, 404)["code"] == "not_found"
        as_sol = harbor.call("GET", path, **{"X-Account-Id": sol.slug})
        assert as_sol.status_code == 404, "a member of no such clinic"
        assert "X-Clinic" not in as_sol.headers
    assert harbor.get("/api/whatsapp/conversations")["results"] == []
    for target in ({"contact_id": thread["contact"]["id"]}, {"patient_id": request["patient_id"]}):
        harbor.post("/api/whatsapp/send", {**target, "body": "x"}, status=404)
    assert sol.live.http.get("/api/whatsapp/conversations").status_code == 401
    bare = sol.live.http.get("/api/whatsapp/conversations", headers={"Authorization": f"Bearer {sol.token}"})
    assert (bare.status_code, bare.json()["code"]) == (400, "account_required")


def test_what_nobody_signed_changes_nothing(sol: LiveClinic) -> None:
    tom = Caller(sol, "+5215512345610", name="Tom")
    for token in ("wrong", ""):
        refused = tom.post(tom.form("hola"), token=token)
        assert (refused.status_code, refused.content) == (403, b"")
    assert not [c for c in sol.get("/api/whatsapp/conversations")["results"] if tom.owns(c)]


def test_the_owner_sets_a_password_by_the_link_and_logs_in(sol: LiveClinic) -> None:
    link, password = sol.made["set_password_url"], "una frase bastante larga"
    assert link.startswith(sol.live.stack.url)
    with httpx.Client(
        base_url=sol.live.stack.url, follow_redirects=True, trust_env=False, timeout=30
    ) as browser:
        form = browser.get(link)
        assert form.status_code == 200
        assert 'name="password1"' in form.text
        done = browser.post(
            form.url,
            data={"password1": password, "password2": password, "csrfmiddlewaretoken": csrf(form)},
            headers={"Referer": str(form.url)},
        )
        assert done.status_code == 200, done.text
        assert 'name="password1"' not in done.text

    with httpx.Client(
        base_url=sol.live.stack.url, follow_redirects=True, trust_env=False, timeout=30
    ) as browser:
        page = browser.get(f"/c/{sol.slug}/inbox/")
        assert page.url.path == "/accounts/login/"
        wrong = log_in(browser, sol.made["owner_email"], "something else entirely")
        assert wrong.url.path == "/accounts/login/"
        inside = log_in(browser, sol.made["owner_email"], password)
        assert inside.status_code == 200
        assert inside.url.path.startswith(f"/c/{sol.slug}/")
        assert inside.headers["X-Clinic"] == sol.made["id"]
        assert browser.get(f"/c/{sol.slug}/inbox/").status_code == 200
        assert browser.get(f"/c/{sol.slug}/admin/").status_code == 200
        assert browser.get("/c/harbor/inbox/").status_code == 404
        assert browser.get("/c/nowhere/inbox/").status_code == 404
        # The built-in phones need the demo or DEBUG.
        assert browser.get(f"/c/{sol.slug}/phone/").status_code == 404
        again = browser.get(link)
        assert 'name="password1"' not in again.text, "a link that was used opens nothing"


def log_in(browser: httpx.Client, email: str, password: str) -> httpx.Response:
    """Log in by the page."""
    page = browser.get("/accounts/login/")
    return browser.post(
        "/accounts/login/",
        data={"login": email, "password": password, "csrfmiddlewaretoken": csrf(page)},
        headers={"Referer": str(page.url)},
    )


def csrf(page: httpx.Response) -> str:
    """Return the token of a page's form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]
