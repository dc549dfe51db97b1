"""What stands between the messages: what was done, folded, and the line above what is new."""

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging.models import Conversation, ConversationEvent, ThreadSeen
from tests.messaging.inboxes import a_thread, reenter, says

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pane(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a reader of a thread's pane; `seen` marks it as seen first."""
    client = browse(owner)

    def get(thread: Conversation, *, seen: bool = False, query: str = "") -> str:
        base = f"/c/{inside.slug}/inbox/{thread.pk}/"
        if seen:
            assert client.post(base + "seen/").status_code == 204
            reenter(inside)
        response = client.get(base + query, headers={"X-Pane": "thread"})
        reenter(inside)
        return str(response.content.decode())

    return get


def did(thread: Conversation, kind: str, by: User, ago: timedelta, **after: Any) -> ConversationEvent:
    """Store something that was done with a thread."""
    return ConversationEvent.objects.create(
        conversation=thread, kind=kind, user=by, after=after, created_at=clock.now() - ago
    )


def test_one_event_is_a_line_and_several_are_folded(pane: Any, owner: User, receptionist: User) -> None:
    thread = a_thread(heard=10 * MINUTE)
    did(thread, "assigned", owner, 8 * MINUTE, user=str(receptionist.pk))
    says(thread, "one moment", author="staff", user=owner, at=clock.now() - 6 * MINUTE)
    did(thread, "done", owner, 5 * MINUTE)
    did(thread, "reopened", owner, 4 * MINUTE)

    shown = pane(thread)

    assert f"gave this to {receptionist.get_short_name()}" in shown
    assert "2 events" in shown
    assert shown.count("<details") == 1


def test_what_was_undone_is_not_shown(pane: Any, owner: User) -> None:
    thread = a_thread()
    event = did(thread, "done", owner, MINUTE)
    ConversationEvent.objects.filter(pk=event.pk).update(undone_at=clock.now())
    assert "marked this done" not in pane(thread)


def test_what_is_new_stands_below_a_line(pane: Any) -> None:
    thread = a_thread(heard=10 * MINUTE, body="the old one")
    assert "New since you looked" not in pane(thread)

    assert "New since you looked" not in pane(thread, seen=True)
    says(thread, "the new one", at=clock.now() + MINUTE)
    shown = pane(thread)

    assert shown.index("the old one") < shown.index("New since you looked") < shown.index("the new one")


def test_the_line_stays_while_the_thread_is_open(pane: Any) -> None:
    thread = a_thread(heard=10 * MINUTE)
    pane(thread, seen=True)
    says(thread, "the new one", at=clock.now() + MINUTE)
    seen = ThreadSeen.objects.get(conversation=thread).seen_at
    ThreadSeen.objects.update(seen_at=clock.now() + 2 * MINUTE)  # looked at meanwhile

    again = pane(thread, query=f"?seen={seen.isoformat().replace('+', '%2B')}")

    assert "New since you looked" in again


def test_seeing_a_thread_leaves_it_where_it_stands(pane: Any) -> None:
    thread = a_thread()
    before = (thread.work_state, thread.version)
    pane(thread, seen=True)
    thread.refresh_from_db()
    assert (thread.work_state, thread.version) == before
