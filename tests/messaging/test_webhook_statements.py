"""How many statements the hot paths cost, everything counted. A rise is a decision, not an accident."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from clinics import queries, tenancy
from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging import callbacks, facts, health, ownwords
from messaging.models import Message, Question
from tests.messaging.hooks import BASE, message_form, post, replies_in, token_of, write
from tests.messaging.sent import call_back, sent_message, status_form
from tests.statements import statements
from tests.world import World

KEYWORD_REPLY = 8
VISITS_REPLY = 10  # one for those that another calendar keeps
OFFER_REPLY = 17
STATUS = 4


@pytest.fixture
def warm(committed: World, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """Return a clinic whose patient wrote before, with the process's caches filled."""
    for module in (facts, ownwords, queries, tenancy):  # some seconds pass quickly on a busy machine
        monkeypatch.setattr(module, "CACHE_SECONDS", 3600.0)
    monkeypatch.setattr(health, "EVERY_SECONDS", 3600.0)
    clinic = committed.clinics["alpha"]
    write(clinic, "I need an appointment", sender="+16465550177")
    write(clinic, "my appointment please")
    call_back(clinic, sent_message(clinic), "sent", sid="SM" + "c" * 32)
    return clinic


def cost(post_it: Callable[[], Any]) -> list[str]:
    with statements() as sent:
        assert post_it().status_code == 200
    return sent


def poster(clinic: Clinic, body: str) -> Callable[[], Any]:
    form, token = message_form(clinic, body), token_of(clinic)
    client = Client()
    return lambda: post(form, token=token, client=client)


def test_a_keyword_reply(warm: Clinic) -> None:
    answers: list[Any] = []
    write_it = poster(warm, "person")
    sent = cost(lambda: answers.append(write_it()) or answers[0])
    assert len(replies_in(answers[0])) == 1
    assert len(sent) <= KEYWORD_REPLY, "\n".join(s[:150] for s in sent)


def test_ones_own_visits(warm: Clinic) -> None:
    sent = cost(poster(warm, "my appointment please"))
    assert len(sent) <= VISITS_REPLY, "\n".join(s[:150] for s in sent)


def test_an_offer_reply(warm: Clinic) -> None:
    answers: list[Any] = []
    write_it = poster(warm, "I need an appointment")
    sent = cost(lambda: answers.append(write_it()) or answers[0])
    assert "1" in replies_in(answers[0])[0][0]
    with in_clinic(warm):
        assert Question.objects.filter(closed_at=None).exists()
    assert len(sent) <= OFFER_REPLY, "\n".join(s[:150] for s in sent)


def test_a_status_callback(warm: Clinic) -> None:
    attempt = sent_message(warm)
    form, token = status_form(warm, "delivered", sid="SM" + "d" * 32), token_of(warm)
    path = callbacks.status_url("whatsapp", warm.pk, attempt.pk).removeprefix(BASE).split("#")[0]
    client = Client()
    sent = cost(lambda: post(form, token=token, path=path, client=client))
    with in_clinic(warm):
        assert Message.objects.get(pk=attempt.message_id).status == "delivered"
    assert len(sent) <= STATUS, "\n".join(s[:150] for s in sent)
