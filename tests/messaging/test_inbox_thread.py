"""A thread's page: bubbles, cards, locks, words for what failed, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging import foretelling
from messaging.facts import facts
from messaging.inbox import queries
from messaging.models import ChannelConsent, Message
from messaging.ownwords import own_words
from scheduling.operations import accept, reject
from tests.messaging.inboxes import HOUR, a_request, a_thread, reenter, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a reader of a thread's pane, as the owner sees it."""
    client = browse(owner)

    def get(thread: Any, path: str = "", **headers: str) -> str:
        response = client.get(
            f"/c/{inside.slug}/inbox/{thread.id}/{path}", headers=headers or {"X-Pane": "thread"}
        )
        reenter(inside)
        assert response.status_code == 200
        return str(response.content.decode())

    return get


def test_a_thread_with_a_request_costs_at_most_eight_statements(inside: Clinic, owner: User) -> None:
    thread = a_thread()
    for n in range(60):
        says(thread, f"text {n}", author="bot")
    says(thread, "lost", author="staff", status="undelivered", error_code="63024")
    a_request(thread)
    now = clock.now()
    facts()  # both known in a process that works
    own_words()

    with CaptureQueriesContext(connection) as seen:
        found = queries.conversation(thread.id)
        assert found is not None
        rows = queries.thread(found, user=owner)
        for request in rows.requests:
            foretelling.preview(request, "accept", now)

    assert len(rows.messages) == queries.PAGE
    assert len(seen) <= 8, "\n".join(
        q["sql"][:60] + " … " + q["sql"][q["sql"].find(" FROM ") :][:60] for q in seen
    )


def test_only_the_newest_fifty_are_shown_and_older_ones_follow(read: Any, owner: User) -> None:
    thread = a_thread(heard=None)
    begin = clock.now() - 10 * HOUR
    for n in range(120):
        says(thread, f"number {n:03d}", at=begin + timedelta(minutes=n // 3))

    first = read(thread)
    rows = queries.thread(thread, user=owner)
    seen = [m.body for m in rows.messages]
    while rows.older_cursor:
        rows = queries.thread(thread, user=owner, older=rows.older_cursor)
        seen = [m.body for m in rows.messages] + seen

    assert "number 119" in first
    assert "number 069" not in first
    assert "Earlier messages" in first
    assert seen == [f"number {n:03d}" for n in range(120)]


def test_authors_are_told_apart_by_more_than_colour(read: Any, owner: User) -> None:
    thread = a_thread()
    says(thread, "from the bot", author="bot")
    says(thread, "from us", author="staff", user=owner)
    says(thread, "it is decided", author="system")
    says(thread, "for us only", author="staff", user=owner, kind="note", status="received")

    html = read(thread)

    for look in ("bubble-patient", "bubble-bot", "bubble-staff", "bubble-auto", 'class="note"'):
        assert look in html
    assert "<span>Bot</span>" in html
    assert f"<span>{owner.get_short_name()}</span>" in html
    assert "Note, only staff see this" in html


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("queued", "Queued"),
        ("sending", "Sending"),
        ("unknown", "Checking whether it arrived"),
        ("sent", "Sent"),
        ("delivered", "Delivered"),
        ("read", "Read"),
        ("undelivered", "Not delivered"),
        ("failed", "Not sent"),
        ("blocked", "Not sent"),
    ],
)
def test_every_status_has_a_word(read: Any, status: str, word: str) -> None:
    thread = a_thread()
    says(thread, "text", author="bot", status=status)

    assert f'data-tick="{status}"' in read(thread)
    assert f"<span>{word}</span>" in read(thread)


def test_a_failure_shows_a_plain_cause_with_the_code_small(read: Any, owner: User) -> None:
    thread = a_thread()
    says(thread, "hello", author="staff", user=owner, status="undelivered", error_code="63024")

    html = read(thread)

    assert "WhatsApp knows no phone with this number." in html
    assert "<code>63024</code>" in html


def test_an_unknown_code_still_gets_a_sentence(read: Any, owner: User) -> None:
    thread = a_thread()
    says(thread, "hello", author="staff", user=owner, status="failed", error_code="99999")

    assert "The provider did not say why." in read(thread)


def test_an_open_window_counts_down_and_lets_write(read: Any) -> None:
    html = read(a_thread(heard=HOUR))

    assert "Write freely · 22 h 59 m" in html or "Write freely · 23 h" in html
    assert 'data-locked="false"' in html


def test_a_closed_window_locks_the_reply_and_names_the_way_out(read: Any) -> None:
    html = read(a_thread("Grace Osei", heard=25 * HOUR))

    assert "Closed · approved text only" in html
    assert 'data-locked="true"' in html
    assert "When Grace Osei writes again, you can answer at once." in html


def test_sms_has_no_window(read: Any) -> None:
    html = read(a_thread(channel="sms", heard=100 * HOUR))

    assert "Write freely" not in html
    assert "Closed ·" not in html
    assert 'data-locked="false"' in html


def test_somebody_who_opted_out_cannot_be_written_to(read: Any) -> None:
    thread = a_thread(channel="sms")
    ChannelConsent.objects.update(opted_out_at=clock.now())

    html = read(thread)

    assert "Opted out of SMS" in html
    assert 'data-locked="true"' in html


def test_the_card_shows_word_for_word_what_accepting_sends(read: Any) -> None:
    thread = a_thread()
    request = a_request(thread)
    words = foretelling.preview(request, "accept", clock.now())

    html = read(thread)

    assert "Wants to book" in html
    assert "Held" in html
    assert words
    assert words.split("\n")[0].replace("'", "&#x27;") in html


def test_declining_shows_word_for_word_what_it_sends_with_its_reason(
    inside: Clinic, owner: User, browse: Any
) -> None:
    thread = a_thread()
    request = a_request(thread)
    url = f"/c/{inside.slug}/requests/{request.id}/decline/text/"

    html = browse(owner).post(url, {"reason": "We are away"}).content.decode()
    reenter(inside)

    assert "We are away." in html
    request.refresh_from_db()
    assert request.status == "pending_review"


def test_a_decided_request_becomes_one_line_that_says_who(read: Any, owner: User, receptionist: User) -> None:
    thread, other = a_thread(), a_thread("Other Person")
    accept(a_request(thread), by=receptionist, now=clock.now())
    reject(a_request(other), by=owner, reason="", now=clock.now())

    assert f"Accepted by {receptionist.get_short_name()}" in read(thread)
    assert "Declined by you" in read(other)
    assert "data-accept" not in read(thread)


def test_why_explains_what_was_checked_and_what_happened(read: Any, inside: Clinic, owner: User) -> None:
    from messaging import outbox

    thread = a_thread()
    message = outbox.send_reply(thread, body="Come at nine", user=owner, now=clock.now())

    html = read(thread, f"messages/{message.id}/why/")

    assert "wrote it" in html
    assert "Could write freely" in html
    assert "No STOP on this channel" in html


def test_why_names_the_step_that_refused(read: Any) -> None:
    thread = a_thread(heard=25 * HOUR)
    steps = [
        {"step": "sender", "ok": True, "code": "", "evidence": {}},
        {"step": "window", "ok": False, "code": "window_closed", "evidence": {}},
        {"step": "body", "ok": True, "code": "", "evidence": {}},
    ]
    verdict = {"allowed": False, "code": "window_closed", "steps": steps}
    message = says(
        thread, "Confirmed", author="system", status="blocked", reason="window_closed", verdict=verdict
    )

    html = read(thread, f"messages/{message.id}/why/")

    assert "is-refused" in html
    assert "is-unasked" in html
    assert "The 24-hour window is closed" in html
    assert "Wait for the patient to write" in html


def test_a_very_long_message_and_name_are_shown_whole(read: Any) -> None:
    name = "María del Carmen Fernández-Villavicencio de los Ángeles"
    body = "palabra " * 512

    html = read(a_thread(name, body=body.strip()))

    assert name in html
    assert body.strip() in html


def test_a_reread_leaves_the_composer_alone(read: Any) -> None:
    html = read(a_thread(), **{"HX-Request": "true"})

    assert 'data-part="items"' in html
    assert 'data-part="composer-lock"' in html
    assert "<textarea" not in html


def test_opening_a_thread_changes_nothing(read: Any) -> None:
    thread = a_thread(unread_count=2)
    before = (thread.version, thread.work_state, Message.objects.count())

    read(thread)

    thread.refresh_from_db()
    assert (thread.version, thread.work_state, Message.objects.count()) == before
    assert thread.unread_count == 2


def test_a_card_stands_behind_the_words_that_asked_for_it(read: Any) -> None:
    thread = a_thread(heard=None)
    request = a_request(thread)
    now = clock.now()
    says(thread, "the second, please", at=now - timedelta(minutes=3), appointment=request)
    says(thread, "may I bring my son", at=now - timedelta(minutes=1))

    html = read(thread)

    assert html.index("the second, please") < html.index("Wants to book") < html.index("may I bring my son")
