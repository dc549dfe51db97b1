"""Undo, sending later, variables, the choice of the number: what the composer asks the server for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine

from clinics.models import Clinic, Sender, User
from medsync.lib import clock
from messaging import outbox
from messaging.inbox.later import moment_of, presets
from messaging.models import Conversation, Draft, Message, Window
from messaging.outbox.claiming import claim
from tests.messaging.inboxes import HOUR, a_request, a_thread, reenter, says
from tests.messaging.talk import settings

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def act(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a poster of inbox actions, as a member's page posts them."""

    def post(path: str, user: User = owner, **fields: str) -> Any:
        response = browse(user).post(f"/c/{inside.slug}/inbox/{path}", fields, headers={"HX-Request": "true"})
        reenter(inside)
        return response

    return post


def outbound() -> Message:
    return Message.objects.get(direction="outbound")


# Undo ---------------------------------------------------------------------------------------------------------


def test_a_reply_waits_as_long_as_its_writer_may_take_it_back(act: Any, owner: User) -> None:
    thread, now = a_thread(), clock.now()

    page = act(f"{thread.id}/send/", body="Come at nine").content.decode()

    message = outbound()
    assert message.status == "queued"
    assert message.next_attempt_at is not None
    assert timedelta(seconds=4) < message.next_attempt_at - now < timedelta(seconds=8)
    assert "data-undo-until" in page
    assert claim(now=now + timedelta(seconds=3), limit=9) == ()
    assert [job.message.pk for job in claim(now=now + timedelta(seconds=9), limit=9)] == [message.pk]


def test_without_seconds_to_undo_it_goes_at_once(act: Any, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(undo_seconds=0)
    thread = a_thread()

    page = act(f"{thread.id}/send/", body="Come at nine").content.decode()

    assert "data-undo-until" not in page
    assert len(claim(now=clock.now(), limit=9)) == 1


def test_taken_back_it_is_never_sent_and_the_words_and_the_thread_are_as_before(act: Any) -> None:
    thread = a_thread(failed_count=1, unread_count=2)
    columns = ("work_state", "waiting_since", "last_message_id", "last_body", "failed_count", "unread_count")
    before = Conversation.objects.filter(pk=thread.pk).values(*columns).get()
    act(f"{thread.id}/send/", body="Come at ten", client_message_id="a")

    page = act(f"{thread.id}/messages/{outbound().pk}/take-back/").content.decode()

    assert 'data-text="Come at ten"' in page
    assert "bubble-staff" not in page
    assert Conversation.objects.filter(pk=thread.pk).values(*columns).get() == before
    assert outbound().status == "cancelled"
    assert claim(now=clock.now() + HOUR, limit=9) == ()


def test_a_patient_who_wrote_meanwhile_keeps_the_thread_where_it_is(act: Any) -> None:
    thread = a_thread()
    act(f"{thread.id}/send/", body="Come at ten")
    sent = outbound()
    says(thread, "and my son?", at=clock.now() + MINUTE)
    Conversation.objects.filter(pk=thread.pk).update(
        work_state="needs_reply", waiting_since=clock.now() + MINUTE, last_message_id=thread.last_message_id
    )
    changed = Conversation.objects.filter(pk=thread.pk).values("work_state", "waiting_since").get()

    act(f"{thread.id}/messages/{sent.pk}/take-back/")

    assert Conversation.objects.filter(pk=thread.pk).values("work_state", "waiting_since").get() == changed


def test_what_is_on_its_way_is_not_taken_back(act: Any) -> None:
    thread = a_thread()
    act(f"{thread.id}/send/", body="Come at ten")
    claim(now=clock.now() + HOUR, limit=9)

    response = act(f"{thread.id}/messages/{outbound().pk}/take-back/")

    assert response.status_code == 409
    assert "Too late" in response.content.decode()
    assert outbound().status == "sending"


def test_nobody_takes_back_what_a_colleague_just_sent(act: Any, receptionist: User) -> None:
    thread = a_thread()
    act(f"{thread.id}/send/", body="Come at ten")

    assert act(f"{thread.id}/messages/{outbound().pk}/take-back/", user=receptionist).status_code == 409
    assert outbound().status == "queued"


def test_only_a_members_message_of_this_thread_is_taken_back(act: Any) -> None:
    thread, other = a_thread(), a_thread("Grace Osei")
    act(f"{thread.id}/send/", body="Come at ten")

    for where, which in (
        (other.pk, outbound().pk),
        (thread.pk, thread.last_message_id),
        (thread.pk, uuid4()),
    ):
        assert act(f"{where}/messages/{which}/take-back/").status_code == 404


# Later --------------------------------------------------------------------------------------------------------


def test_a_reply_for_later_waits_above_the_composer_and_changes_no_work(act: Any) -> None:
    thread, now = a_thread(), clock.now()
    act(f"{thread.id}/draft/", tab="reply", body="See you", revision="1")

    page = act(f"{thread.id}/later/", body="See you then", at="hour", revision="2").content.decode()

    message = outbound()
    thread.refresh_from_db()
    assert (message.status, thread.work_state) == ("queued", "needs_reply")
    assert message.send_at is not None
    assert timedelta(minutes=59) < message.send_at - now < timedelta(minutes=61)
    assert "later-item" in page
    assert 'class="bubble bubble-out' not in page
    assert Draft.objects.get().body == ""
    assert claim(now=now + 30 * MINUTE, limit=9) == ()


def test_what_waits_holds_nothing_back_and_goes_in_its_time(act: Any, owner: User) -> None:
    thread, now = a_thread(), clock.now()
    act(f"{thread.id}/later/", body="in an hour", at="hour")
    now_sent = outbox.send_reply(thread, body="at once", user=owner, now=now)

    assert [job.message.pk for job in claim(now=now, limit=9)] == [now_sent.pk]
    Message.objects.filter(pk=now_sent.pk).update(status="sent", next_attempt_at=None)
    (job,) = claim(now=now + 2 * HOUR, limit=9)

    thread.refresh_from_db()
    assert job.message.body == "in an hour"
    assert (thread.last_message_id, thread.last_body) == (job.message.pk, "in an hour")


def test_when_it_goes_the_question_counts_as_answered_unless_the_patient_wrote_since(act: Any) -> None:
    quiet, asking = a_thread(), a_thread("Grace Osei")
    for thread in (quiet, asking):
        act(f"{thread.id}/later/", body="in an hour", at="hour")
    says(asking, "one more thing", at=clock.now() + MINUTE)

    with time_machine.travel(clock.now() + 5 * MINUTE, tick=False):
        page = act(f"{asking.id}/draft/", tab="reply", body="", revision="1") and None
    claim(now=clock.now() + 2 * HOUR, limit=9)

    assert page is None
    quiet.refresh_from_db()
    asking.refresh_from_db()
    assert (quiet.work_state, quiet.waiting_since) == ("waiting_patient", None)
    assert asking.work_state == "needs_reply"


def test_that_the_patient_wrote_since_is_said_and_it_still_goes(
    act: Any, inside: Clinic, owner: User, browse: Any
) -> None:
    thread = a_thread()
    act(f"{thread.id}/later/", body="in an hour", at="hour")
    says(thread, "one more thing", at=clock.now() + timedelta(seconds=5))

    page = browse(owner).get(f"/c/{inside.slug}/inbox/{thread.id}/").content.decode()
    reenter(inside)

    assert "has written since" in page
    assert len(claim(now=clock.now() + 2 * HOUR, limit=9)) == 1


def test_where_the_window_is_closed_by_then_the_gate_refuses_and_staff_see_it(act: Any) -> None:
    thread = a_thread(heard=23.5 * HOUR)
    page = act(f"{thread.id}/later/", body="too late then", at="hour").content.decode()

    assert claim(now=clock.now() + 2 * HOUR, limit=9) == ()

    message = outbound()
    thread.refresh_from_db()
    assert "WhatsApp is closed then" in page
    assert (message.status, message.reason) == ("blocked", "window_closed")
    assert (thread.work_state, thread.failed_count, thread.last_message_id) == ("needs_reply", 1, message.pk)


def test_any_member_edits_or_drops_what_waits(act: Any, receptionist: User) -> None:
    thread = a_thread()
    act(f"{thread.id}/later/", body="See you", at="hour")

    page = act(f"{thread.id}/messages/{outbound().pk}/take-back/", user=receptionist).content.decode()

    assert 'data-text="See you"' in page
    assert "later-item" not in page
    act(f"{thread.id}/later/", body="Drop me", at="hour")
    dropped = Message.objects.get(body="Drop me")
    page = act(f"{thread.id}/messages/{dropped.pk}/take-back/", drop="1").content.decode()
    assert "taken-back" not in page
    assert claim(now=clock.now() + 2 * HOUR, limit=9) == ()


@pytest.mark.parametrize("at", ["", "yesterday", "2020-01-01T10:00", "9999-99-99T99:99", "2020-01-01T10:00Z"])
def test_a_time_that_is_none_or_past_is_refused_in_words(act: Any, at: str) -> None:
    response = act(f"{a_thread().id}/later/", body="x", at=at)

    assert response.status_code == 409
    assert "composer-alert is-bad" in response.content.decode()
    assert not Message.objects.filter(direction="outbound").exists()


def test_the_eleventh_that_waits_is_refused(act: Any) -> None:
    thread = a_thread()
    for n in range(10):
        assert act(f"{thread.id}/later/", body=f"{n}", at="hour").status_code == 200

    assert act(f"{thread.id}/later/", body="eleven", at="hour").status_code == 409


def test_the_same_for_later_twice_waits_once(act: Any) -> None:
    thread = a_thread()
    for _ in range(2):
        act(f"{thread.id}/later/", body="once", at="hour", client_message_id="same")

    assert Message.objects.filter(direction="outbound").count() == 1


def test_the_api_shows_what_waits_when_it_has_gone_and_never_what_was_dropped(
    act: Any, api: Any, inside: Clinic, owner: User
) -> None:
    thread = a_thread()
    client = api(owner, inside)

    def shown() -> list[str]:
        rows = client.get(f"/api/whatsapp/conversations/{thread.id}/messages").json()["results"]
        reenter(inside)
        return [row["status"] for row in rows if row["direction"] == "outbound"]

    act(f"{thread.id}/later/", body="For later", at="hour")
    assert shown() == []
    Message.objects.update(tries=1)  # a worker has claimed it
    assert shown() == ["queued"]
    Message.objects.filter(direction="outbound").update(tries=0)
    act(f"{thread.id}/messages/{outbound().pk}/take-back/", drop="1")
    assert outbound().status == "cancelled"
    assert shown() == []


def test_a_colleague_is_not_told_of_an_answer_that_only_waits(act: Any, receptionist: User) -> None:
    thread = a_thread()
    act(f"{thread.id}/later/", body="in an hour", at="hour")

    response = act(
        f"{thread.id}/send/", user=receptionist, body="now", after_message_id=str(thread.last_message_id)
    )

    assert response.status_code == 200


NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("now", "tomorrow", "monday"),
    [
        ("2026-03-07T20:00", "2026-03-08T13:00", "2026-03-09T13:00"),
        ("2026-10-31T20:00", "2026-11-01T14:00", "2026-11-02T14:00"),
    ],
    ids=["the clocks go forward", "the clocks go back"],
)
def test_nine_in_the_morning_is_nine_by_the_clinics_clock_whatever_the_clocks_do(
    now: str, tomorrow: str, monday: str
) -> None:
    here = datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)

    found = {preset.key: preset.at.astimezone(UTC) for preset in presets(NEW_YORK, now=here)}

    assert found["tomorrow"] == datetime.fromisoformat(tomorrow).replace(tzinfo=UTC)
    assert found["monday"] == datetime.fromisoformat(monday).replace(tzinfo=UTC)
    assert found["hour"] == (here + HOUR).astimezone(UTC)


def test_an_hour_that_the_clocks_skip_is_the_one_after() -> None:
    now = datetime(2026, 3, 7, 20, tzinfo=NEW_YORK)

    at = moment_of("2026-03-08T02:30", NEW_YORK, now=now)

    assert at is not None
    assert at.astimezone(UTC).astimezone(NEW_YORK).strftime("%H:%M") == "03:30"


def test_on_sunday_monday_is_offered_once() -> None:
    now = datetime(2026, 11, 22, 20, tzinfo=NEW_YORK)

    assert [preset.key for preset in presets(NEW_YORK, now=now)] == ["hour", "tomorrow"]


# Variables ----------------------------------------------------------------------------------------------------


def test_variables_are_filled_with_what_the_patient_reads(act: Any, inside: Clinic) -> None:
    thread = a_thread("Rosa Delgado")
    a_request(thread)

    act(f"{thread.id}/send/", body="{patient_name}, {doctor_name} sees you on {date}. {clinic_name} {x y}")

    body = outbound().body
    assert body.startswith("Rosa, ")
    assert body.endswith(f"{inside.name} {{x y}}")
    assert "{doctor_name}" not in body


@pytest.mark.parametrize(("channel", "named"), [("whatsapp", False), ("sms", True)])
def test_variables_tell_what_the_chosen_number_may_tell(
    act: Any, inside: Clinic, channel: str, named: bool
) -> None:
    settings(inside, neutral_whatsapp=True)
    thread = a_thread("Rosa Delgado")
    visit = a_request(thread)
    senders = {one.channel: one for one in Sender.objects.filter(clinic=inside)}
    chosen, other = senders[channel], senders["whatsapp" if named else "sms"]
    Conversation.objects.filter(pk=thread.pk).update(last_channel=other.channel, last_sender=other)

    act(f"{thread.id}/send/", body="With {doctor_name}", sender=str(chosen.pk))

    name = visit.practitioner.name if named else inside.name
    assert (outbound().channel, outbound().body) == (channel, f"With {name}")


@pytest.mark.parametrize("path", ["send", "later"])
def test_a_variable_without_a_value_stops_the_sending_and_is_named(act: Any, path: str) -> None:
    thread = a_thread()

    response = act(f"{thread.id}/{path}/", body="At {time}, {nonsense}.", at="hour")

    assert response.status_code == 409
    assert "{time}, {nonsense} has no value here" in response.content.decode()
    assert "missing_variable" in response.content.decode()
    assert not Message.objects.filter(direction="outbound").exists()


def test_a_note_keeps_its_braces(act: Any) -> None:
    act(f"{a_thread().id}/note/", body="ask for {time}")

    assert outbound().body == "ask for {time}"


def test_a_note_whose_answer_was_lost_stands_there_once(act: Any) -> None:
    thread = a_thread()

    for _ in range(2):
        response = act(f"{thread.id}/note/", body="Prefers mornings", client_message_id="n-1")
        assert response.status_code == 200
    other = act(f"{thread.id}/note/", body="Prefers evenings", client_message_id="n-1")

    assert other.status_code == 409
    assert "in other words" in other.content.decode()
    assert [note.body for note in Message.objects.filter(kind="note")] == ["Prefers mornings"]


# From which number --------------------------------------------------------------------------------------------


def test_the_number_that_was_chosen_is_the_one_it_leaves_from(act: Any, inside: Clinic) -> None:
    thread = a_thread()
    sms = Sender.objects.get(clinic=inside, channel="sms")

    act(f"{thread.id}/send/", body="by SMS", sender=str(sms.pk))

    assert (outbound().sender_id, outbound().channel) == (sms.pk, "sms")


def test_a_number_of_another_clinic_is_not_written_from(act: Any, other_clinic: Clinic) -> None:
    thread = a_thread()
    theirs = Sender.objects.filter(clinic=other_clinic).first()
    assert theirs is not None

    act(f"{thread.id}/send/", body="x", sender=str(theirs.pk))

    assert outbound().sender_id == thread.last_sender_id


def test_each_number_is_offered_with_its_own_window(
    inside: Clinic, owner: User, browse: Any, django_assert_num_queries: Any
) -> None:
    thread = a_thread(heard=25 * HOUR)
    page = browse(owner).get(f"/c/{inside.slug}/inbox/{thread.id}/writing/").content.decode()
    reenter(inside)
    assert "closed" in page
    assert "&quot;free&quot;: true" in page  # by SMS
    Window.objects.update(last_inbound_at=clock.now())
    page = browse(owner).get(f"/c/{inside.slug}/inbox/{thread.id}/writing/").content.decode()
    reenter(inside)
    assert "free until" in page


def test_a_hidden_number_is_not_offered_where_it_never_wrote(
    inside: Clinic, owner: User, browse: Any
) -> None:
    thread = a_thread()
    type(thread.contact_point).objects.update(phone=None)

    page = browse(owner).get(f"/c/{inside.slug}/inbox/{thread.id}/writing/").content.decode()
    reenter(inside)

    assert "&quot;channel&quot;: &quot;sms&quot;" not in page
    assert "&quot;channel&quot;: &quot;whatsapp&quot;" in page
