"""The inbox's list: what stands in it, in which order, and what it costs."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.inbox import queries
from messaging.inbox.queries import View
from messaging.models import WorkState
from tests.messaging.inboxes import HOUR, a_request, a_thread, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside(clinic: Clinic) -> Iterator[Clinic]:
    """Enter the clinic under test."""
    with in_clinic(clinic):
        yield clinic


def names(html: str) -> list[str]:
    """Return the names of the list's rows, in order."""
    return re.findall(r'class="row-name">([^<]*)<', html)


def test_needs_reply_is_sorted_by_who_waits_longest(inside: Clinic, owner: User, browse: Any) -> None:
    a_thread("Short Wait", heard=timedelta(minutes=3))
    a_thread("Long Wait", heard=5 * HOUR)
    a_thread("Middle Wait", heard=HOUR)
    a_thread("Done Already", work_state="done")

    html = browse(owner).get(f"/c/{inside.slug}/inbox/").content.decode()

    assert names(html) == ["Long Wait", "Middle Wait", "Short Wait"]


def test_other_views_show_the_latest_first(inside: Clinic, owner: User, browse: Any) -> None:
    a_thread("Older", work_state="done", heard=3 * HOUR)
    a_thread("Newer", work_state="done", heard=HOUR)

    html = browse(owner).get(f"/c/{inside.slug}/inbox/?view=done").content.decode()

    assert names(html) == ["Newer", "Older"]


@pytest.mark.parametrize("view", list(View))
def test_pages_follow_each_other_without_a_gap_or_a_repetition(inside: Clinic, view: View) -> None:
    state = {
        View.NEEDS_REPLY: WorkState.NEEDS_REPLY,
        View.BOT: WorkState.BOT,
        View.WAITING: WorkState.WAITING,
    }.get(view, WorkState.DONE)
    at = clock.now() - HOUR
    stored = set()
    for n in range(7):
        thread = a_thread(f"P{n}", work_state=state, heard=timedelta(minutes=n // 2))  # some at the same time
        if n < 4:
            thread.last_message_at = at
            thread.waiting_since = at if state == WorkState.NEEDS_REPLY else None
        if n == 6 and state == WorkState.NEEDS_REPLY:
            thread.waiting_since = None  # nobody waits, but staff must look: comes last
        thread.save()
        stored.add(thread.id)
        if view is View.REQUESTS:
            a_request(thread)

    seen, cursor = [], ""
    while True:
        page = queries.conversations(view, cursor=cursor, limit=2)
        seen += [row.id for row in page.conversations]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor

    assert len(seen) == len(stored)
    assert set(seen) == stored


def test_the_list_costs_the_same_statements_at_any_size(inside: Clinic) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            queries.counts()
            queries.conversations(View.NEEDS_REPLY)
        return len(seen)

    first = a_thread("One")
    says(first, "We call you", author="staff", user=None)
    small = cost()
    for n in range(25):
        thread = a_thread(f"Person {n}")
        says(thread, "hello", author="staff")
    a_request(first)

    assert small <= 6
    assert cost() == small


def test_the_list_never_reads_all_messages(inside: Clinic) -> None:
    thread = a_thread()
    for n in range(5):
        says(thread, f"text {n}", author="bot")

    with CaptureQueriesContext(connection) as seen:
        queries.conversations(View.ALL)

    assert not [q["sql"] for q in seen if 'FROM "messaging_message"' in q["sql"]]


def test_counts_stop_at_a_hundred(inside: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNT_LIMIT", 3)
    for n in range(5):
        a_thread(f"P{n}")

    assert queries.counts()[View.NEEDS_REPLY] == 3


def test_a_thread_that_was_put_away_is_in_no_view(inside: Clinic) -> None:
    a_thread(put_away_at=clock.now())

    assert all(not queries.conversations(view).conversations for view in View)


def test_a_broken_cursor_begins_at_the_top(inside: Clinic) -> None:
    thread = a_thread()

    for cursor in ("x", "2026-13-45|no", "|", "2026-01-01T00:00:00+00:00|"):
        assert [row.id for row in queries.conversations(View.NEEDS_REPLY, cursor=cursor).conversations] == [
            thread.id
        ]


def test_the_row_says_channel_request_and_closing_window(inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread("Rosa Delgado", heard=timedelta(hours=23, minutes=40))
    a_request(thread)
    a_thread("Chen Lihua", channel="sms")

    html = browse(owner).get(f"/c/{inside.slug}/inbox/").content.decode()

    assert "WA-1" in html
    assert ">SMS<" in html
    assert "ring-bad" in html
    assert "ring-none" in html
    assert "Request</span>" in html
    assert "Until" in html


def test_a_patients_text_is_shown_as_text(inside: Clinic, owner: User, browse: Any) -> None:
    a_thread("<b>Eve</b>", body="<script>alert(1)</script>{{ 7|add:7 }}")

    response = browse(owner).get(f"/c/{inside.slug}/inbox/")

    html = response.content.decode()
    assert "<script>alert" not in html
    assert "<b>Eve" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "{{ 7|add:7 }}" in html
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy


def test_pages_have_no_inline_script_or_style(inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread()
    a_request(thread)

    html = browse(owner).get(f"/c/{inside.slug}/inbox/{thread.id}/").content.decode()

    assert not re.findall(r"<script(?![^>]*\bsrc=)", html)
    assert not re.findall(r"\sstyle=|\son[a-z]+=|javascript:", html)


def test_every_view_has_words_for_being_empty(inside: Clinic, owner: User, browse: Any) -> None:
    for view in View:
        html = browse(owner).get(f"/c/{inside.slug}/inbox/?view={view}").content.decode()
        assert 'class="empty-sign"' in html


def test_the_inbox_is_for_members_only(
    inside: Clinic, receptionist: User, stranger: User, other_owner: User, browse: Any
) -> None:
    thread = a_thread()
    for path in ("inbox/", "inbox/list/", f"inbox/{thread.id}/", f"inbox/{thread.id}/older/"):
        url = f"/c/{inside.slug}/{path}"
        assert browse(receptionist).get(url).status_code == 200
        assert browse(stranger).get(url).status_code == 404
        assert browse(other_owner).get(url).status_code == 404
        assert browse(None).get(url).status_code == 302


def test_another_clinics_thread_is_not_there(
    inside: Clinic, other_clinic: Clinic, owner: User, browse: Any
) -> None:
    with in_clinic(other_clinic):
        foreign = a_thread("Foreign Person")

    response = browse(owner).get(f"/c/{inside.slug}/inbox/{foreign.id}/")

    assert response.status_code == 404
    assert "Foreign Person" not in response.content.decode()


def test_spanish_screens_are_spanish(inside: Clinic, owner: User, browse: Any) -> None:
    a_thread()
    client = browse(owner)
    client.cookies["django_language"] = "es"

    html = client.get(f"/c/{inside.slug}/inbox/").content.decode()

    assert "Por responder" in html
    assert "Solicitudes" in html
    assert "Needs reply" not in html
