"""One's own preferences: look, sounds, undo, the lock's PIN."""

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from clinics.models import User
from tests.world import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(owner: User) -> Client:
    """Return the owner's browser, logged in a moment ago."""
    client = Client()
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_the_look_follows_the_person(desk: Client, owner: User) -> None:
    desk.post("/profile/preferences/", {"theme": "dark", "undo_seconds": "10"})
    owner.refresh_from_db()
    assert (owner.theme, owner.sounds, owner.undo_seconds) == ("dark", False, 10)
    assert 'data-theme="dark"' in desk.get("/profile/").content.decode()


def test_too_long_an_undo_is_refused_with_a_sentence(desk: Client, owner: User) -> None:
    answer = desk.post("/profile/preferences/", {"undo_seconds": "31"})
    assert answer.status_code == 400
    assert "At most 30 seconds." in answer.content.decode()
    owner.refresh_from_db()
    assert owner.undo_seconds != 31


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "１２３４"])
def test_a_pin_is_four_to_eight_digits(desk: Client, owner: User, pin: str) -> None:
    assert desk.post("/profile/pin/", {"pin": pin}).status_code == 400
    owner.refresh_from_db()
    assert owner.lock_pin == ""


def test_a_pin_is_kept_as_a_hash_and_can_be_taken_away(desk: Client, owner: User) -> None:
    desk.post("/profile/pin/", {"pin": "4711"})
    owner.refresh_from_db()
    assert "4711" not in owner.lock_pin
    assert check_password("4711", owner.lock_pin)
    desk.post("/profile/pin/", {"pin": ""})
    owner.refresh_from_db()
    assert owner.lock_pin == ""


def test_a_pin_wants_a_fresh_log_in(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    answer = client.post("/profile/pin/", {"pin": "4711"})
    assert "/accounts/reauthenticate/" in answer.headers["Location"]
