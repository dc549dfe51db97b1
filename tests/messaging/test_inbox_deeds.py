"""Done, snooze, assign and taking back, as members do them: for one thread and for many."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import botswitch, history, threads
from messaging.models import Conversation, ConversationEvent, Question
from tests.messaging.inboxes import HOUR, a_thread, reenter, says
from tests.messaging.talk import Talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(inside: Clinic, receptionist: User, browse: Any) -> Any:
    """Return a poster of inbox actions, as the receptionist's page posts them."""

    def post(path: str, user: User | None = receptionist, **fields: Any) -> Any:
        url = f"/c/{inside.slug}/inbox/{path}"
        response = browse(user).post(url, fields, headers={"HX-Request": "true"})
        reenter(inside)
        return response

    return post


def way_back(response: Any) -> str:
    """Return the path below the inbox that takes the deed back."""
    return response.content.decode().split('data-undo="')[1].split('"')[0].split("/inbox/")[1]


def state(thread: Conversation) -> tuple[Any, ...]:
    """Return where a thread stands."""
    fields = ("work_state", "waiting_since", "snoozed_until", "assignee_id", "unread_count")
    return Conversation.objects.values_list(*fields).get(pk=thread.pk)


def chosen(*threads: Conversation) -> list[str]:
    """Return threads as a page posts those that were picked."""
    return [f"{thread.pk}:{history.stamp(thread)}" for thread in threads]


def test_opening_a_thread_changes_nothing(inside: Clinic, receptionist: User, browse: Any) -> None:
    thread = a_thread()
    before = state(thread)

    browse(receptionist).get(f"/c/{inside.slug}/inbox/{thread.pk}/")
    reenter(inside)

    assert state(thread) == before


def test_a_thread_is_snoozed_until_a_time_and_the_event_says_so(act: Any, receptionist: User) -> None:
    thread, until = a_thread(), clock.now() + 2 * HOUR

    response = act(f"{thread.pk}/snooze/", until=until.isoformat())

    event = ConversationEvent.objects.get()
    assert response.status_code == 200
    assert "Snoozed until" in response.content.decode()
    assert state(thread)[0] == "snoozed"
    assert state(thread)[2] == until
    assert (event.kind, event.user_id, event.after["until"]) == (
        "snoozed",
        receptionist.pk,
        until.isoformat(),
    )
    assert event.before["work_state"] == "needs_reply"


@pytest.mark.parametrize(
    "until", ["", "soon", "2020-01-01T09:00:00+00:00", "2020-01-01T09:00", "2999-01-01T09:00"]
)
def test_nobody_snoozes_into_the_past_or_for_ever(act: Any, until: str) -> None:
    thread = a_thread()
    before = state(thread)

    response = act(f"{thread.pk}/snooze/", until=until)

    assert response.status_code == 409
    assert "Choose a time that is still to come" in response.content.decode()
    assert state(thread) == before
    assert not ConversationEvent.objects.exists()


def test_a_thread_is_given_to_any_member_and_to_nobody(
    act: Any, owner: User, receptionist: User, other_owner: User, stranger: User
) -> None:
    thread = a_thread()

    act(f"{thread.pk}/assign/", to=str(owner.pk))
    given = state(thread)[3]
    refused = [act(f"{thread.pk}/assign/", to=to) for to in (str(other_owner.pk), str(stranger.pk), "x")]
    still = state(thread)[3]
    act(f"{thread.pk}/assign/", to="")

    assert (given, still, state(thread)[3]) == (owner.pk, owner.pk, None)
    assert [response.status_code for response in refused] == [409, 409, 409]
    assert [e.after["user"] for e in ConversationEvent.objects.order_by("created_at", "id")] == [
        str(owner.pk),
        None,
    ]


def test_who_answers_first_takes_it_and_nobody_takes_it_from_them(
    act: Any, owner: User, receptionist: User
) -> None:
    free, taken = a_thread(), a_thread("Other Person", assignee=owner)

    act(f"{free.pk}/send/", body="Come at nine")
    act(f"{taken.pk}/send/", body="Come at ten")

    assert (state(free)[3], state(taken)[3]) == (receptionist.pk, owner.pk)


@pytest.mark.parametrize("deed", ["done", "no-reply", "snooze"])
def test_what_the_patient_wrote_meanwhile_is_not_put_away_unseen(act: Any, deed: str) -> None:
    thread = a_thread(heard=5 * HOUR)
    seen = thread.last_message_id
    says(thread, "and one more thing")
    before = state(thread)

    response = act(f"{thread.pk}/{deed}/", seen=str(seen), until=(clock.now() + HOUR).isoformat())

    assert response.status_code == 409
    assert "The patient has written meanwhile" in response.content.decode()
    assert state(thread) == before


def test_a_delivery_tick_or_a_bots_words_are_in_nobodys_way(act: Any) -> None:
    thread = a_thread(heard=5 * HOUR)
    seen = thread.last_message_id
    says(thread, "One moment", author="bot")

    assert act(f"{thread.pk}/done/", seen=str(seen)).status_code == 200
    assert state(thread)[0] == "done"


@pytest.mark.parametrize("deed", ["done", "no-reply", "snooze", "assign"])
def test_each_deed_is_taken_back_whole(act: Any, receptionist: User, deed: str) -> None:
    thread = a_thread(unread_count=3, handed_over_at=clock.now())
    before = Conversation.objects.filter(pk=thread.pk).values().get()
    fields = {"until": (clock.now() + HOUR).isoformat(), "to": str(receptionist.pk)}

    response = act(f"{thread.pk}/{deed}/", **fields)
    changed = Conversation.objects.filter(pk=thread.pk).values().get()
    back = act(way_back(response))

    after = Conversation.objects.filter(pk=thread.pk).values().get()
    moving = {"version", "updated_at"}
    assert changed != before
    assert back.status_code == 200
    assert {k: v for k, v in after.items() if k not in moving} == {
        k: v for k, v in before.items() if k not in moving
    }
    assert after["version"] == before["version"] + 2
    assert ConversationEvent.objects.get().undone_at is not None


def test_reopening_is_taken_back_too(act: Any) -> None:
    thread = a_thread(work_state="done")

    response = act(f"{thread.pk}/reopen/")
    reopened = state(thread)[0]
    act(way_back(response))

    assert (reopened, state(thread)[0]) == ("needs_reply", "done")


def test_a_question_that_done_closed_is_open_again_afterwards(act: Any) -> None:
    thread, now = a_thread(state="awaiting_slot"), clock.now()
    question = Question.objects.create(
        conversation=thread, kind="pick_slot", asked_at=now, expires_at=now + HOUR
    )

    response = act(f"{thread.pk}/done/")
    question.refresh_from_db()
    closed = question.closed_at
    act(way_back(response))

    question.refresh_from_db()
    thread.refresh_from_db()
    assert closed is not None
    assert (question.closed_at, thread.state) == (None, "awaiting_slot")


def test_nothing_is_taken_back_over_something_newer(act: Any, owner: User) -> None:
    written, given = a_thread(), a_thread("Other Person")
    done = act(f"{written.pk}/done/")
    mine = act(f"{given.pk}/assign/", to=str(owner.pk))
    act(f"{written.pk}/reopen/", user=owner)
    act(f"{given.pk}/assign/", user=owner, to="")
    before = state(written), state(given)

    answers = [act(way_back(done)), act(way_back(mine))]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "It has changed meanwhile" in answers[0].content.decode()
    assert (state(written), state(given)) == before


def test_a_patient_who_wrote_after_it_keeps_a_deed_as_it_is(act: Any) -> None:
    thread = a_thread(work_state="done")
    reopened = act(f"{thread.pk}/reopen/")
    thread.refresh_from_db()
    says(thread, "hola?", at=clock.now() + timedelta(seconds=1))

    assert act(way_back(reopened)).status_code == 409
    assert state(thread)[0] == "needs_reply"


def test_a_deed_is_taken_back_once_and_by_who_did_it(act: Any, owner: User) -> None:
    thread = a_thread()
    response = act(f"{thread.pk}/done/")

    assert act(way_back(response), user=owner).status_code == 409
    assert state(thread)[0] == "done"
    assert act(way_back(response)).status_code == 200
    assert act(way_back(response)).status_code == 409
    assert act(f"undo/{uuid4()}/").status_code == 409


def test_the_list_of_what_can_be_taken_back_is_ones_own(
    inside: Clinic, act: Any, owner: User, receptionist: User, browse: Any
) -> None:
    first, second, third = a_thread("Ana Ruiz"), a_thread("Bo Li"), a_thread("Cy Day")
    act(f"{first.pk}/done/")
    act("many/", deed="assign", to=str(owner.pk), thread=chosen(second, third))
    url = f"/c/{inside.slug}/inbox/undo/"

    mine = browse(receptionist).get(url).content.decode()
    theirs = browse(owner).get(url).content.decode()

    assert mine.index("2 threads: assigned") < mine.index("Ana Ruiz: done")
    assert "Nothing to take back" in theirs


def test_many_are_done_at_once_and_taken_back_at_once(act: Any) -> None:
    threads = [a_thread(f"P{n}") for n in range(5)]

    response = act("many/", deed="done", thread=chosen(*threads))
    states = {state(thread)[0] for thread in threads}
    back = act(way_back(response))

    assert "5 threads done." in response.content.decode()
    assert states == {"done"}
    assert back.status_code == 200
    assert {state(thread)[0] for thread in threads} == {"needs_reply"}
    assert ConversationEvent.objects.values("batch").distinct().count() == 1


@pytest.mark.parametrize("deed", ["done", "snooze", "assign"])
def test_those_that_changed_meanwhile_are_left_and_counted(act: Any, receptionist: User, deed: str) -> None:
    same, moved = a_thread(), a_thread("Other Person")
    question = Question.objects.create(
        conversation=moved, kind="pick_slot", asked_at=clock.now(), expires_at=clock.now() + HOUR
    )
    picked = chosen(same, moved)
    Conversation.objects.filter(pk=moved.pk).update(last_heard_id=uuid4())
    before = state(moved)

    response = act(
        "many/",
        deed=deed,
        thread=picked,
        to=str(receptionist.pk),
        until=(clock.now() + HOUR).isoformat(),
    )

    question.refresh_from_db()
    assert response.status_code == 200
    assert "1 thread was left as it is" in response.content.decode()
    assert (state(moved), question.closed_at) == (before, None)
    assert state(same) != before
    assert list(ConversationEvent.objects.values_list("conversation_id", flat=True)) == [same.pk]


def test_when_all_have_changed_nothing_is_done(act: Any) -> None:
    thread = a_thread()
    picked = chosen(thread)
    Conversation.objects.filter(pk=thread.pk).update(failed_count=1)

    response = act("many/", deed="done", thread=picked)

    assert response.status_code == 409
    assert "data-undo" not in response.content.decode()
    assert state(thread)[0] == "needs_reply"


@pytest.fixture
def shown(inside: Clinic, receptionist: User, browse: Any) -> Any:
    """Return a reader of what the list posts of a thread, and of what the open thread posts, as a page has them."""

    def read(thread: Conversation) -> tuple[str, dict[str, str]]:
        page = browse(receptionist)
        html = page.get(f"/c/{inside.slug}/inbox/?view=all").content.decode()
        pane = page.get(f"/c/{inside.slug}/inbox/{thread.pk}/").content.decode()
        reenter(inside)
        row = re.search(rf'data-key="{thread.pk}" data-version="\d+" data-stamp="(\w+)"', html)
        deeds = re.search(r'data-last-message="([^"]*)" data-newest-deed="([^"]+)"', pane)
        assert row
        assert deeds
        return f"{thread.pk}:{row[1]}", {"seen": deeds[1], "deed": deeds[2]}

    return read


UNTIL = (clock.now() + 9 * HOUR).isoformat()
DEEDS = ["done", "snooze", "assign"]


@pytest.mark.parametrize("deed", DEEDS)
def test_a_tick_the_bots_words_and_a_note_leave_many_as_the_member_saw_them(
    act: Any, shown: Any, owner: User, deed: str
) -> None:
    thread = a_thread(heard=5 * HOUR)
    told = says(thread, "We will call you", author="bot", status="sent")
    picked, _seen = shown(thread)

    threads.status_moved(thread.pk, told.pk, before="sent", after="read", now=clock.now())
    thread.refresh_from_db()
    says(thread, "One moment", author="bot")
    act(f"{thread.pk}/note/", user=owner, body="She has called twice")
    response = act("many/", deed=deed, thread=[picked], until=UNTIL, to=str(owner.pk))

    assert response.status_code == 200
    assert ConversationEvent.objects.filter(kind__startswith=deed[:4]).count() == 1


@pytest.mark.parametrize("body", ["I need a person", "necesito una cita", "gracias"])
@pytest.mark.parametrize("deed", DEEDS)
def test_what_the_patient_wrote_meanwhile_is_not_among_the_many(
    inside: Clinic, act: Any, shown: Any, owner: User, deed: str, body: str
) -> None:
    talk = Talk(inside)
    talk.say("necesito una cita")  # the bot answers
    thread = talk.thread
    reenter(inside)
    picked, _seen = shown(thread)
    talk.say(body)
    reenter(inside)
    before = state(thread)

    response = act("many/", deed=deed, thread=[picked], until=UNTIL, to=str(owner.pk))

    assert response.status_code == 409
    assert "1 thread was left as it is" in response.content.decode()
    assert state(thread) == before


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("theirs", ["done", "assign", "snooze", "send"])
def test_what_a_colleague_did_meanwhile_stands_against_the_many(
    act: Any, shown: Any, owner: User, receptionist: User, deed: str, theirs: str
) -> None:
    thread = a_thread()
    picked, _seen = shown(thread)
    act(f"{thread.pk}/{theirs}/", user=owner, to=str(owner.pk), until=UNTIL, body="Come at nine")
    before = state(thread)

    response = act("many/", deed=deed, thread=[picked], until=UNTIL, to=str(receptionist.pk))

    assert response.status_code == 409
    assert "1 thread was left as it is" in response.content.decode()
    assert state(thread) == before


@pytest.mark.parametrize("deed", ["done", "no-reply", "snooze", "assign"])
@pytest.mark.parametrize("theirs", ["assign", "snooze"])
def test_what_a_colleague_did_meanwhile_is_said_by_name(
    act: Any, shown: Any, owner: User, receptionist: User, deed: str, theirs: str
) -> None:
    thread = a_thread()
    act(f"{thread.pk}/assign/", user=owner, to=str(receptionist.pk))
    _picked, seen = shown(thread)
    act(f"{thread.pk}/{theirs}/", user=owner, to=str(owner.pk), until=UNTIL)
    before = state(thread)

    response = act(f"{thread.pk}/{deed}/", to=str(receptionist.pk), until=UNTIL, **seen)

    assert response.status_code == 409
    assert f"{owner.get_short_name()} has changed this thread meanwhile." in response.content.decode()
    assert state(thread) == before


def test_a_colleagues_answer_is_no_thread_to_close_unseen(act: Any, shown: Any, owner: User) -> None:
    thread = a_thread()
    _picked, seen = shown(thread)
    act(f"{thread.pk}/send/", user=owner, body="Come at nine")

    response = act(f"{thread.pk}/done/", **seen)

    assert response.status_code == 409
    assert f"{owner.get_short_name()} has changed this thread meanwhile." in response.content.decode()
    assert state(thread)[0] == "waiting_patient"


def test_what_a_colleague_took_back_meanwhile_is_seen_first(act: Any, shown: Any, owner: User) -> None:
    thread = a_thread()
    snoozed = act(f"{thread.pk}/snooze/", user=owner, until=UNTIL)
    _picked, seen = shown(thread)
    act(way_back(snoozed), user=owner)

    assert act(f"{thread.pk}/done/", **seen).status_code == 409
    assert state(thread)[0] == "needs_reply"


def test_ones_own_deeds_and_a_colleague_who_types_are_in_nobodys_way(
    act: Any, shown: Any, owner: User
) -> None:
    thread = a_thread(heard=5 * HOUR)
    _picked, seen = shown(thread)
    assert botswitch.pause_for_typing(thread, by=owner, now=clock.now())

    assert act(f"{thread.pk}/assign/", to=str(owner.pk), **seen).status_code == 200
    assert act(f"{thread.pk}/snooze/", until=UNTIL, **seen).status_code == 200
    assert act(f"{thread.pk}/done/", **seen).status_code == 200
    assert state(thread)[0] == "done"


def test_another_clinics_threads_are_refused_whole(act: Any, other_clinic: Clinic) -> None:
    own = a_thread()
    with in_clinic(other_clinic):
        foreign = a_thread("Foreign Person")

    response = act("many/", deed="done", thread=chosen(own, foreign))

    assert response.status_code == 404
    assert state(own)[0] == "needs_reply"
    with in_clinic(other_clinic):
        assert state(foreign)[0] == "needs_reply"


def test_more_than_a_hundred_or_nonsense_is_no_list(act: Any) -> None:
    thread = a_thread()
    crowd = [f"{uuid4()}:1" for _ in range(history.MOST_AT_ONCE + 1)]

    for fields in (
        {"deed": "done", "thread": crowd},
        {"deed": "done", "thread": []},
        {"deed": "done", "thread": ["x"]},
        {"deed": "done", "thread": [str(thread.pk)]},
        {"deed": "erase", "thread": chosen(thread)},
    ):
        assert act("many/", **fields).status_code == 400


def test_only_members_do_any_of_it(act: Any, stranger: User, other_owner: User) -> None:
    thread = a_thread()
    paths = [f"{thread.pk}/{deed}/" for deed in ("done", "no-reply", "reopen", "snooze", "assign")]
    for path in [*paths, "many/", f"undo/{uuid4()}/"]:
        fields = {"deed": "done", "thread": chosen(thread)}
        assert act(path, user=stranger, **fields).status_code == 404
        assert act(path, user=other_owner, **fields).status_code == 404
        assert act(path, user=None, **fields).status_code == 302
    assert state(thread)[0] == "needs_reply"


def test_the_menus_offer_times_of_the_clinic_and_its_members(
    inside: Clinic, receptionist: User, owner: User, browse: Any
) -> None:
    url = f"/c/{inside.slug}/inbox/menus/"

    times = browse(receptionist).get(url + "snooze/").content.decode()
    members = browse(receptionist).get(url + "assign/").content.decode()

    assert "In 1 hour" in times
    assert "Tomorrow" in times
    assert "Clinic time: New York" in times
    assert members.index(str(receptionist.pk)) < members.index(str(owner.pk))
    assert "Nobody" in members
