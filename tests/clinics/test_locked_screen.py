"""A screen that nobody uses locks: the server refuses, and password, PIN or passkey open it again."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.test import Client

from clinics.models import Clinic, User
from tests.world import PASSWORD

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(owner: User) -> Client:
    """Return the owner's browser, which knows no scripts."""
    client = Client()
    client.force_login(owner)
    return client


def test_a_locked_screen_shows_nothing_of_the_clinic(desk: Client, clinic: Clinic) -> None:
    inside = f"/c/{clinic.slug}/inbox/"
    assert desk.get(inside).status_code == 200

    desk.post("/lock/")

    for path in (inside, f"/c/{clinic.slug}/admin/", "/profile/", "/", "/accounts/password/change/"):
        page = desk.get(path)
        assert page.status_code == 423, path
        assert clinic.name not in page.content.decode()
    assert desk.get(inside, headers={"HX-Request": "true"}).content == b""
    assert desk.post(f"/c/{clinic.slug}/inbox/bulk/").status_code == 423


def test_the_password_opens_it_and_leads_back(desk: Client, clinic: Clinic) -> None:
    desk.post("/lock/")
    goal = f"/c/{clinic.slug}/inbox/"
    answer = desk.post("/unlock/", {"secret": PASSWORD, "next": goal})
    assert answer.headers["Location"] == goal
    assert desk.get(goal).status_code == 200


def test_the_locked_page_s_own_form_opens_it(owner: User, clinic: Clinic) -> None:
    desk = Client(enforce_csrf_checks=True)
    desk.force_login(owner)
    goal = f"/c/{clinic.slug}/inbox/"
    token = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
    before = token.search(desk.get("/profile/").content.decode())
    assert before is not None
    desk.post("/lock/", headers={"X-CSRFToken": before[1]})

    page = desk.get(goal)

    here = token.search(page.content.decode())
    assert page.status_code == 423
    assert here is not None
    answer = desk.post("/unlock/", {"secret": PASSWORD, "next": goal, "csrfmiddlewaretoken": here[1]})
    assert answer.headers["Location"] == goal
    assert desk.get(goal).status_code == 200


def test_a_form_whose_token_is_too_old_says_so_in_our_words(owner: User) -> None:
    desk = Client(enforce_csrf_checks=True)
    desk.force_login(owner)
    answer = desk.post("/lock/")
    assert answer.status_code == 403
    assert "This page was open for too long" in answer.content.decode()
    assert "<style" not in answer.content.decode()


def test_a_pin_opens_the_screen_but_no_account(desk: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(lock_pin=make_password("4711"))
    desk.post("/lock/")
    assert desk.post("/unlock/", {"secret": "4711"}, headers={"X-Script": "1"}).status_code == 204
    stranger = Client()
    stranger.post("/accounts/login/", {"login": owner.email, "password": "4711"})
    assert "_auth_user_id" not in stranger.session


def test_the_fifth_wrong_word_logs_out(desk: Client) -> None:
    desk.post("/lock/")
    codes = [desk.post("/unlock/", {"secret": "no"}, headers={"X-Script": "1"}).status_code for _ in range(5)]
    assert codes == [403, 403, 403, 403, 401]
    assert "_auth_user_id" not in desk.session


def test_nobody_is_led_away_by_opening(desk: Client) -> None:
    desk.post("/lock/")
    answer = desk.post("/unlock/", {"secret": PASSWORD, "next": "//evil.example/"})
    assert answer.headers["Location"] == "/"


def test_a_screen_left_alone_locks_by_itself(desk: Client, clinic: Clinic) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(idle_minutes=10)
    inside = f"/c/{clinic.slug}/inbox/"
    with time_machine.travel(datetime.now(UTC), tick=False) as time:
        assert desk.get(inside).status_code == 200
        time.shift(9 * MINUTE)
        assert desk.get(inside).status_code == 200
        time.shift(11 * MINUTE)
        assert desk.get(inside).status_code == 423


def test_what_a_page_reads_by_itself_keeps_nobody_awake(desk: Client, clinic: Clinic) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(idle_minutes=10)
    inside = f"/c/{clinic.slug}/inbox/"
    by_itself = {"HX-Request": "true", "Sec-Fetch-Mode": "cors"}
    with time_machine.travel(datetime.now(UTC), tick=False) as time:
        desk.get(inside)
        for _ in range(9):
            time.shift(MINUTE)
            assert desk.get(inside, headers=by_itself).status_code == 200
        time.shift(2 * MINUTE)
        assert desk.get(inside, headers=by_itself).status_code == 423


def test_a_hand_on_the_mouse_keeps_it_open(desk: Client, clinic: Clinic) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(idle_minutes=10)
    with time_machine.travel(datetime.now(UTC), tick=False) as time:
        desk.get(f"/c/{clinic.slug}/inbox/")
        for _ in range(4):
            time.shift(8 * MINUTE)
            assert desk.post("/awake/").status_code == 204
        time.shift(11 * MINUTE)
        assert desk.post("/awake/").status_code == 423


def test_only_a_passkey_shown_since_then_opens(desk: Client, owner: User) -> None:
    desk.post("/lock/")
    answer = desk.get("/unlock/passkey/?next=/profile/")
    assert answer.headers["Location"].startswith("/accounts/2fa/webauthn/reauthenticate/")

    session = desk.session
    session["account_authentication_methods_user"] = str(owner.pk)
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "webauthn", "at": session["locked_at"] + 1, "reauthenticated": True}
    ]
    session.save()
    assert desk.get("/unlock/passkey/?next=/profile/").headers["Location"] == "/profile/"
    assert desk.get("/profile/").status_code == 200


def test_who_is_logged_out_has_nothing_to_open(client: Client) -> None:
    assert client.post("/unlock/", {"secret": PASSWORD}).headers["Location"].startswith("/accounts/login/")


def test_a_clinic_can_ask_everybody_for_a_second_factor(receptionist: User, clinic: Clinic) -> None:
    client = Client()
    client.force_login(receptionist)
    Clinic.objects.filter(pk=clinic.pk).update(second_factor=True)
    assert client.get(f"/c/{clinic.slug}/inbox/").headers["Location"].startswith("/accounts/2fa/")
