"""The demo: two clinics that look lived in, made once, in a few seconds."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from clinics.models import Clinic, Sender, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from medsync.stack import demo
from messaging.models import Conversation, Message, WorkState
from scheduling.models import Appointment, AppointmentType, Practitioner, Status
from tests.world import restore_snapshot


@pytest.fixture
def no_world(committed):
    """Free the numbers that the tests' own clinics have in common with the demo's."""
    Sender.objects.update(status="disabled", rank=None)
    return committed


@pytest.fixture(scope="class")
def seeded(django_db_setup, django_db_blocker):
    """Seed the demo once; return the time that it was seeded at, and the seconds that it took."""
    with django_db_blocker.unblock():
        connection.set_schema_to_public()
        try:
            Sender.objects.update(status="disabled", rank=None)
            now, began = clock.now(), time.monotonic()
            demo.seed(now)
            yield now, time.monotonic() - began
        finally:
            restore_snapshot()
            connection.close()


class TestOneDemo:
    def test_it_is_seeded_in_seconds_and_only_once(self, seeded):
        now, took = seeded
        before = _figures()
        began = time.monotonic()
        demo.seed(now + timedelta(hours=1))
        assert _figures() == before
        assert time.monotonic() - began < 1
        assert took < 30, "measured 3-5 s on two quiet cores"

    def test_it_shows_every_state(self, seeded):
        now, _ = seeded
        for slug, doctor in (("riverside", "Dr. Elena Vidal"), ("sol", "Dra. Inés Mora")):
            clinic = Clinic.objects.get(slug=slug)
            assert clinic.is_demo
            assert {s.channel for s in clinic.senders.all()} == {"whatsapp", "sms"}
            assert {s.account.provider for s in clinic.senders.all()} == {"local"}
            with in_clinic(clinic):
                states = set(Conversation.objects.values_list("work_state", flat=True))
                assert {WorkState.NEEDS_REPLY, WorkState.BOT, WorkState.WAITING, WorkState.DONE} <= states
                assert Conversation.objects.count() >= 12
                assert Appointment.objects.filter(status=Status.PENDING_REVIEW, starts_at__gt=now).exists()
                assert not Appointment.objects.filter(
                    status=Status.PENDING_REVIEW, respond_by__lte=now
                ).exists()
                assert Message.objects.filter(status__in=["failed", "undelivered"]).exists()
                assert Message.objects.filter(kind="note").exists()
                assert Conversation.objects.filter(window_closes_at__lt=now).exists()
                assert not Message.objects.filter(status="queued").exists()
                # One each, so that the bot can offer times to the first "I need an appointment".
                assert Practitioner.objects.get(bookable=True).name == doctor
                assert AppointmentType.objects.filter(bookable=True).count() == 1

    def test_whom_it_promises_can_log_in(self, seeded):
        for email, clinics in (("owner@riverside.example", 2), ("reception@sol.example", 1)):
            user = User.objects.get(email=email)
            assert user.check_password("medsync-demo")
            assert user.memberships.filter(ended_at=None).count() == clinics


@pytest.mark.parametrize("hour", [3, 12, 23])
def test_the_demo_can_be_made_at_any_hour(no_world, hour):
    demo.seed(datetime(2026, 12, 26, hour, 30, tzinfo=UTC))
    assert Clinic.objects.filter(is_demo=True, state="ready").count() == 2


def _figures():
    figures = {}
    for clinic in Clinic.objects.filter(is_demo=True):
        with in_clinic(clinic):
            figures[clinic.slug] = (
                Conversation.objects.count(),
                Message.objects.count(),
                Appointment.objects.count(),
            )
    return figures, User.objects.count(), Sender.objects.count()


def test_public_passwords_open_nothing_where_the_demo_is_off(no_world, client):
    demo.seed(clock.now())
    own = User.objects.get(email="devon@riverside.example")
    own.set_password("a word of my own")
    own.save()

    assert demo.close_accounts() > 0

    def opens(email, password):
        client.post("/accounts/login/", {"login": email, "password": password})
        return "_auth_user_id" in client.session

    assert not opens("owner@riverside.example", demo.PASSWORD)
    assert opens("devon@riverside.example", "a word of my own")
    client.post("/accounts/logout/")
    demo.seed(clock.now())  # the demo is on again
    assert opens("owner@riverside.example", demo.PASSWORD)
