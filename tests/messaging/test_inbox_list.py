"""The inbox's list: what stands in it, in which order, and what it costs."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.approved.saying import say
from messaging.inbox import listing
from messaging.inbox.queries import View
from messaging.models import ContentTemplate, Conversation, HeldReply, WorkState
from scheduling.models import ContactPoint
from tests.messaging.approving import approved
from tests.messaging.inboxes import HOUR, a_request, a_thread, a_visit_today, reenter, says

LISTS = [view for view in View if view is not View.REQUESTS]  # that one is a screen of its own
pytestmark = pytest.mark.django_db


@pytest.fixture
def read(inside: Clinic, owner: User) -> Any:
    """Return a reader of the list, as the owner's page reads it."""

    def page(view: View, **options: Any) -> listing.Page:
        return listing.conversations(view, clinic=inside, user=owner, now=clock.now(), **options)

    return page


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


def a_thread_in(view: View, name: str, n: int, *, owner: User) -> Conversation:
    """Store a thread that stands in a view; some of them at the very same times."""
    at = clock.now() - HOUR
    state = {
        View.BOT: WorkState.BOT,
        View.SNOOZED: WorkState.SNOOZED,
        View.WAITING: WorkState.WAITING,
        View.DONE: WorkState.DONE,
    }.get(view, WorkState.NEEDS_REPLY)
    thread = a_thread(name, work_state=state, heard=timedelta(minutes=n // 2))
    if n < 4:
        thread.last_message_at = at
        thread.waiting_since = at if state == WorkState.NEEDS_REPLY else None
    if n == 6 and state == WorkState.NEEDS_REPLY:
        thread.waiting_since = None  # nobody waits, but staff must look: comes last
    if view is View.MINE:
        thread.assignee = owner
    if view is View.CLOSING:
        thread.window_closes_at = at + timedelta(hours=2, minutes=n // 3)
    if view is View.SNOOZED:
        thread.snoozed_until = at + timedelta(hours=3, minutes=n // 3)
    if view is View.FAILED:
        thread.failed_count = 1
    if view is View.BLOCKED:
        ContactPoint.objects.filter(pk=thread.contact_point_id).update(blocked_at=at)
    thread.save()
    return thread


@pytest.mark.parametrize("view", LISTS)
def test_pages_follow_each_other_without_a_gap_or_a_repetition(
    inside: Clinic, view: View, owner: User, read: Any
) -> None:
    stored = {a_thread_in(view, f"P{n}", n, owner=owner).id for n in range(7)}
    for visitor in Conversation.objects.filter(pk__in=list(stored)[:3]):
        a_visit_today(visitor)  # the first three of the order come from both halves

    seen, cursor = [], ""
    while True:
        page = read(view, cursor=cursor, limit=2)
        seen += [row.id for row in page.conversations]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor

    assert len(seen) == len(stored)
    assert set(seen) == stored


@pytest.mark.parametrize("view", LISTS)
def test_the_list_costs_the_same_statements_at_any_size(
    inside: Clinic, view: View, owner: User, read: Any
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            listing.counts(owner, now=clock.now())
            read(view)
        return len(seen)

    first = a_thread_in(view, "One", 0, owner=owner)
    says(first, "We call you", author="staff", user=owner)
    small = cost()
    for n in range(25):
        says(a_thread_in(view, f"Person {n}", n, owner=owner), "hello", author="staff", user=owner)

    assert small <= 6
    assert cost() == small


def test_the_list_never_reads_all_messages(inside: Clinic, read: Any) -> None:
    thread = a_thread()
    for n in range(5):
        says(thread, f"text {n}", author="bot")

    with CaptureQueriesContext(connection) as seen:
        read(View.ALL)

    assert not [q["sql"] for q in seen if 'FROM "messaging_message"' in q["sql"]]


def held(name: str, owner: User) -> HeldReply:
    """Hold a reply for a patient whose window is closed."""
    thread = a_thread(name, heard=48 * HOUR)
    text = ContentTemplate.objects.first() or approved("knock")
    values = {"patient_name": "Ana", "clinic_name": "Alpha"}
    say(thread, template=text, values=values, hold="Stop on Thursday", user=owner, now=clock.now())
    return HeldReply.objects.get(conversation=thread)


@pytest.mark.parametrize("view", ["waiting", "all", "mine"])
def test_a_reply_that_waits_for_the_patient_stands_in_the_list_until_it_goes(
    inside: Clinic, owner: User, browse: Any, view: str
) -> None:
    waiting = held("Grace Osei", owner)
    a_thread("Somebody Else", work_state="waiting_patient", assignee=owner)
    url = f"/c/{inside.slug}/inbox/?view={view}"

    before = browse(owner).get(url).content.decode()
    reenter(inside)
    HeldReply.objects.filter(pk=waiting.pk).update(outcome="released")
    after = browse(owner).get(url).content.decode()

    row = before.split(f'data-key="{waiting.conversation_id}"')[1].split("</a>")[0]
    assert before.count("Sends when the patient answers") == 1
    assert "Sends when the patient answers" in row
    assert "Sends when the patient answers" not in after


def test_replies_that_wait_cost_no_statement_more(inside: Clinic, owner: User, read: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            listing.counts(owner, now=clock.now())
            page = read(View.WAITING)
        assert len(page.holding) == HeldReply.objects.count()
        return len(seen)

    says(a_thread("One", work_state="waiting_patient"), "We call you", author="staff", user=owner)
    none = cost()
    for n in range(5):
        held(f"Person {n}", owner)

    assert cost() == none <= 6


def test_counts_stop_at_a_hundred(inside: Clinic, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "COUNT_LIMIT", 3)
    for n in range(5):
        a_thread(f"P{n}")

    assert listing.counts(owner, now=clock.now())[View.NEEDS_REPLY] == 3


def test_a_thread_that_was_put_away_is_in_no_view(inside: Clinic, read: Any) -> None:
    a_thread(put_away_at=clock.now())

    assert all(not read(view).conversations for view in View)


def test_a_broken_cursor_begins_at_the_top(inside: Clinic, read: Any) -> None:
    thread = a_thread()

    for cursor in ("x", "1|2026-13-45|no", "||", "0|2026-01-01T00:00:00+00:00|", "|||"):
        assert [row.id for row in read(View.NEEDS_REPLY, cursor=cursor).conversations] == [thread.id]


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
