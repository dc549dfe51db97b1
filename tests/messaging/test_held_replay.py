"""Held webhooks come back: by the bell of a linked number, by the command."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from clinics.models import Clinic, HeldEvent
from clinics.senders import link_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import held, inbound
from messaging.models import Message, MessageStatus
from tests.messaging.hooks import message_form, post, token_of, write
from tests.world import account_of

pytestmark = pytest.mark.django_db

NEW = "+12125550999"


def test_linking_a_number_rings_for_what_was_held(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr("medsync.lib.jobs.enqueue", lambda task, **given: rung.append((task, given)))
    post(message_form(clinic, "hola", To=f"whatsapp:{NEW}"), token=token_of(clinic))
    with django_capture_on_commit_callbacks(execute=True):
        sender = link_sender(
            clinic,
            phone_number=NEW,
            channel="whatsapp",
            provider="twilio",
            account_sid=account_of(clinic).external_id,
            now=clock.now(),
        )
    assert ("messaging.replay_held", {"schema": clinic.schema_name, "sender_id": str(sender.pk)}) in rung
    held.replay_held.apply(kwargs={"sender_id": str(sender.pk)}, headers={"schema": clinic.schema_name})
    with in_clinic(clinic):
        inbound_message, *answers = Message.objects.order_by("created_at", "id")
        assert inbound_message.body == "hola"
        # The webhook is over, so nothing may wait to travel in its response.
        assert all(m.status in (MessageStatus.QUEUED, MessageStatus.BLOCKED) for m in answers)


def test_the_command_replays_what_failed(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(stored: Any, *, now: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(inbound.dialogue, "answer", fail)
        write(clinic)
    out = StringIO()
    call_command("replay_held", stdout=out)
    assert json.loads(out.getvalue()) == {"tried": 1, "done": 1}
    assert HeldEvent.objects.get().replayed_at is not None
    with in_clinic(clinic):
        assert Message.objects.filter(direction="inbound").count() == 1


def test_what_still_fails_stays_for_the_next_time(clinic: Clinic) -> None:
    post({**message_form(clinic), "From": "whatsapp:"}, token=token_of(clinic))
    out = StringIO()
    call_command("replay_held", stdout=out)
    assert json.loads(out.getvalue()) == {"tried": 1, "done": 0}
    assert (HeldEvent.objects.get().replayed_at, HeldEvent.objects.get().tries) == (None, 1)
