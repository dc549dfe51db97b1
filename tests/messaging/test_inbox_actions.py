"""What members do in the inbox: who may, what it changes, and what it answers when it cannot."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from clinics import permissions
from clinics.models import Clinic, User
from clinics.permissions import Action
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Conversation, Message
from scheduling.models import Appointment
from tests.messaging.inboxes import HOUR, a_request, a_thread, reenter, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a poster of inbox actions, as the owner's page posts them."""

    def post(path: str, user: User | None = owner, **fields: str) -> Any:
        url = f"/c/{inside.slug}/inbox/{path}"
        response = browse(user).post(url, fields, headers={"HX-Request": "true"})
        reenter(inside)
        return response

    return post


def test_a_reply_is_queued_and_the_thread_waits_for_the_patient(act: Any, owner: User) -> None:
    thread = a_thread()

    response = act(f"{thread.id}/send/", body="Come at nine", client_message_id="abc")

    message = Message.objects.get(client_message_id="abc")
    thread.refresh_from_db()
    assert response.status_code == 200
    assert "Come at nine" in response.content.decode()
    assert (message.status, message.author, message.user_id) == ("queued", "staff", owner.id)
    assert (thread.work_state, thread.assignee_id) == ("waiting_patient", owner.id)


def test_sending_the_same_again_sends_once(act: Any) -> None:
    thread = a_thread()

    for _ in range(3):
        assert act(f"{thread.id}/send/", body="Once", client_message_id="same").status_code == 200

    assert Message.objects.filter(direction="outbound").count() == 1


def test_an_id_that_was_used_for_other_words_is_refused(act: Any) -> None:
    thread = a_thread()
    act(f"{thread.id}/send/", body="Once", client_message_id="same")

    assert act(f"{thread.id}/send/", body="Other", client_message_id="same").status_code == 409
    assert Message.objects.filter(direction="outbound").count() == 1


def test_a_reply_outside_the_window_is_refused_with_the_way_out(act: Any) -> None:
    thread = a_thread(heard=25 * HOUR)

    response = act(f"{thread.id}/send/", body="Too late", client_message_id="abc")

    assert response.status_code == 409
    assert "The 24-hour window is closed" in response.content.decode()
    assert "Wait for the patient to write" in response.content.decode()
    assert not Message.objects.filter(direction="outbound").exists()


def test_a_colleague_who_answered_meanwhile_is_named(act: Any, receptionist: User) -> None:
    thread = a_thread()
    seen = thread.last_message_id
    says(thread, "I did it", author="staff", user=receptionist, at=clock.now() - timedelta(seconds=20))

    first = act(f"{thread.id}/send/", body="Me too", after_message_id=str(seen), client_message_id="abc")
    anyway = act(
        f"{thread.id}/send/", body="Me too", after_message_id=str(seen), client_message_id="abc", anyway="1"
    )

    assert first.status_code == 409
    assert f"{receptionist.get_short_name()} answered 20 s ago: send anyway?" in first.content.decode()
    assert anyway.status_code == 200
    assert Message.objects.filter(client_message_id="abc").count() == 1


@pytest.mark.parametrize("body", ["", "   ", "x" * 1601])
def test_an_empty_or_endless_reply_is_refused_in_words(act: Any, body: str) -> None:
    thread = a_thread()

    response = act(f"{thread.id}/send/", body=body)

    assert response.status_code == 409
    assert "composer-alert is-bad" in response.content.decode()


def test_odd_characters_do_no_harm(act: Any) -> None:
    thread = a_thread()

    assert (
        act(
            f"{thread.id}/send/", body="a\x00b", client_message_id="\x00", after_message_id="no id"
        ).status_code
        == 200
    )
    assert Message.objects.get(direction="outbound").body == "a\ufffdb"


def test_a_note_stays_inside_and_answers_nobody(act: Any) -> None:
    thread = a_thread()

    response = act(f"{thread.id}/note/", body="Prefers mornings")

    note = Message.objects.get(kind="note")
    thread.refresh_from_db()
    assert "Prefers mornings" in response.content.decode()
    assert (note.channel, note.sender_id, note.next_attempt_at) == ("note", None, None)
    assert thread.work_state == "needs_reply"


def test_done_and_no_reply_needed_close_the_work(act: Any) -> None:
    first, second = a_thread(), a_thread("Other Person")

    act(f"{first.id}/done/")
    act(f"{second.id}/no-reply/")

    assert set(Conversation.objects.values_list("work_state", flat=True)) == {"done"}


def test_accepting_confirms_and_tells_the_patient(act: Any, owner: User) -> None:
    thread = a_thread()
    request = a_request(thread)

    response = act(f"requests/{request.id}/accept/")

    request.refresh_from_db()
    told = Message.objects.get(appointment=request, direction="outbound")
    assert response.status_code == 200
    assert "Accepted by you" in response.content.decode()
    assert (request.status, request.decided_by_id) == ("confirmed", owner.id)
    assert told.status == "queued"


def test_a_request_is_decided_once_and_the_second_member_hears_by_whom(
    act: Any, owner: User, receptionist: User
) -> None:
    thread = a_thread()
    request = a_request(thread)
    act(f"requests/{request.id}/accept/", user=receptionist)

    accepted = act(f"requests/{request.id}/accept/")
    declined = act(f"requests/{request.id}/decline/")

    for response in (accepted, declined):
        assert response.status_code == 409
        assert f"Accepted by {receptionist.get_short_name()}" in response.content.decode()
    assert Message.objects.filter(appointment=request, direction="outbound").count() == 1


def test_declining_gives_the_reason_to_the_patient(act: Any) -> None:
    thread = a_thread()
    request = a_request(thread)

    act(f"requests/{request.id}/decline/", reason="The doctor is away")

    request.refresh_from_db()
    told = Message.objects.get(appointment=request, direction="outbound")
    assert (request.status, request.cancellation) == ("cancelled", "rejected")
    assert "The doctor is away" in told.body


def paths(thread: Conversation, request: Appointment) -> list[str]:
    """Return every action of the inbox."""
    deeds = [f"{thread.id}/{deed}/" for deed in ("send", "note", "done", "no-reply")]
    return deeds + [f"requests/{request.id}/{deed}/" for deed in ("accept", "decline", "offer")]


def test_only_members_act(act: Any, stranger: User, other_owner: User, receptionist: User) -> None:
    thread = a_thread()
    request = a_request(thread)
    for path in paths(thread, request):
        assert act(path, user=stranger, body="x").status_code == 404
        assert act(path, user=other_owner, body="x").status_code == 404
        assert act(path, user=None, body="x").status_code == 302
    request.refresh_from_db()
    assert request.status == "pending_review"
    assert not Message.objects.filter(direction="outbound").exists()
    assert act(f"{thread.id}/send/", user=receptionist, body="x").status_code == 200


def test_another_clinics_thread_cannot_be_acted_on(act: Any, other_clinic: Clinic) -> None:
    with in_clinic(other_clinic):
        thread = a_thread()
        request = a_request(thread)

    for path in paths(thread, request):
        assert act(path, body="x").status_code == 404


def test_a_member_without_the_right_sees_no_button_and_is_refused(
    inside: Clinic, act: Any, receptionist: User, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = a_thread()
    request = a_request(thread)
    monkeypatch.setitem(permissions.ALLOWED, Action.DECIDE, frozenset({"owner"}))

    html = browse(receptionist).get(f"/c/{inside.slug}/inbox/{thread.id}/").content.decode()
    reenter(inside)

    assert "Wants to book" in html
    assert "data-accept" not in html
    assert act(f"requests/{request.id}/accept/", user=receptionist).status_code == 403
    assert act(f"requests/{request.id}/decline/", user=receptionist).status_code == 403
    request.refresh_from_db()
    assert request.status == "pending_review"


def test_actions_want_post_and_a_csrf_token(inside: Clinic, owner: User) -> None:
    thread = a_thread()
    request = a_request(thread)
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    for path in paths(thread, request):
        assert client.get(f"/c/{inside.slug}/inbox/{path}").status_code == 405
        assert client.post(f"/c/{inside.slug}/inbox/{path}", {"body": "x"}).status_code == 403


def test_what_is_not_there_is_404(act: Any) -> None:
    for path in (f"{uuid4()}/send/", f"{uuid4()}/done/", f"requests/{uuid4()}/accept/"):
        assert act(path, body="x").status_code == 404


def test_without_scripts_an_action_comes_back_to_the_thread(inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread()

    response = browse(owner).post(f"/c/{inside.slug}/inbox/{thread.id}/send/", {"body": "hello"})

    assert response.status_code == 302
    assert response.headers["Location"].endswith(f"/inbox/{thread.id}/")
