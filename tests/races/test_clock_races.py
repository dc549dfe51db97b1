"""Rows that fall due while their clinic is being visited: no wake-up is lost, nobody waits for somebody else's commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from clinics import clocks
from clinics.models import Clinic
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import outbox
from messaging.models import Conversation, Message
from tests.messaging.inboxes import a_thread
from tests.messaging.outbound import queued, thread
from tests.races.test_inbound import at_once
from tests.winding import at_commit, clock_of, without_clocks
from tests.world import World

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PATIENCE = 20


class Other:
    """Somebody else's transaction, held open after its triggers have fired: as if in the middle of its commit."""

    def __init__(self, clinic: Clinic, act: Callable[[], Any], *, commits: bool = True) -> None:
        self._commits = commits
        self.woken, self.go, self.done = threading.Event(), threading.Event(), threading.Event()
        self._clinic, self._act = clinic, act
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with in_clinic(self._clinic), transaction.atomic():
                self._act()
                at_commit()
                self.woken.set()
                self.go.wait(PATIENCE)
                transaction.set_rollback(not self._commits)
            self.done.set()
        finally:
            connection.close()

    def end(self) -> None:
        """Let it commit, or roll back."""
        self.go.set()
        self._thread.join(PATIENCE)


@pytest.fixture
def clinic(committed: World) -> Clinic:
    """Return a clinic whose clocks nothing has woken."""
    without_clocks()
    return committed.clinics["alpha"]


def set_clock(clinic: Clinic, job: str, at: datetime) -> None:
    with in_clinic(clinic), clocks.visit(job, now=clock.now()) as visit:
        visit.next_at = at


def test_a_visit_waits_for_a_message_whose_commit_is_under_way(clinic: Clinic) -> None:
    now = clock.now()
    with in_clinic(clinic):
        conversation = thread(clinic)
    other = Other(clinic, lambda: queued(conversation, now=now + 9 * MINUTE))
    assert other.woken.wait(PATIENCE)

    swept = threading.Event()

    def sweep() -> None:
        try:
            with in_clinic(clinic):
                outbox.sweep(now=now)
            swept.set()
        finally:
            connection.close()

    visit = threading.Thread(target=sweep)
    visit.start()
    assert not swept.wait(0.3)
    other.end()
    visit.join(PATIENCE)

    assert swept.is_set()
    assert clock_of(clinic, clocks.OUTBOX) == now + 9 * MINUTE


def test_a_message_that_comes_between_a_visits_read_and_its_write_is_not_lost(clinic: Clinic) -> None:
    now = clock.now()
    with in_clinic(clinic):
        conversation = thread(clinic)
    with in_clinic(clinic), clocks.visit(clocks.OUTBOX, now=now):
        assert not Message.objects.filter(next_attempt_at__isnull=False).exists()
        other = Other(clinic, lambda: queued(conversation, now=now))
        assert not other.woken.wait(0.3)  # it waits for the visit
    assert other.woken.wait(PATIENCE)
    other.end()

    assert clock_of(clinic, clocks.OUTBOX) == now


def test_who_wakes_a_clock_that_stands_early_enough_waits_for_nobody(clinic: Clinic) -> None:
    now = clock.now()
    with in_clinic(clinic):
        threads = [thread(clinic, address=f"+1500555000{n}") for n in range(3)]
    set_clock(clinic, clocks.OUTBOX, now - HOUR)

    others = [Other(clinic, partial(queued, one, now=now)) for one in threads]

    for other in others:
        assert other.woken.wait(PATIENCE)  # all are in the middle of their commits together
    others[2].end()
    assert others[2].done.is_set()
    for other in others:
        other.end()
    assert clock_of(clinic, clocks.OUTBOX) == now - HOUR


def test_a_wake_up_that_is_rolled_back_leaves_the_next_one_to_move_the_clock(clinic: Clinic) -> None:
    now = clock.now()
    with in_clinic(clinic):
        conversation = thread(clinic)
    set_clock(clinic, clocks.OUTBOX, now + 50 * MINUTE)

    first = Other(clinic, lambda: queued(conversation, now=now), commits=False)
    assert first.woken.wait(PATIENCE)
    second = Other(clinic, lambda: queued(conversation, "Another", now=now + MINUTE))
    assert not second.woken.wait(0.3)  # whether it must move the clock is not known yet
    first.end()
    assert second.woken.wait(PATIENCE)
    second.end()

    assert clock_of(clinic, clocks.OUTBOX) == now + MINUTE


def test_two_that_wake_several_jobs_in_another_order_do_not_block_each_other(clinic: Clinic) -> None:
    now = clock.now()

    def queue(number: int, turn: int) -> None:
        queued(conversations[number], f"{turn}", now=now - turn * MINUTE)

    def hand_over(number: int, turn: int) -> None:
        row = Conversation.objects.filter(pk=waiting[number].pk)
        row.update(handed_over_at=now - turn * MINUTE)

    def both(number: int) -> None:
        deeds = (queue, hand_over) if number % 2 else (hand_over, queue)
        for turn in range(20):
            with in_clinic(clinic), transaction.atomic():
                for deed in deeds:
                    deed(number, turn)

    with in_clinic(clinic):
        conversations = [thread(clinic, address=f"+1500555000{n}") for n in range(4)]
        waiting = [a_thread(f"P{n}") for n in range(4)]

    at_once([partial(both, n) for n in range(4)])

    with in_clinic(clinic):
        assert Message.objects.filter(next_attempt_at__isnull=False).count() == 80
    assert clock_of(clinic, clocks.OUTBOX) == now - 19 * MINUTE
    assert clock_of(clinic, clocks.ALERTS) == now - 19 * MINUTE


def test_whoever_is_faster_no_message_is_left_without_a_visit(clinic: Clinic) -> None:
    """Threads that queue against threads that visit: in the end the clock stands no later than the first message."""
    now = clock.now()
    with in_clinic(clinic):
        conversations = [thread(clinic, address=f"+1500555000{n}") for n in range(3)]

    def queues(number: int) -> None:
        with in_clinic(clinic):
            for turn in range(30):
                queued(conversations[number], f"{number} {turn}", now=now + (50 - turn) * MINUTE)

    def visits() -> None:
        with in_clinic(clinic):
            for _ in range(60):
                outbox.sweep(now=now)
                first = Message.objects.filter(next_attempt_at__isnull=False).order_by("next_attempt_at")
                at = first.values_list("next_attempt_at", flat=True).first()
                stands = clock_of(clinic, clocks.OUTBOX)
                assert stands is not None
                if at is not None:
                    seen.append((at, stands))

    seen: list[tuple[datetime, datetime]] = []
    at_once([partial(queues, n) for n in range(3)] + [visits, visits])

    assert len(seen) > 60
    # The clock was read after the message: nothing that was committed by then is later than it.
    assert not [pair for pair in seen if pair[1] > pair[0]]
    assert clock_of(clinic, clocks.OUTBOX) == now + 21 * MINUTE
