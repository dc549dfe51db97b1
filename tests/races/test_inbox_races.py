"""Two members, or a member and a patient, work on the same threads in the same moment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from medsync.lib.ids import new_id
from messaging import conversations, snoozing, threads, undoing
from messaging.history import NO_DEED, ChangedMeanwhile, Seen, stamp
from messaging.models import Conversation, ConversationEvent
from tests.messaging.hooks import write
from tests.messaging.inboxes import HOUR, a_thread, says
from tests.messaging.talk import Talk
from tests.races.test_inbound import at_once
from tests.world import World

THREADS = 12


def inside(clinic: Clinic, act: Callable[[], Any]) -> Callable[[], Any]:
    """Return the deed, to be done in the clinic by a thread of its own."""

    def run() -> Any:
        with in_clinic(clinic):
            return act()

    return run


def test_two_members_finish_the_same_threads_and_each_is_done_once(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    members = [committed.users[f"{role}@alpha.example"] for role in ("owner", "receptionist")]
    with in_clinic(clinic):
        threads = [a_thread(f"P{n}", assignee=members[0]) for n in range(THREADS)]
    stamps = {thread.pk: stamp(thread) for thread in threads}

    def finish(user: User, order: dict[UUID, str]) -> conversations.Many:
        return conversations.done_many(order, by=user, now=clock.now(), batch=new_id())

    backwards = dict(reversed(stamps.items()))
    results = at_once(
        [
            inside(clinic, partial(finish, user, order))
            for user, order in ((members[0], stamps), (members[1], backwards))
        ]
    )

    assert sorted((len(r.changed), r.skipped) for r in results) == [(0, THREADS), (THREADS, 0)]
    with in_clinic(clinic):
        assert ConversationEvent.objects.count() == THREADS
        assert set(Conversation.objects.values_list("work_state", "version")) == {("done", 2)}


def test_a_tick_in_the_same_moment_takes_no_deed_from_anybody(committed: World) -> None:
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    with in_clinic(clinic):
        told = [says(a_thread(f"P{n}", heard=HOUR), "One moment", author="bot") for n in range(THREADS)]
        stamps = {row.pk: stamp(row) for row in Conversation.objects.all()}

    def tick() -> None:
        for message in told:
            threads.status_moved(
                message.conversation_id, message.pk, before="sent", after="read", now=clock.now()
            )

    def finish() -> conversations.Many:
        return conversations.done_many(stamps, by=owner, now=clock.now(), batch=new_id())

    result = at_once([inside(clinic, tick), inside(clinic, finish)])[1]

    assert (len(result.changed), result.skipped) == (THREADS, 0)


@pytest.mark.parametrize("deed", ["done", "snooze"])
def test_many_and_a_patients_message_never_hide_the_message(committed: World, deed: str) -> None:
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    talk = Talk(clinic)
    for _ in range(6):
        talk.say("I need a person")
        stamps = {talk.thread.pk: stamp(talk.thread)}

        def put_away(stamps: dict[UUID, str] = stamps) -> conversations.Many:
            told: Any = {"by": owner, "now": clock.now(), "batch": new_id()}
            if deed == "done":
                return conversations.done_many(stamps, **told)
            return snoozing.snooze_many(stamps, until=clock.now() + HOUR, **told)

        at_once(
            [inside(clinic, put_away), partial(write, clinic, "I need a person, please", sender=talk.sender)]
        )

        assert talk.thread.work_state == "needs_reply"
        with in_clinic(clinic):
            assert put_away() == conversations.Many([], 1)
        assert talk.thread.work_state == "needs_reply"


def test_of_two_members_who_want_different_things_one_is_told(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    members = [committed.users[f"{role}@alpha.example"] for role in ("owner", "receptionist")]
    with in_clinic(clinic):
        rows = [a_thread(f"P{n}") for n in range(THREADS)]
    stamps = {thread.pk: stamp(thread) for thread in rows}

    def finish() -> conversations.Many:
        return conversations.done_many(stamps, by=members[0], now=clock.now(), batch=new_id())

    def give() -> conversations.Many:
        return conversations.assign_many(
            stamps, to=members[1], by=members[1], now=clock.now(), batch=new_id()
        )

    results = at_once([inside(clinic, finish), inside(clinic, give)])

    assert sorted((len(r.changed), r.skipped) for r in results) == [(0, THREADS), (THREADS, 0)]


def test_a_thread_that_a_colleague_took_in_the_same_moment_is_not_closed_unseen(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    members = [committed.users[f"{role}@alpha.example"] for role in ("owner", "receptionist")]
    with in_clinic(clinic):
        rows = [a_thread(f"P{n}") for n in range(THREADS)]

    def finish(thread: Conversation) -> bool:
        seen = Seen(message=thread.last_message_id, deed=NO_DEED)
        with suppress(ChangedMeanwhile):
            return conversations.done(thread, by=members[0], now=clock.now(), seen=seen, batch=new_id())
        return False

    def take(thread: Conversation) -> bool:
        seen = Seen(message=None, deed=NO_DEED)
        with suppress(ChangedMeanwhile):
            return conversations.assign(
                thread, to=members[1], by=members[1], now=clock.now(), seen=seen, batch=new_id()
            )
        return False

    for thread in rows:
        results = at_once([inside(clinic, partial(deed, thread)) for deed in (finish, take)])
        assert sorted(results) == [False, True]


def test_a_thread_is_taken_by_both_and_the_second_event_says_from_whom(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    members = [committed.users[f"{role}@alpha.example"] for role in ("owner", "receptionist")]
    with in_clinic(clinic):
        thread = a_thread()

    def take(user: User) -> bool:
        return conversations.assign(
            Conversation.objects.get(pk=thread.pk), to=user, by=user, now=clock.now(), batch=new_id()
        )

    at_once([inside(clinic, partial(take, user)) for user in members])

    with in_clinic(clinic):
        befores = {(e.before["user"], e.after["user"]) for e in ConversationEvent.objects.all()}
        has_it = str(Conversation.objects.get(pk=thread.pk).assignee_id)
    first = next(after for before, after in befores if before is None)
    assert befores == {(None, first), (first, has_it)}
    assert first != has_it


def test_an_undo_and_a_patients_message_never_hide_the_message(committed: World) -> None:
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    for _ in range(6):
        talk = Talk(clinic)
        talk.say("I need a person")
        batch = new_id()
        with in_clinic(clinic):
            thread = talk.thread
            conversations.done(thread, by=owner, now=clock.now())
            conversations.reopen(thread, by=owner, now=clock.now(), batch=batch)

        def undo(batch: UUID = batch) -> None:
            with suppress(ChangedMeanwhile):
                undoing.undo(batch, by=owner, now=clock.now())

        at_once([inside(clinic, undo), partial(write, clinic, "I need a person, please", sender=talk.sender)])

        assert talk.thread.work_state == "needs_reply"


def test_two_sweeps_wake_a_thread_once(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    now = clock.now()
    with in_clinic(clinic):
        for n in range(THREADS):
            a_thread(f"P{n}", work_state="snoozed", snoozed_until=now - HOUR)

    woken = at_once([inside(clinic, partial(snoozing.wake_all, now=now)) for _ in range(3)])

    assert sum(woken) == THREADS
    with in_clinic(clinic):
        assert ConversationEvent.objects.count() == THREADS
