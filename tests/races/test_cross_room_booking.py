"""Fifty people want one time, each by the door that is theirs: bots' answers, the API, the front desk."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from clinics.models import Clinic, HeldEvent, User
from clinics.operations import create_token
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Message, Question
from scheduling import operations
from scheduling.errors import SlotTaken
from scheduling.models import Appointment, Hold, Patient, ResourceBooking, Status, Task
from tests.messaging.hooks import message_form, post, replies_in, token_of, write
from tests.races.test_inbound import at_once
from tests.world import World

PEOPLE = 50
LOG = Path(os.environ["MEDSYNC_HOME"]) / "logs" / "postgres.log"


def number(n: int) -> str:
    return f"+1646555{5000 + n}"


def deadlocks_logged() -> int:
    return LOG.read_text(errors="replace").count("deadlock detected") if LOG.exists() else 0


def offered(clinic: Clinic, n: int) -> dict[str, Any]:
    """Let person n be offered times, and the holds of it lapse; return the first that was offered."""
    [(offer, _)] = replies_in(write(clinic, "I need an appointment", sender=number(n)))
    assert "1. " in offer
    with in_clinic(clinic):
        Hold.objects.update(expires_at=clock.now() - timedelta(seconds=1))
        question = Question.objects.get(closed_at=None, conversation__contact_point__phone=number(n))
        return dict(question.items[0])


def by_api(clinic: Clinic, token: str, patient: Patient, item: dict[str, Any], status: str) -> Any:
    wish = {
        "patient_id": str(patient.pk),
        "type_id": item["type_id"],
        "starts_at": item["starts_at"],
        "status": status,
    }
    return Client().post(
        "/api/appointments",
        json.dumps(wish),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "X-Account-Id": clinic.slug},
    )


def by_staff(clinic: Clinic, staff: User, patient: Patient, item: dict[str, Any]) -> Any:
    try:
        with in_clinic(clinic):
            return operations.book(
                patient,
                type=UUID(item["type_id"]),
                starts_at=datetime.fromisoformat(item["starts_at"]),
                actor=staff,
                now=clock.now(),
            )
    except SlotTaken as refusal:
        return refusal


@pytest.mark.parametrize("holder", [False, True], ids=["all have lapsed", "one holds it"])
def test_fifty_people_at_three_doors_want_one_time(
    committed: World, caplog: pytest.LogCaptureFixture, holder: bool
) -> None:
    caplog.set_level(logging.WARNING)
    deadlocks = deadlocks_logged()
    clinic, staff = committed.clinics["alpha"], committed.users["receptionist@alpha.example"]
    token = create_token(staff, name="race")[1]
    doors = {n: ("bot", "api", "staff")[n % 3] for n in range(PEOPLE)}
    items = {n: offered(clinic, n) for n, door in doors.items() if door == "bot"}
    wanted = items[0]
    assert {item["starts_at"] for item in items.values()} == {wanted["starts_at"]}
    with in_clinic(clinic):
        others = {n: Patient.objects.create(name=f"Person {n}") for n, door in doors.items() if door != "bot"}
        if holder:  # the last who was offered it is still within time
            # and nobody of the front desk is about, who may overrule an offer
            doors = {n: "api" if door == "staff" else door for n, door in doors.items()}
            lucky = max(n for n, door in doors.items() if door == "bot")
            Hold.objects.filter(owner=owner_of(lucky)).update(expires_at=clock.now() + timedelta(minutes=10))

    contestants: list[Callable[[], Any]] = []
    for n, door in doors.items():
        if door == "bot":
            form = message_form(clinic, "1", sender=number(n))
            contestants.append(partial(post, form, token=token_of(clinic), client=Client()))
        elif door == "api":
            status = "confirmed" if n % 2 and not holder else "pending_review"
            contestants.append(partial(by_api, clinic, token, others[n], wanted, status))
        else:
            contestants.append(partial(by_staff, clinic, staff, others[n], wanted))
    results = at_once(contestants)

    outcomes: Counter[str] = Counter()
    for (n, door), result in zip(doors.items(), results, strict=True):
        assert result is not None, f"{door} {n} ended in an exception"
        outcomes[won_or_kindly_told(door, result, wanted["starts_at"])] += 1
    assert outcomes == {"won": 1, "told": PEOPLE - 1}

    assert not HeldEvent.objects.exists()
    assert "transaction repeated" not in caplog.text
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
    assert deadlocks_logged() == deadlocks
    with in_clinic(clinic):
        visit = Appointment.objects.get()
        assert visit.starts_at.isoformat() == wanted["starts_at"]
        assert visit.status in (Status.PENDING_REVIEW, Status.CONFIRMED)
        if holder:
            assert visit.contact_point.phone == number(lucky)
        assert ResourceBooking.objects.filter(visit__overlap=(visit.starts_at, visit.ends_at)).count() == 1
        assert not Hold.objects.filter(starts_at__lt=visit.ends_at, ends_at__gt=visit.starts_at).exists()
        # What is held now was offered a moment ago to one who lost, and to nobody else.
        for hold in Hold.objects.filter(expires_at__gt=clock.now()):
            question = Question.objects.get(
                closed_at=None, conversation__contact_point=hold.owner.partition(":")[2]
            )
            assert hold.starts_at.isoformat() in [item["starts_at"] for item in question.items]
        assert Message.objects.filter(direction="inbound", body="1").count() == len(items)
        assert not Task.objects.filter(dedupe_key__startswith="announce:").exists()


def owner_of(n: int) -> str:
    point = Question.objects.get(conversation__contact_point__phone=number(n), closed_at=None)
    return f"contact:{point.conversation.contact_point_id}"


def won_or_kindly_told(door: str, result: Any, wanted: str) -> str:
    """Return which of the two it was; nothing else may be."""
    if door == "bot":
        assert result.status_code == 200
        [(said, _)] = replies_in(result)
        if "not confirmed yet" in said:
            return "won"
        assert "1. " in said, said  # other times
        return "told"
    if door == "api":
        body = result.json()
        if result.status_code == 201:
            return "won"
        assert (result.status_code, body["code"]) == (409, "slot_taken"), body
        times = [slot["starts_at"] for slot in body["alternatives"]]
        assert times
        assert wanted.replace("+00:00", "Z") not in times
        return "told"
    if isinstance(result, Appointment):
        return "won"
    assert isinstance(result, SlotTaken)
    assert wanted not in [slot.starts_at.isoformat() for slot in result.alternatives]
    assert result.alternatives
    return "told"
