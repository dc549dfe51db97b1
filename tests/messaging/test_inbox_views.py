"""The views of the inbox: which threads stand in each, in which order, counted in one statement."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging.inbox import listing
from messaging.inbox.queries import View
from messaging.models import Conversation, Draft
from scheduling.models import Patient, PatientContact
from tests.messaging.inboxes import HOUR, a_request, a_thread, a_visit_today, reenter, says
from tests.messaging.test_inbox_list import names

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a reader of a view's rows by name, as a member's page shows them."""

    def read(view: View, user: User = owner) -> list[str]:
        html = browse(user).get(f"/c/{inside.slug}/inbox/?view={view}").content.decode()
        reenter(inside)
        return names(html)

    return read


def a_crowd(owner: User, receptionist: User) -> None:
    """Store one thread or two of each kind."""
    now = clock.now()
    a_thread("Free Needs")
    a_thread("Mine Needs", assignee=owner, heard=2 * HOUR)
    a_thread("Theirs Bot", assignee=receptionist, work_state="bot")
    a_thread("Mine Done", assignee=owner, work_state="done")
    a_thread("Mine Waits", assignee=owner, work_state="waiting_patient")
    a_thread("Sleeps Soon", work_state="snoozed", snoozed_until=now + HOUR)
    a_thread("Sleeps Long", work_state="snoozed", snoozed_until=now + 9 * HOUR)
    a_thread("Closes Soon", heard=timedelta(hours=23), assignee=receptionist)
    a_thread("Closed", heard=timedelta(hours=25), assignee=receptionist)
    a_thread("Closes Done", heard=timedelta(hours=23), work_state="done")
    a_thread("Lost", work_state="waiting_patient", failed_count=2)
    a_request(a_thread("Asks", work_state="bot"))


WANTED = {
    View.NEEDS_REPLY: ["Closed", "Closes Soon", "Mine Needs", "Free Needs"],
    View.MINE: ["Mine Waits", "Mine Needs"],
    View.UNASSIGNED: ["Free Needs"],
    View.BOT: ["Asks", "Theirs Bot"],
    View.CLOSING: ["Closes Soon"],
    View.FAILED: ["Lost"],
    View.SNOOZED: ["Sleeps Soon", "Sleeps Long"],
    View.WAITING: ["Lost", "Mine Waits"],
    View.DONE: ["Mine Done", "Closes Done"],
}


def test_each_thread_stands_where_it_belongs(shown: Any, owner: User, receptionist: User) -> None:
    a_crowd(owner, receptionist)

    assert {view: shown(view) for view in WANTED} == WANTED


def test_the_counts_say_what_the_views_show_in_one_statement(
    inside: Clinic, owner: User, receptionist: User
) -> None:
    a_crowd(owner, receptionist)

    with CaptureQueriesContext(connection) as seen:
        counts = listing.counts(owner, now=clock.now())

    assert len(seen) == 1
    shown = {view: len(rows) for view, rows in WANTED.items() if view is not View.DONE}
    assert counts == {**shown, View.REQUESTS: 1}


def test_the_rail_names_the_views_in_their_fixed_order(inside: Clinic, owner: User, browse: Any) -> None:
    html = browse(owner).get(f"/c/{inside.slug}/inbox/").content.decode()

    rail = html[html.index('data-part="nav"') :]
    own_menu = (View.ALL, View.BLOCKED)
    at = [rail.index(f'data-view="{view}"') for view in View if view not in own_menu]
    assert at == sorted(at)
    for view in own_menu:
        assert f'data-view="{view}"' not in rail[: rail.index("</nav>")]
    assert "All threads" in html


def test_mine_are_a_members_own(shown: Any, owner: User, receptionist: User) -> None:
    a_crowd(owner, receptionist)

    assert shown(View.MINE, receptionist) == ["Theirs Bot", "Closes Soon", "Closed"]


def test_patients_with_a_visit_today_come_first(shown: Any) -> None:
    a_visit_today(a_thread("Visit Short", heard=timedelta(minutes=3)))
    a_thread("Long Wait", heard=5 * HOUR)
    a_visit_today(a_thread("Visit Long", heard=HOUR))
    a_visit_today(a_thread("Cancelled", heard=timedelta(minutes=1)), status="cancelled")

    assert shown(View.NEEDS_REPLY) == ["Visit Long", "Visit Short", "Long Wait", "Cancelled"]
    assert shown(View.UNASSIGNED) == ["Visit Long", "Visit Short", "Long Wait", "Cancelled"]


@pytest.mark.parametrize(
    ("starts", "is_today"),
    [
        ("2026-11-23T00:00", True),
        ("2026-11-23T23:30", True),
        ("2026-11-22T23:30", False),
        ("2026-11-24T00:00", False),
    ],
)
def test_today_is_the_clinics_day(inside: Clinic, owner: User, starts: str, is_today: bool) -> None:
    # 23:30 in New York: it is tomorrow already in UTC.
    now = datetime(2026, 11, 23, 23, 30, tzinfo=inside.zone)
    with time_machine.travel(now, tick=False):
        thread = a_thread()
        a_visit_today(thread, at=datetime.fromisoformat(starts).replace(tzinfo=inside.zone))
        page = listing.conversations(View.NEEDS_REPLY, clinic=inside, user=owner, now=clock.now())

    assert page.today == ({thread.pk} if is_today else frozenset())


def test_the_row_says_who_has_it_what_was_begun_and_until_when_it_sleeps(
    inside: Clinic, owner: User, receptionist: User, browse: Any
) -> None:
    drafted = a_thread("Draft Person", assignee=receptionist)
    Draft.objects.create(
        conversation=drafted, user=owner, tab="reply", body="Good <b>news</b>", updated_at=clock.now()
    )
    a_thread("Sleeper", work_state="snoozed", snoozed_until=clock.now() + 30 * HOUR)

    mine = browse(owner).get(f"/c/{inside.slug}/inbox/").content.decode()
    theirs = browse(receptionist).get(f"/c/{inside.slug}/inbox/").content.decode()
    asleep = browse(owner).get(f"/c/{inside.slug}/inbox/?view=snoozed").content.decode()

    assert "<b>Draft:</b> Good &lt;b&gt;news&lt;/b&gt;" in mine
    assert f"{receptionist.get_full_name()} has it" in mine
    assert "Good" not in theirs[theirs.index("row-last") :][:200]
    assert "Snoozed until" in asleep


def test_a_family_is_one_row_that_asks_who_writes(inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread("Luis García")
    for name in ("Mateo García", "Ana García"):
        patient = Patient.objects.create(name=name)
        PatientContact.objects.create(patient=patient, contact_point=thread.contact_point)

    html = browse(owner).get(f"/c/{inside.slug}/inbox/").content.decode()

    assert names(html) == ["García family · 3"]
    assert "Who writes?" in html


def test_an_empty_inbox_says_whose_window_closes_next(inside: Clinic, owner: User, browse: Any) -> None:
    a_thread("Ana Ruiz", work_state="bot", heard=timedelta(hours=22))
    a_thread("Later Person", work_state="bot", heard=HOUR)

    html = browse(owner).get(f"/c/{inside.slug}/inbox/").content.decode()

    assert "All answered" in html
    assert "Next window closes" in html
    assert "(Ana R.)" in html


def test_the_lists_end_says_to_whom_to_write_first(inside: Clinic, owner: User, browse: Any) -> None:
    a_thread("Ana Ruiz", heard=timedelta(hours=22))
    a_thread("Later Person", heard=HOUR)

    html = browse(owner).get(f"/c/{inside.slug}/inbox/").content.decode()

    assert "That is all. Write to Ana Ruiz by" in html


def test_what_failed_stands_in_its_view_whatever_was_said_since(shown: Any) -> None:
    thread = a_thread("Lost", failed_count=1)
    says(thread, "hola?")
    Conversation.objects.filter(pk=thread.pk).update(work_state="bot")

    assert shown(View.FAILED) == ["Lost"]
