"""Drafts on the server: the last key pressed wins, what was sent never comes back, nobody else sees them."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.utils.html import escape

from clinics.models import Clinic, User
from messaging.inbox.drafts import drafts_of
from messaging.models import Draft, Message
from tests.messaging.inboxes import HOUR, a_thread, reenter

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a poster of inbox actions, as a member's page posts them."""

    def post(path: str, user: User = owner, **fields: str) -> Any:
        response = browse(user).post(f"/c/{inside.slug}/inbox/{path}", fields, headers={"HX-Request": "true"})
        reenter(inside)
        return response

    return post


def kept(thread: Any, user: User, tab: str = "reply") -> str:
    return Draft.objects.get(conversation=thread, user=user, tab=tab).body


def test_what_is_typed_is_kept_and_comes_back_on_another_device(
    act: Any, inside: Clinic, owner: User, browse: Any
) -> None:
    thread = a_thread()

    assert act(f"{thread.id}/draft/", tab="reply", body="Come at", revision="10").status_code == 204
    page = browse(owner).get(f"/c/{inside.slug}/inbox/{thread.id}/writing/").content.decode()
    reenter(inside)

    drafts = json.dumps({"reply": {"body": "Come at", "id": "", "revision": 10}})
    assert escape(drafts) in page


def test_a_slow_old_save_never_overwrites_a_newer_one(act: Any, owner: User) -> None:
    thread = a_thread()

    for body, revision in (("Come at n", "20"), ("Come", "10"), ("Come at", "20")):
        act(f"{thread.id}/draft/", tab="reply", body=body, revision=revision)

    assert kept(thread, owner) == "Come at n"


def test_each_tab_has_a_draft_of_its_own(act: Any, owner: User) -> None:
    thread = a_thread()

    act(f"{thread.id}/draft/", tab="reply", body="for Rosa", revision="1")
    act(f"{thread.id}/draft/", tab="note", body="for us", revision="2")

    assert (kept(thread, owner), kept(thread, owner, "note")) == ("for Rosa", "for us")


@pytest.mark.parametrize("path", ["send", "note"])
def test_sending_ends_the_draft_and_a_save_that_was_under_way_comes_too_late(
    act: Any, owner: User, path: str
) -> None:
    thread, tab = a_thread(), "reply" if path == "send" else "note"
    act(f"{thread.id}/draft/", tab=tab, body="Come at", revision="10")

    act(f"{thread.id}/{path}/", body="Come at nine", revision="12")
    act(f"{thread.id}/draft/", tab=tab, body="Come at nin", revision="11")

    assert kept(thread, owner, tab) == ""


def test_a_text_that_is_sent_before_its_first_save_arrives_leaves_no_draft(act: Any, owner: User) -> None:
    thread = a_thread()

    act(f"{thread.id}/send/", body="Quick", revision="12")
    act(f"{thread.id}/draft/", tab="reply", body="Quic", revision="11")

    assert kept(thread, owner) == ""


def test_what_was_typed_on_another_device_since_is_not_cleared(act: Any, owner: User) -> None:
    thread = a_thread()
    act(f"{thread.id}/draft/", tab="reply", body="newer", revision="20")

    act(f"{thread.id}/send/", body="older", revision="12")

    assert kept(thread, owner) == "newer"


def test_a_refused_reply_leaves_its_draft(act: Any, owner: User) -> None:
    thread = a_thread(heard=25 * HOUR)
    act(f"{thread.id}/draft/", tab="reply", body="Too late", revision="10")

    assert act(f"{thread.id}/send/", body="Too late", revision="11").status_code == 409

    assert kept(thread, owner) == "Too late"
    assert not Message.objects.filter(direction="outbound").exists()


def test_the_list_reads_the_beginnings_of_ones_own_drafts_in_one_statement(
    act: Any, owner: User, receptionist: User, django_assert_num_queries: Any
) -> None:
    first, second, third = a_thread(), a_thread("Grace Osei"), a_thread("James Whitaker")
    act(f"{first.id}/draft/", tab="reply", body="x" * 300, revision="1")
    act(f"{second.id}/draft/", tab="note", body="a note is no reply", revision="1")
    act(f"{third.id}/draft/", user=receptionist, tab="reply", body="hers", revision="1")

    assert Draft.objects.count() == 3  # and the search path is set
    with django_assert_num_queries(1):
        found = drafts_of(owner, [first.id, second.id, third.id])

    assert found == {first.id: "x" * 160}


@pytest.mark.parametrize(
    "fields",
    [{"tab": "reply"}, {"tab": "other", "revision": "1"}, {"tab": "reply", "revision": "-1"}],
    ids=["no revision", "no such tab", "no figure"],
)
def test_a_save_that_makes_no_sense_is_refused(act: Any, fields: dict[str, str]) -> None:
    assert act(f"{a_thread().id}/draft/", body="x", **fields).status_code == 400
    assert not Draft.objects.exists()


def test_a_page_whose_clock_is_far_ahead_locks_nobody_out_for_long(act: Any, owner: User) -> None:
    thread = a_thread()

    act(f"{thread.id}/draft/", tab="reply", body="from the future", revision="999999999999999")

    assert Draft.objects.get().revision < 4_000_000_000_000


def test_a_draft_in_a_thread_that_is_not_there_is_not_kept(act: Any) -> None:
    assert act(f"{uuid4()}/draft/", tab="reply", body="x", revision="1").status_code == 404
