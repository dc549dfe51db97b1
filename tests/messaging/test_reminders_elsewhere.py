"""What waits in the queue for somebody who is not reached there any more, or who is at the clinic already."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, ProviderAccount, User
from clinics.tenancy import in_clinic
from messaging.blocking import block
from messaging.models import Message
from messaging.reminders import calling
from scheduling import operations, reach
from scheduling.models import Appointment, Patient, PatientContact
from tests.messaging.days import NOW
from tests.messaging.reminding import HOUR, outcomes, reminders, rules, share, someone, sweep, visit_of
from tests.messaging.talk import Talk

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clock(clinic: Clinic) -> Iterator[Any]:
    with in_clinic(clinic):
        rules()
    with time_machine.travel(NOW, tick=False) as moved:
        yield moved


def takes_off(patient: Patient) -> None:
    contact = PatientContact.objects.get(patient=patient, starred=True)
    reach.remove(patient, contact_id=contact.pk, now=NOW)


def says_not_theirs(patient: Patient) -> None:
    contact = PatientContact.objects.get(patient=patient, starred=True)
    reach.mark_not_theirs(patient, contact_id=contact.pk, now=NOW)


@pytest.mark.parametrize("leave", [takes_off, says_not_theirs])
def test_a_reminder_that_waits_does_not_go_to_a_number_that_is_not_the_patients_any_more(
    clinic: Clinic, leave: Callable[[Patient], None]
) -> None:
    with in_clinic(clinic):
        patient, _ = someone(clinic, channel="sms")
        visit_of(patient, NOW + DAY)
        assert sweep(NOW) == 1
        reach.add_phone(patient, phone="+12125550188", region="US", now=NOW)

        leave(patient)
        assert sweep(NOW) == 1

        first, second = reminders()
        assert (first.status, second.status) == ("cancelled", "queued")
        assert second.address == "+12125550188"
        assert outcomes() == [(1, 24, "sent")]


def test_where_there_is_no_other_number_the_visit_is_on_the_call_list(clinic: Clinic) -> None:
    with in_clinic(clinic):
        patient, _ = someone(clinic, channel="sms")
        visit = visit_of(patient, NOW + DAY)
        sweep(NOW)

        takes_off(patient)
        assert sweep(NOW) == 0

        (row,) = calling.to_call(now=NOW, until=NOW + 2 * DAY)
        assert (row.visit.pk, row.why) == (visit.pk, "no_address")


def test_the_others_of_a_family_are_reminded_there_all_the_same(clinic: Clinic) -> None:
    with in_clinic(clinic):
        mother, conversation = someone(clinic, name="Rosa", channel="sms")
        child = Patient.objects.create(name="Leo", preferred_language="en")
        share(child, conversation)
        visit_of(mother, NOW + DAY)
        visit_of(child, NOW + DAY + HOUR)
        assert sweep(NOW) == 1

        says_not_theirs(mother)
        assert sweep(NOW + HOUR) == 1

        (left,) = [m for m in reminders() if m.status == "queued"]
        assert ("Leo" in left.body, "Rosa" in left.body) == (True, False)


@pytest.mark.parametrize("words", ["2", "no", "1", "yes"])
def test_who_has_the_number_now_answers_for_nobody(clinic: Clinic, words: str) -> None:
    with in_clinic(clinic):
        patient, conversation = someone(clinic, channel="sms")
        visit = visit_of(patient, NOW + DAY)
        sweep(NOW)
        Message.objects.filter(status="queued").update(status="delivered", next_attempt_at=None)
        says_not_theirs(patient)
    Talk(clinic, channel="sms", sender=conversation.contact_point.phone or "", at=NOW).say(words)
    with in_clinic(clinic):
        visit.refresh_from_db()
        assert visit.attendance == "asked"


@pytest.mark.parametrize("what", ["late", "here"])
def test_who_says_late_or_here_is_not_asked_any_more(clinic: Clinic, what: str) -> None:
    with in_clinic(clinic):
        patient, _ = someone(clinic, channel="sms")
        visit = visit_of(patient, NOW + 5 * HOUR)
        rules(steps=[5])
        assert sweep(NOW) == 1
        seen = Appointment.objects.get(pk=visit.pk)

        if what == "late":
            operations.says_late(seen, minutes=15, source="sms", now=NOW)
        else:
            operations.says_here(seen, source="sms", now=NOW)

        assert [m.status for m in reminders()] == ["cancelled"]
        assert sweep(NOW) == 0


def test_who_is_there_is_not_asked_until_that_was_a_mistake(clinic: Clinic, receptionist: User) -> None:
    with in_clinic(clinic):
        patient, _ = someone(clinic, channel="sms")
        visit = visit_of(patient, NOW + 5 * HOUR)
        rules(steps=[5])
        assert sweep(NOW) == 1

        arrived = operations.arrive(Appointment.objects.get(pk=visit.pk), by=receptionist, now=NOW)
        assert [m.status for m in reminders()] == ["cancelled"]
        assert sweep(NOW) == 0

        operations.take_back(arrived, by=receptionist, now=NOW)
        assert sweep(NOW) == 1


def test_what_stays_here_because_the_address_was_blocked_is_called_about(
    clinic: Clinic, receptionist: User
) -> None:
    with in_clinic(clinic):
        patient, conversation = someone(clinic, channel="sms")
        visit = visit_of(patient, NOW + DAY)
        assert sweep(NOW) == 1
        assert calling.to_call(now=NOW, until=NOW + 2 * DAY) == []

        block(conversation, by=receptionist, now=NOW)

        (row,) = calling.to_call(now=NOW, until=NOW + 2 * DAY)
        assert (row.visit.pk, row.why) == (visit.pk, "blocked_address")
        assert calling.count(clinic.zone, now=NOW) == 1


def test_what_a_refused_account_keeps_here_is_called_about_as_long_as_it_does(clinic: Clinic) -> None:
    with in_clinic(clinic):
        patient, _ = someone(clinic, channel="sms")
        visit = visit_of(patient, NOW + DAY)
        sweep(NOW)
        accounts = ProviderAccount.objects.filter(pk=reminders()[0].account_id)
        accounts.update(state="refused")

        (row,) = calling.to_call(now=NOW, until=NOW + 2 * DAY)
        assert (row.visit.pk, row.why) == (visit.pk, "account_refused")
        (row,) = calling.to_call(now=NOW + 23 * HOUR, until=NOW + 2 * DAY)
        assert row.why == "too_late"

        accounts.update(state="active")
        assert calling.to_call(now=NOW, until=NOW + 2 * DAY) == []
