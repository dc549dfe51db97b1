"""A demo clinic's clock can be moved, nobody else's can, and the shared schema keeps to the real time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from clinics.demo_clock import FURTHEST, NotADemo, OutOfReach, move_clock
from clinics.models import ApiToken, Clinic, Invitation, User
from clinics.tenancy import clinic_by_slug, forget_clinics, in_clinic
from medsync.lib import clock
from tests.statements import statements

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def demo(clinic: Clinic) -> Clinic:
    """Return the clinic under test as a demo, fresh from the table."""
    Clinic.objects.filter(pk=clinic.pk).update(is_demo=True)
    forget_clinics()
    fresh: Clinic = Clinic.objects.get(pk=clinic.pk)
    return fresh


def offset_of(clinic: Clinic) -> timedelta:
    offset: timedelta = Clinic.objects.get(pk=clinic.pk).clock_offset
    return offset


def shown(clinic: Clinic) -> datetime:
    """Return what the clinic's clock shows at NOW."""
    with time_machine.travel(NOW, tick=False), in_clinic(clinic):
        return clock.now()


def test_inside_the_clinic_it_is_later_and_outside_it_is_not(demo: Clinic, other_clinic: Clinic) -> None:
    assert move_clock(demo, lambda at: at + 26 * HOUR, now=NOW) == 26 * HOUR

    assert shown(demo) == NOW + 26 * HOUR
    assert shown(other_clinic) == NOW
    with time_machine.travel(NOW, tick=False):
        assert clock.now() == NOW
        with in_clinic(demo):
            assert clock.real_now() == NOW
            assert clock.here(NOW) == NOW + 26 * HOUR
            with in_clinic(other_clinic):
                assert clock.now() == NOW
            assert clock.now() == NOW + 26 * HOUR
        assert clock.now() == NOW


def test_the_time_goes_with_the_schema_and_is_never_left_behind(demo: Clinic) -> None:
    move_clock(demo, lambda at: at + DAY, now=NOW)
    in_clinic(demo).__enter__()
    assert clock.offset() == DAY

    connection.set_schema_to_public()  # type: ignore[attr-defined]

    assert clock.offset() == timedelta(0)


def test_moves_add_up_and_back_is_the_real_time(demo: Clinic) -> None:
    move_clock(demo, lambda at: at + DAY, now=NOW)
    assert move_clock(demo, lambda at: at + HOUR, now=NOW) == HOUR
    assert offset_of(demo) == 25 * HOUR

    assert move_clock(demo, lambda _at: NOW, now=NOW) == -25 * HOUR

    assert offset_of(demo) == timedelta(0)


def test_this_process_knows_at_once(demo: Clinic, django_capture_on_commit_callbacks: Any) -> None:
    assert clinic_by_slug(demo.slug)
    other_copy = Clinic.objects.get(pk=demo.pk)

    with django_capture_on_commit_callbacks(execute=True):
        move_clock(other_copy, lambda at: at + DAY, now=NOW)

    found = clinic_by_slug(demo.slug)
    assert found is not None
    assert found.clock_offset == other_copy.clock_offset == DAY


@pytest.mark.parametrize(
    "to",
    [NOW - timedelta(minutes=2), NOW + FURTHEST + HOUR],
    ids=["before the real time", "too far ahead"],
)
def test_a_time_out_of_reach_changes_nothing(demo: Clinic, to: datetime) -> None:
    with pytest.raises(OutOfReach):
        move_clock(demo, lambda _at: to, now=NOW)
    assert offset_of(demo) == timedelta(0)


def test_the_minute_that_is_now_is_no_move(demo: Clinic) -> None:
    assert move_clock(demo, lambda _at: NOW - timedelta(seconds=40), now=NOW) == timedelta(0)


def test_a_real_clinics_clock_does_not_move(clinic: Clinic) -> None:
    with pytest.raises(NotADemo):
        move_clock(clinic, lambda at: at + HOUR, now=NOW)
    assert offset_of(clinic) == timedelta(0)


def test_the_table_itself_refuses_to_move_a_real_clinics_clock(clinic: Clinic) -> None:
    with pytest.raises(IntegrityError, match="only_demo_clocks_move"), transaction.atomic():
        Clinic.objects.filter(pk=clinic.pk).update(clock_offset=HOUR)


def test_a_demo_whose_clock_was_moved_does_not_become_real(demo: Clinic) -> None:
    move_clock(demo, lambda at: at + HOUR, now=NOW)
    with pytest.raises(IntegrityError, match="only_demo_clocks_move"), transaction.atomic():
        Clinic.objects.filter(pk=demo.pk).update(is_demo=False)


def test_a_move_locks_reads_and_writes_one_row(demo: Clinic) -> None:
    with statements() as sent:
        move_clock(demo, lambda at: at + HOUR, now=NOW)
    assert len([one for one in sent if "clinics_clinic" in one]) == 2


def test_links_and_tokens_keep_to_the_real_time(demo: Clinic, owner: User, browse: Any, api: Any) -> None:
    token_caller = api(owner, demo)
    move_clock(demo, lambda at: at + 300 * DAY, now=clock.now())
    forget_clinics()

    browse(owner).post(f"/c/{demo.slug}/team/invitations/", {"email": "new@example.org", "role": "doctor"})

    made = Invitation.objects.get()
    assert made.expires_at < clock.real_now() + 60 * DAY
    assert token_caller.get("/api/whatsapp/senders").status_code == 200
    used = ApiToken.objects.get(user=owner).last_used_at
    assert used is None or used <= clock.real_now()
