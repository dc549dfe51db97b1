"""The keys of the screens: each can be changed or switched off, none is there twice."""

from typing import Any

import pytest

from clinics.keymap import KEYS
from clinics.models import Clinic, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def save(owner: User, browse: Any) -> Any:
    """Return a saver of the owner's keys; what is not named stays as it was in the beginning."""
    client = browse(owner)
    return lambda **wanted: client.post("/profile/keys/", {k.action: k.default for k in KEYS} | wanted)


def test_no_key_is_there_twice_in_the_beginning() -> None:
    assert len({key.default for key in KEYS}) == len(KEYS)


def test_a_key_is_changed_and_the_sheet_says_so(save: Any, owner: User, clinic: Clinic, browse: Any) -> None:
    assert save(done="d").status_code == 302
    owner.refresh_from_db()
    assert owner.keys == {"done": "d"}
    page = browse(owner).get(f"/c/{clinic.slug}/settings/").content.decode()
    assert 'data-default="e" data-key="d"' in page


def test_two_actions_may_change_their_keys_with_each_other(save: Any, owner: User) -> None:
    save(done="n", note="e")
    owner.refresh_from_db()
    assert owner.keys == {"done": "n", "note": "e"}


def test_a_key_that_is_there_already_is_refused_by_both(save: Any, owner: User) -> None:
    answer = save(done="r")
    assert answer.status_code == 400
    assert answer.content.decode().count("This key is there twice.") == 2
    owner.refresh_from_db()
    assert owner.keys == {}


@pytest.mark.parametrize("key", ["ab", "\x07", "jj"])
def test_a_key_is_one_character(save: Any, owner: User, key: str) -> None:
    assert save(done=key).status_code == 400
    owner.refresh_from_db()
    assert owner.keys == {}


def test_an_empty_key_is_off(save: Any, owner: User) -> None:
    save(done="  ")
    owner.refresh_from_db()
    assert owner.keys == {"done": ""}


def test_all_are_switched_off_and_brought_back(save: Any, owner: User) -> None:
    save(off="")
    owner.refresh_from_db()
    assert set(owner.keys.values()) == {""}
    save(defaults="")
    owner.refresh_from_db()
    assert owner.keys == {}
