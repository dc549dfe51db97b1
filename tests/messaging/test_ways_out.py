"""What staff do about a message that did not arrive: once more, by SMS, or settled another way."""

from typing import Any

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging.models import Attempt, ChannelConsent, Conversation, Message
from tests.messaging.inboxes import a_thread, reenter, says

pytestmark = pytest.mark.django_db


def lost(code: str = "30003", **columns: Any) -> tuple[Conversation, Message]:
    """Store a thread in which a reply was not delivered."""
    thread = a_thread()
    message = says(
        thread,
        "Come at ten",
        author="staff",
        status="undelivered",
        error_code=code,
        purpose="staff",
        address=thread.contact_point.phone,
        **columns,
    )
    Conversation.objects.filter(pk=thread.pk).update(failed_count=1)
    return thread, message


@pytest.fixture
def post(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a poster of a way out, as the owner's page does it."""
    client = browse(owner)

    def go(message: Message, way: str) -> Any:
        url = f"/c/{inside.slug}/inbox/{message.conversation_id}/messages/{message.pk}/{way}/"
        response = client.post(url, headers={"HX-Request": "true"})
        reenter(inside)
        return response

    return go


def test_sending_again_queues_the_same_message_once(inside: Clinic, post: Any) -> None:
    thread, message = lost()
    Attempt.objects.create(message=message, n=1, account=message.account, created_at=message.created_at)

    assert post(message, "again").status_code == 200
    assert post(message, "again").status_code == 409  # it waits already

    message.refresh_from_db()
    thread.refresh_from_db()
    assert (message.status, message.error_code) == ("queued", "")
    assert message.next_attempt_at is not None
    assert thread.failed_count == 0
    assert Message.objects.filter(conversation=thread, direction="outbound").count() == 1


def test_sending_again_asks_the_gate(inside: Clinic, post: Any) -> None:
    thread, message = lost()
    ChannelConsent.objects.filter(contact_point=thread.contact_point).update(opted_out_at=message.created_at)

    response = post(message, "again")

    assert response.status_code == 409
    assert "opted out" in response.content.decode()
    message.refresh_from_db()
    assert message.status == "undelivered"


def test_by_sms_the_same_words_go_out_and_the_box_folds(inside: Clinic, post: Any) -> None:
    thread, message = lost("63024")

    response = post(message, "by-sms")

    assert response.status_code == 200
    assert "Sent by SMS instead" in response.content.decode()
    sent = Message.objects.get(conversation=thread, channel="sms")
    assert (sent.body, sent.status) == ("Come at ten", "queued")
    message.refresh_from_db()
    assert (message.status, message.solved) == ("undelivered", "sms")
    assert post(message, "by-sms").status_code == 409
    assert Message.objects.filter(conversation=thread, channel="sms").count() == 1


def test_settled_another_way_counts_no_more(inside: Clinic, post: Any) -> None:
    thread, message = lost()

    assert post(message, "settled").status_code == 200

    thread.refresh_from_db()
    assert (thread.failed_count, thread.work_state) == (0, "needs_reply")


@pytest.mark.parametrize("way", ["again", "by-sms", "settled"])
def test_what_arrived_has_no_way_out(inside: Clinic, post: Any, way: str) -> None:
    _thread, message = lost()
    Message.objects.filter(pk=message.pk).update(status="delivered")
    assert post(message, way).status_code == 409


@pytest.mark.parametrize("way", ["again", "by-sms", "settled"])
def test_a_message_of_another_thread_is_not_found(inside: Clinic, post: Any, way: str) -> None:
    _thread, message = lost()
    message.conversation_id = a_thread("Somebody Else").pk
    assert post(message, way).status_code == 404


def test_ways_are_shown_that_fit(inside: Clinic, owner: User, browse: Any) -> None:
    thread, _message = lost("63024")  # WhatsApp knows no such number: again would be in vain
    page = (
        browse(owner)
        .get(f"/c/{inside.slug}/inbox/{thread.pk}/", headers={"X-Pane": "thread"})
        .content.decode()
    )
    assert "/by-sms/" in page
    assert "/again/" not in page
    assert f'href="tel:{thread.contact_point.phone}"' in page


def test_what_another_clinic_lost_cannot_be_touched(
    clinic: Clinic, other_clinic: Clinic, other_owner: User, browse: Any
) -> None:
    with in_clinic(clinic):
        thread, message = lost()
    url = f"/c/{other_clinic.slug}/inbox/{thread.pk}/messages/{message.pk}/settled/"
    assert browse(other_owner).post(url).status_code == 404
    with in_clinic(clinic):
        message.refresh_from_db()
        assert message.solved == ""
