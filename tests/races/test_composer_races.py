"""The composer against itself and against the worker: a draft is the newest, a reply is sent or taken back."""

import random
from datetime import timedelta
from typing import Any

from django.utils import timezone

from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import drafts, outbox
from messaging.models import Attempt, Conversation, Draft, Message
from messaging.outbox.claiming import claim
from tests.messaging.outbound import thread
from tests.races.test_outbox_races import at_once
from tests.world import World

ROUNDS = 50


def test_two_tabs_that_save_at_once_leave_the_newest(committed: World) -> None:
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    with in_clinic(clinic):
        conversation = thread(clinic)
    revisions = list(range(1, 41))
    random.Random(3).shuffle(revisions)

    def save(n: int) -> None:
        for revision in revisions[n::4]:
            drafts.save(
                conversation.pk,
                owner,
                tab="reply",
                body=f"typed {revision}",
                client_message_id="",
                revision=revision,
                now=timezone.now(),
            )

    results = at_once(clinic, 4, save)

    assert not [r for r in results if isinstance(r, Exception)]
    with in_clinic(clinic):
        assert (Draft.objects.get().body, Draft.objects.get().revision) == ("typed 40", 40)


def test_a_reply_is_either_sent_or_taken_back_never_both(committed: World) -> None:
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    with in_clinic(clinic):
        threads = [thread(clinic, address=f"+1500556{n:04}") for n in range(ROUNDS)]
        messages = [
            outbox.send_reply(conversation, body=f"{n}", user=owner, now=clock.now())
            for n, conversation in enumerate(threads)
        ]
    taken: list[Any] = []

    def race(n: int) -> None:
        if n == 0:
            while claim(now=clock.now(), limit=3):
                pass
            return
        for message in messages[::-1] if n == 1 else messages:
            try:
                outbox.take_back(message, by=owner, now=clock.now())
                taken.append(message.pk)
            except outbox.Gone:
                continue

    results = at_once(clinic, 3, race)

    assert not [r for r in results if isinstance(r, Exception)], results
    with in_clinic(clinic):
        sent = set(Attempt.objects.values_list("message_id", flat=True))
        cancelled = set(Message.objects.filter(status="cancelled").values_list("pk", flat=True))
        assert len(taken) == len(set(taken))
        assert cancelled == set(taken)
        assert not sent & cancelled
        assert sent | cancelled == {message.pk for message in messages}
        assert Attempt.objects.count() == len(sent)


def test_what_is_sent_later_goes_once_though_many_workers_see_it_come_due(committed: World) -> None:
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    with in_clinic(clinic):
        conversation, now = thread(clinic), clock.now()
        due = now + timedelta(hours=1)
        message = outbox.send_later(conversation, body="then", user=owner, send_at=due, now=now)

    results = at_once(clinic, 6, lambda n: claim(now=due, limit=9))

    with in_clinic(clinic):
        assert sum(len(r) for r in results) == 1
        assert Attempt.objects.filter(message=message).count() == 1
        assert Conversation.objects.get(pk=conversation.pk).last_message_id == message.pk
