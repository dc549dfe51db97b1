"""What members do on the first page of the day: marks, tasks, the end of a shift; twice, wrongly, and at once."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from scheduling.models import Appointment, AppointmentEvent, Task
from tests.messaging.days import NOW, a_visit, at
from tests.messaging.inboxes import reenter
from tests.races.test_inbound import at_once
from tests.world import World


@pytest.fixture
def inside(db: None, clinic: Clinic) -> Iterator[Clinic]:
    """Enter the clinic under test, on a Tuesday at 10:42."""
    with time_machine.travel(NOW, tick=False), in_clinic(clinic):
        yield clinic


@pytest.fixture
def press(inside: Clinic, receptionist: User, browse: Any) -> Any:
    """Return a presser of the page's buttons, as its script sends them."""

    def send(path: str, *, user: User | None = None, **fields: Any) -> Any:
        client = browse(user or receptionist)
        response = client.post(f"/c/{inside.slug}/today/{path}", fields, headers={"HX-Request": "true"})
        reenter(inside)
        return response

    return send


def toast(response: Any) -> str:
    """Return the sentence that the answer shows."""
    found = re.search(r'<p data-part="toast">([^<]*)<', response.content.decode())
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("mark", "status", "word"),
    [
        ("arrive", "arrived", "arrived"),
        ("complete", "fulfilled", "came"),
        ("no-show", "no_show", "did not come"),
    ],
)
def test_a_mark_is_made_once_and_the_second_is_told_by_whom(
    press: Any, receptionist: User, owner: User, mark: str, status: str, word: str
) -> None:
    visit = a_visit("Maja Lindqvist", at(10))

    first = press(f"{visit.pk}/{mark}/")
    second = press(f"{visit.pk}/{mark}/", user=owner)

    assert (first.status_code, second.status_code) == (200, 409)
    assert toast(first) == f"Maja Lindqvist: {word}"
    assert toast(second) == f"This visit is marked already, by {receptionist.get_short_name()}: {word}."
    visit.refresh_from_db()
    assert visit.status == status
    assert AppointmentEvent.objects.get().actor == receptionist
    assert 'data-part="today-rows"' in first.content.decode()


def test_a_mark_is_taken_back_and_can_be_made_again(press: Any) -> None:
    visit = a_visit("Maja", at(10))
    press(f"{visit.pk}/no-show/")

    undone = press(f"{visit.pk}/undo/")
    visit.refresh_from_db()
    assert (undone.status_code, visit.status) == (200, "confirmed")
    assert press(f"{visit.pk}/arrive/").status_code == 200
    assert toast(press(f"{uuid4()}/undo/")) == ""


@pytest.mark.parametrize(
    ("columns", "starts_at", "mark", "sentence"),
    [
        (
            {"status": "pending_review"},
            at(10),
            "arrive",
            "Nobody has accepted this request yet. Accept it first.",
        ),
        ({}, at(15), "no-show", "It is too early for that: the visit has not begun."),
        ({}, at(10), "undo", "There is no mark to take back."),
        ({"status": "fulfilled"}, at(9), "undo", "A mark can be taken back for a day. This one stands."),
        ({"status": "cancelled"}, at(10), "arrive", "This visit is marked already: cancelled."),
    ],
    ids=["a request", "too early", "nothing to undo", "undone too late", "cancelled"],
)
def test_a_mark_that_does_not_fit_is_answered_in_words(
    press: Any, columns: dict[str, Any], starts_at: Any, mark: str, sentence: str
) -> None:
    visit = a_visit("Maja", starts_at, **columns)
    before = visit.status

    refused = press(f"{visit.pk}/{mark}/")

    assert (refused.status_code, toast(refused)) == (409, sentence)
    visit.refresh_from_db()
    assert visit.status == before


def test_a_browser_without_scripts_comes_back_to_the_same_day(
    inside: Clinic, receptionist: User, browse: Any
) -> None:
    visit = a_visit("Maja", at(10, days=-1))
    response = browse(receptionist).post(
        f"/c/{inside.slug}/today/{visit.pk}/complete/?date=2026-11-23&evil=x"
    )
    assert response.headers["Location"] == f"/c/{inside.slug}/today/?date=2026-11-23"


def test_another_clinics_visit_is_not_there(
    inside: Clinic, other_clinic: Clinic, other_owner: User, stranger: User, browse: Any
) -> None:
    visit = a_visit("Maja", at(10))
    for user, slug in ((other_owner, other_clinic.slug), (other_owner, inside.slug), (stranger, inside.slug)):
        response = browse(user).post(f"/c/{slug}/today/{visit.pk}/complete/")
        assert response.status_code == 404
    reenter(inside)
    visit.refresh_from_db()
    assert visit.status == "confirmed"


def test_a_task_is_noted_ticked_and_taken_back(
    press: Any, inside: Clinic, owner: User, receptionist: User
) -> None:
    added = press(
        "tasks/add/", text=" Send Rosa the lab form\x00 ", assignee=owner.pk, due="2026-11-27T12:00"
    )

    task = Task.objects.get()
    assert (task.kind, task.text) == ("other", "Send Rosa the lab form�")
    assert (task.assignee, task.created_by) == (owner, receptionist)
    assert task.due_at == at(12, days=3)
    assert "Send Rosa the lab form" in added.content.decode()

    for _twice in range(2):
        assert 'aria-checked="true"' in press(f"tasks/{task.pk}/done/").content.decode()
    task.refresh_from_db()
    assert task.done_at == NOW
    assert 'aria-checked="false"' in press(f"tasks/{task.pk}/undo/").content.decode()
    assert press(f"tasks/{uuid4()}/done/").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [{"due": "soon"}, {"due": "0001-01-01T00:00"}, {"assignee": "x"}, {"assignee": str(uuid4())}],
    ids=["no date", "a date that never was", "no id", "a stranger"],
)
def test_a_task_with_nonsense_beside_it_is_noted_without(press: Any, fields: dict[str, str]) -> None:
    assert press("tasks/add/", text="Order gloves", **fields).status_code == 200
    task = Task.objects.get()
    assert (task.due_at, task.assignee) == (None, None)


def test_a_task_without_words_is_refused(press: Any) -> None:
    refused = press("tasks/add/", text="  ")
    assert (refused.status_code, toast(refused)) == (409, "Say what is to be done.")


def test_the_form_offers_the_members_of_the_clinic_alone(
    inside: Clinic, owner: User, other_owner: User, browse: Any
) -> None:
    html = browse(owner).get(f"/c/{inside.slug}/today/tasks/new/").content.decode()
    assert str(owner.pk) in html
    assert str(other_owner.pk) not in html


def test_all_tasks_come_by_pages_for_everybody_or_oneself(
    inside: Clinic, owner: User, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.today.queries.PAGE", 2)
    for n in range(5):
        due = NOW + timedelta(hours=n // 2) if n < 4 else None  # some at the same time, one without
        Task.objects.create(kind="other", text=f"Task {n}", due_at=due, assignee=owner if n == 3 else None)
    Task.objects.create(kind="other", text="Long done", done_at=NOW - timedelta(days=1))
    client = browse(owner)

    def read(url: str) -> str:
        html = str(client.get(url).content.decode())
        reenter(inside)
        return html

    seen, url = [], f"/c/{inside.slug}/today/tasks/"
    while url:
        html = read(url)
        seen += re.findall(r"Done: (Task \d)", html)
        more = re.search(r'list-more"><a class="btn btn-28" href="([^"]*)"', html)
        url = more[1].replace("&amp;", "&") if more else ""
    assert sorted(seen) == [f"Task {n}" for n in range(5)]
    assert seen[-1] == "Task 4"

    assert re.findall(r"Done: (Task \d)", read(f"/c/{inside.slug}/today/tasks/?view=mine")) == ["Task 3"]
    assert "Long done" in read(f"/c/{inside.slug}/today/tasks/?view=done")
    assert "Long done" not in read(f"/c/{inside.slug}/today/tasks/?view=nonsense&after=x|y")


def test_the_end_of_a_shift_proposes_only_who_was_here(
    inside: Clinic, receptionist: User, browse: Any
) -> None:
    here, open_ = a_visit("Here", at(9), status="arrived"), a_visit("Open", at(10))
    a_visit("Later", at(12))
    a_visit("Marked", at(8), status="fulfilled")

    html = browse(receptionist).get(f"/c/{inside.slug}/today/end-of-shift/").content.decode()

    assert f'name="visit-{here.pk}" value="came" checked' in html
    assert f'name="visit-{open_.pk}" value="" checked' in html
    assert "Later" not in html
    assert "Marked" not in html


def test_a_shift_is_closed_in_one_pass_with_a_note_to_the_next(
    inside: Clinic, receptionist: User, browse: Any
) -> None:
    came, missed, left, gone = (a_visit(name, at(9, 10 * n)) for n, name in enumerate(["A", "B", "C", "D"]))
    Appointment.objects.filter(pk=gone.pk).update(status="cancelled")

    response = browse(receptionist).post(
        f"/c/{inside.slug}/today/end-of-shift/close/",
        {
            f"visit-{came.pk}": "came",
            f"visit-{missed.pk}": "missed",
            f"visit-{left.pk}": "",
            f"visit-{gone.pk}": "came",
            "visit-x": "came",
            f"visit-{uuid4()}": "came",
            "note": "The printer is out of paper",
        },
        follow=True,
    )
    reenter(inside)

    states = dict(Appointment.objects.values_list("patient__name", "status"))
    assert states == {"A": "fulfilled", "B": "no_show", "C": "confirmed", "D": "cancelled"}
    html = response.content.decode()
    assert "2 visits are marked." in html
    assert "1 was changed by somebody else meanwhile" in html
    assert "The printer is out of paper" in html
    assert Task.objects.get().kind == "shift_note"


def test_a_visit_change_and_a_task_tell_open_pages(
    press: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[tuple[str, Any]] = []
    monkeypatch.setattr("messaging.live.publish", lambda kind, **ids: told.append((kind, ids["id"])))
    visit = a_visit("Maja", at(10))

    press(f"{visit.pk}/arrive/")
    press("tasks/add/", text="Order gloves")

    assert ("visit", visit.pk) in told
    assert told[-1] == ("task", Task.objects.get().pk)


@pytest.mark.parametrize("round_", range(3))
def test_of_two_members_at_once_one_marks_and_one_is_told(committed: World, round_: int) -> None:
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        visit = a_visit("Maja", clock.now() - timedelta(minutes=40 * (round_ + 1)))

    def marker(email: str, mark: str) -> Any:
        client = Client()
        client.force_login(committed.users[email])
        path = f"/c/{clinic.slug}/today/{visit.pk}/{mark}/"
        return lambda: client.post(path, headers={"HX-Request": "true"})

    answers = at_once(
        [marker("owner@alpha.example", "complete"), marker("receptionist@alpha.example", "no-show")]
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert toast(loser).startswith("This visit is marked already, by ")
    with in_clinic(clinic):
        assert AppointmentEvent.objects.filter(appointment=visit).count() == 1
