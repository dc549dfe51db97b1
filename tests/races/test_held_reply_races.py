"""Two messages of a patient at once, while a reply waits for the first: it is sent once."""

from __future__ import annotations

import threading
from typing import Any

from django.db import connection

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging.models import HeldReply, Message
from tests.messaging.hooks import write
from tests.messaging.test_held_replies import WORDS, held
from tests.world import World

ROUNDS = 5


def at_once(clinic: Clinic, bodies: list[str], address: str) -> list[Any]:
    barrier = threading.Barrier(len(bodies))
    answers: list[Any] = []

    def run(body: str) -> None:
        try:
            barrier.wait(timeout=30)
            answers.append(write(clinic, body, sender=address).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return answers


def test_two_messages_at_once_release_it_once(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    owner = clinic.memberships.get(role="owner").user
    for n in range(ROUNDS):
        address = f"+1646555{2000 + n}"
        waiting = held(clinic, owner, words=f"{WORDS} {n}", address=address)
        assert at_once(clinic, ["hello", "Show me", "hello again"], address) == [200, 200, 200]
        with in_clinic(clinic):
            message = Message.objects.get(pk=waiting.pk)
            assert message.status == "queued"
            assert HeldReply.objects.filter(message=waiting, outcome="released").count() == 1
            assert Message.objects.filter(body=f"{WORDS} {n}").count() == 1
