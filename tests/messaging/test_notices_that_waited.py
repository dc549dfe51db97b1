"""Notices that wait, for their account or past their window: what is not so any more does not go, nor by a way it may not."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Channel, Clinic, ProviderAccount, User
from clinics.tenancy import in_clinic
from messaging.facts import forget_facts
from messaging.models import Confirmation, Message, MessagingSettings, Window
from messaging.outbox.claiming import claim
from scheduling import operations, reach
from scheduling.models import Appointment, PatientContact
from tests.messaging.days import NOW
from tests.messaging.reminding import HOUR, someone, visit_of

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def inside(clinic: Clinic) -> Iterator[Clinic]:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        yield clinic
    forget_facts()


def by_sms(enabled: bool) -> None:
    MessagingSettings.objects.update_or_create(pk=1, defaults={"sms_enabled": enabled})
    forget_facts()


def a_visit(clinic: Clinic) -> Appointment:
    """Return a visit of somebody who wrote by WhatsApp an hour ago."""
    patient, conversation = someone(clinic, heard=HOUR)
    return visit_of(patient, NOW + 2 * DAY, contact_point=conversation.contact_point)


def notices() -> list[Message]:
    return list(Message.objects.filter(purpose="notice").order_by("created_at", "id"))


def accounts(state: str) -> None:
    ProviderAccount.objects.update(state=state)


def moved(visit: Appointment, by: User, **options: Any) -> None:
    visit.refresh_from_db()
    at = visit.starts_at + DAY
    operations.move(visit, starts_at=at, by=by, expected_version=visit.version, now=NOW, **options)


def test_what_waited_until_after_the_visit_is_not_told(inside: Clinic, owner: User) -> None:
    visit = a_visit(inside)
    accounts("refused")
    operations.cancel(visit, by=owner, why="clinic", now=NOW)
    assert [m.status for m in notices()] == ["queued"]
    accounts("active")
    after = visit.starts_at + DAY
    Window.objects.update(last_inbound_at=after)
    assert claim(now=after, limit=10) == ()
    (notice,) = notices()
    assert (notice.status, notice.reason) == ("blocked", "too_late")
    assert Confirmation.objects.get().outcome == "too_late"


def test_of_two_changes_only_the_last_is_told(inside: Clinic, owner: User) -> None:
    visit = a_visit(inside)
    accounts("refused")
    moved(visit, owner)
    visit.refresh_from_db()
    operations.cancel(visit, by=owner, why="clinic", now=NOW)
    assert [(m.status, m.reason) for m in notices()] == [("cancelled", "visit_changed"), ("queued", "")]
    assert list(Confirmation.objects.order_by("at", "id").values_list("outcome", flat=True)) == [
        "visit_changed",
        "queued",
    ]
    accounts("active")
    (job,) = claim(now=NOW, limit=10)
    assert job.message.said["key"] == "cancelled"


@pytest.mark.parametrize("enabled", [False, True], ids=["sms_off", "sms_on"])
def test_past_its_window_it_goes_by_sms_only_where_confirmations_may(
    inside: Clinic, owner: User, enabled: bool
) -> None:
    visit = a_visit(inside)
    by_sms(enabled)
    operations.cancel(visit, by=owner, why="clinic", now=NOW)
    (notice,) = notices()
    assert (notice.channel, notice.status) == (Channel.WHATSAPP, "queued")
    Window.objects.update(last_inbound_at=NOW - 2 * DAY)

    jobs = claim(now=NOW, limit=5)

    (notice,) = notices()
    if enabled:
        assert [job.message.pk for job in jobs] == [notice.pk]
        assert notice.channel == Channel.SMS
        assert "To book again" in notice.body  # the words of confirmations, not those of the chat
    else:
        assert not jobs
        assert (notice.channel, notice.status) == (Channel.WHATSAPP, "blocked")
        assert Confirmation.objects.get().outcome == "window_closed"
        assert notice.conversation.work_state == "needs_reply"


@pytest.mark.parametrize("leave", [reach.remove, reach.mark_not_theirs])
def test_what_waited_does_not_go_to_a_number_that_is_not_the_patients_any_more(
    inside: Clinic, owner: User, leave: Any
) -> None:
    visit = a_visit(inside)
    other, elsewhere = someone(inside, "Bea Sol", heard=HOUR)
    accounts("refused")
    operations.cancel(visit, by=owner, why="clinic", now=NOW)
    moved(visit_of(other, NOW + 2 * DAY, contact_point=elsewhere.contact_point), owner)
    contact = PatientContact.objects.get(patient=visit.patient)
    leave(visit.patient, contact_id=contact.pk, now=NOW)
    accounts("active")

    (job,) = claim(now=NOW, limit=10)

    assert job.message.conversation == elsewhere
    withheld, gone = notices()
    assert (withheld.status, withheld.reason, gone.status) == ("blocked", "not_theirs", "sending")
    assert Confirmation.objects.get(message=withheld).outcome == "not_theirs"
    withheld.conversation.refresh_from_db()
    assert withheld.conversation.work_state == "needs_reply", "a person is to tell them"


def test_what_waited_goes_where_somebody_else_is_reached_too(inside: Clinic, owner: User) -> None:
    """A mother's phone: her child is taken off it, and hers is still told."""
    visit = a_visit(inside)
    child, _ = someone(inside, "Nico Pérez")
    point = PatientContact.objects.get(patient=visit.patient).contact_point
    PatientContact.objects.create(patient=child, contact_point=point)
    accounts("refused")
    operations.cancel(visit, by=owner, why="clinic", now=NOW)
    reach.remove(child, contact_id=PatientContact.objects.get(patient=child, contact_point=point).pk, now=NOW)
    accounts("active")

    (job,) = claim(now=NOW, limit=10)

    assert job.message.appointment_id == visit.pk
