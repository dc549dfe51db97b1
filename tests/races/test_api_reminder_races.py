"""Two requests that change one reminder at once: each changes what it names, and nothing else."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from clinics.models import Clinic
from messaging.api import reminders
from messaging.models import ApiReminder
from tests.races.test_inbound import at_once
from tests.world import World

BODY = {
    "contact_number": "+16465550101",
    "appointment_time": "2127-07-06T15:23-0800",
    "notify_window": 24,
    "location": "Main St 5",
    "participant": "Dr. Chen",
}


@pytest.fixture
def clinic(committed: World) -> Clinic:
    return committed.clinics["alpha"]


@pytest.mark.parametrize(
    "changes",
    [
        ({"location": "Room 9"}, {"participant": "Dr. Vidal"}),
        ({"notify_window": 48}, {"appointment_time": "2127-07-07T10:00-05:00"}),
        ({"contact_number": "+16465550102"}, {"location": ""}),
    ],
    ids=["place and person", "hours and time", "number and place"],
)
def test_two_changes_at_once_both_count(
    clinic: Clinic, api: Any, monkeypatch: pytest.MonkeyPatch, changes: tuple[dict[str, Any], ...]
) -> None:
    owner = clinic.memberships.get(role="owner").user
    id = api(owner, clinic).post("/api/reminder", BODY).json()["reminder_id"]
    found, both, seen = reminders._found, threading.Barrier(2), threading.local()

    def found_by_both(id: str) -> ApiReminder:
        known = found(id)
        if not hasattr(seen, "once"):
            seen.once = True
            both.wait(30)  # each has read before the other writes
        return known

    monkeypatch.setattr(reminders, "_found", found_by_both)
    path = f"/api/reminder/{UUID(id).hex}"
    answers = at_once([partial(api(owner, clinic).patch, path, wanted) for wanted in changes])

    assert [answer.status_code for answer in answers] == [200, 200]
    monkeypatch.setattr(reminders, "_found", found)
    shown = api(owner, clinic).get(path).json()
    wanted = {name: value for one in changes for name, value in one.items()}
    hours, time = wanted.pop("notify_window", None), wanted.pop("appointment_time", None)
    assert {name: shown[name] for name in wanted} == wanted
    if time:
        assert shown["appt_user_dt"] == "2127-07-07T10:00:00-05:00"
    if hours:
        assert shown["notify_sys_dt"] == "2127-07-05T15:00:00Z"
    assert shown["location"] == wanted.get("location", BODY["location"])
    assert shown["participant"] == wanted.get("participant", BODY["participant"])
