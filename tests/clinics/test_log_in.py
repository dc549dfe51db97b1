"""Log-in: its limits, what it gives away, second factors, log-out."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.db import connection
from django.test import Client

from clinics.accounts import password_link
from clinics.models import Clinic
from clinics.operations import add_member
from clinics.tenancy import in_clinic
from tests.messaging.inboxes import a_request, a_thread
from tests.world import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def log_in(client, email="owner@alpha.example", password=PASSWORD, **extra):
    return client.post(LOGIN, {"login": email, "password": password, **extra})


def test_who_logs_in_lands_where_they_wanted_to_go(client):
    assert client.get(LOGIN).status_code == 200
    assert log_in(client).headers["Location"] == "/"
    assert client.get("/").headers["Location"] == "/c/alpha/"
    assert client.get("/c/alpha/").headers["Location"] == "/c/alpha/today/"
    page = log_in(Client(), next="/c/alpha/team/")
    assert page.headers["Location"] == "/c/alpha/team/"


@pytest.mark.parametrize(
    "goal", ["//evil.example", "https://evil.example/", "https:evil.example", "/\\evil.example"]
)
def test_nobody_is_led_away_to_another_host(client, goal):
    location = log_in(client, next=goal).headers["Location"]
    assert "evil" not in location or location.startswith("/c/")


def test_addresses_are_compared_in_any_case(client):
    assert log_in(client, "OWNER@Alpha.Example").status_code == 302


def test_a_wrong_password_and_an_unknown_address_look_alike(client):
    answers = []
    for email in ("owner@alpha.example", "nobody@alpha.example"):
        page = log_in(client, email, "wrong password here").content.decode()
        answers.append(re.sub(r'value="[^"]*"', "", page))
    assert answers[0] == answers[1]


def test_after_five_wrong_tries_the_right_password_rests_too(client):
    for _ in range(5):
        assert log_in(client, password="wrong password here").status_code == 200
    page = log_in(Client())
    assert page.status_code in (200, 429), "refused, though the password is right"
    assert log_in(Client(), "receptionist@alpha.example").status_code == 302, "a colleague still gets in"


def test_a_reset_says_the_same_for_everybody_and_mails_those_we_know_only(client, settings):
    answers = set()
    for email in ("owner@alpha.example", "nobody@alpha.example"):
        response = client.post("/accounts/password/reset/", {"email": email})
        answers.add((response.status_code, response.headers["Location"]))
    assert len(answers) == 1
    assert [message.to for message in mail.outbox] == [["owner@alpha.example"]]


def test_a_password_link_sets_a_password_once(client, stranger):
    stranger.refresh_from_db()  # the link depends on the last log-in
    link = password_link(stranger)
    path = re.sub(r"^https?://[^/]+", "", link)
    form = client.get(path, follow=True)
    assert form.status_code == 200
    goal = form.redirect_chain[-1][0]
    new = "a quite new password 7"
    assert client.post(goal, {"password1": new, "password2": new}).status_code == 302
    assert log_in(Client(), stranger.email, new).status_code == 302
    assert "used" in Client().get(path, follow=True).content.decode()


def test_logging_out_ends_the_session_and_clears_the_browser(client):
    log_in(client)
    assert client.get("/accounts/logout/").status_code == 200, "asks first: a GET changes nothing"
    assert client.get("/c/alpha/inbox/").status_code == 200
    response = client.post("/accounts/logout/")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/c/alpha/inbox/").status_code == 302


def test_forms_need_their_token():
    client = Client(enforce_csrf_checks=True)
    assert log_in(client).status_code == 403


# ── Second factors ───────────────────────────────────────────────────────────────────────────────────────────────
def code_for(secret):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def with_totp(client):
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)[1]
    response = client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)})
    assert response.status_code == 302, response.content.decode()[-2000:]
    return secret


def test_a_second_factor_is_set_up_and_asked_for(client, owner, settings):
    settings.MFA_TOTP_INSECURE_BYPASS_CODE = None
    log_in(client)
    assert (
        client.get("/accounts/2fa/totp/activate/").headers["Location"].startswith("/accounts/reauthenticate/")
    )
    assert client.get("/accounts/reauthenticate/").status_code == 200
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for page in ("", "webauthn/", "webauthn/add/", "totp/activate/"):
        assert client.get(f"/accounts/2fa/{page}").status_code == 200, page
    secret = with_totp(client)
    stored = Authenticator.objects.get(user=owner, type="totp").data["secret"]
    assert stored != secret
    assert stored.startswith("gAAAA"), "secrets are encrypted"
    again = Client()
    response = log_in(again)
    assert response.headers["Location"] == "/accounts/2fa/authenticate/"
    assert again.get("/c/alpha/inbox/").status_code == 302, "a password alone opens nothing now"
    assert again.get("/accounts/2fa/authenticate/").status_code == 200
    wrong = again.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    codes = client.get("/accounts/2fa/recovery-codes/")
    assert codes.status_code == 200
    code = re.search(r"[0-9a-z]{8}", re.search(r"<textarea[^>]*>([^<]*)", codes.content.decode())[1])[0]
    assert again.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    trusted = again.get("/accounts/2fa/trust/")
    assert trusted.status_code == 200
    again.post("/accounts/2fa/trust/", {"action": "trust"})
    assert again.get("/c/alpha/inbox/").status_code == 200


@pytest.mark.parametrize(
    ("who", "path", "must"),
    [
        ("owner@alpha.example", "/c/alpha/inbox/", True),
        ("admin_doctor@alpha.example", "/c/alpha/admin/", True),
        ("operator@platform.example", "/admin/", True),
        ("receptionist@alpha.example", "/c/alpha/inbox/", False),
        ("doctor@alpha.example", "/c/alpha/inbox/", False),
    ],
)
def test_where_it_is_required_leaders_and_operators_set_it_up_first(browse, world, settings, who, path, must):
    client = browse(world.users[who])
    assert client.get(path).status_code == 200, "not required: the demo"
    settings.MEDSYNC_REQUIRE_MFA = True
    response = client.get(path)
    if must:
        assert response.headers["Location"].startswith("/accounts/2fa/")
        page = client.get(response.headers["Location"])
        assert "second factor" in page.content.decode()
    else:
        assert response.status_code == 200


def test_the_log_in_offers_a_passkey_without_any_inline_script(client):
    page = client.get(LOGIN)
    text = page.content.decode()
    assert "passkey_login" in text
    for script in re.findall(r"<script[^>]*>", text):
        assert "src=" in script or "application/json" in script
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    challenge = client.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert challenge.status_code == 200


# ── Which clinic ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_several_clinics_are_picked_from(browse, owner, other_clinic, stranger):
    add_member(other_clinic, owner, role="receptionist")
    page = browse(owner).get("/")
    text = page.content.decode()
    assert 'href="/c/alpha/"' in text
    assert 'href="/c/beta/"' in text
    assert "gamma" not in text
    assert "New York" in text
    assert "Receptionist" in text
    assert "No clinic yet" in browse(stranger).get("/").content.decode()


def test_the_clinic_that_needs_somebody_is_seen_while_picking(browse, owner, clinic, other_clinic):
    add_member(other_clinic, owner, role="receptionist")
    with in_clinic(other_clinic):
        a_thread()
        a_thread()
        a_request(a_thread(work_state="done"))
    text = " ".join(browse(owner).get("/").content.decode().split())
    row = text[text.index('href="/c/beta/"') :]
    assert "2 need a reply" in row
    assert "1 request" in row
    assert "All answered" in text[: text.index('href="/c/beta/"')]


def test_a_clinic_that_is_not_ready_is_not_picked(browse, owner, other_clinic):
    add_member(other_clinic, owner, role="receptionist")
    Clinic.objects.filter(pk=other_clinic.pk).update(state="closing")
    assert browse(owner).get("/").headers["Location"] == "/c/alpha/"


def test_the_language_goes_with_the_person(client, owner):
    log_in(client)
    client.post("/language/", {"language": "es", "next": "/profile/"})
    assert '<html lang="es">' in client.get("/profile/").content.decode()
    assert client.cookies["django_language"].value == "es"
    fresh = Client()
    assert log_in(fresh).cookies["django_language"].value == "es"
    assert client.post("/language/", {"language": "xx", "next": "//evil.example"}).headers["Location"] == "/"


def test_pages_outside_of_a_clinic_stand_in_no_clinic(browse, owner):
    browse(owner).get("/profile/")
    assert connection.schema_name == "public"
