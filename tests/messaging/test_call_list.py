"""The call list: whom no text has reached until the end of the next working day, and what a call found out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging.models import ChannelConsent, Message, VisitCall
from messaging.reminders import calling
from scheduling.models import Appointment, AppointmentEvent, Patient
from scheduling.reach import add_phone
from tests.messaging.days import NOW
from tests.messaging.inboxes import reenter
from tests.messaging.reminding import HOUR, reminders, rules, someone, sweep, visit_of

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inside(db: None, clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(browse: Any, clinic: Clinic, receptionist: User) -> Any:
    client = browse(receptionist)

    def go(path: str = "", **data: Any) -> Any:
        url = f"/c/{clinic.slug}/call-list/{path}"
        response = client.post(url, data, follow=True) if data else client.get(url)
        reenter(clinic)
        return response

    return go


def unreached(name: str = "No Whatsapp", *, hours: int = 24) -> Appointment:
    """A visit whose patient has a landline only, and said stop there."""
    patient = Patient.objects.create(name=name)
    contact = add_phone(patient, phone="+12125550177", region="US", now=NOW)
    ChannelConsent.objects.update_or_create(
        contact_point=contact.contact_point, channel="sms", defaults={"opted_out_at": NOW - DAY}
    )
    return visit_of(patient, NOW + hours * HOUR)


def test_who_can_be_reached_on_no_channel_is_on_the_list_with_number_and_reason(
    clinic: Clinic, desk: Any
) -> None:
    rules()
    unreached()
    visit_of(someone(clinic, "Reached Well", channel="sms")[0], NOW + DAY)
    assert "Nobody to call" in desk().content.decode()
    sweep(NOW)

    shown = desk().content.decode()

    assert "No Whatsapp" in shown
    assert 'href="tel:+12125550177"' in shown
    assert "opted out" in shown
    assert "Reached Well" not in shown


def test_what_did_not_arrive_is_on_the_list_until_somebody_solves_it(clinic: Clinic, desk: Any) -> None:
    rules()
    visit_of(someone(clinic, "Lost Sms", channel="sms")[0], NOW + DAY)
    sweep(NOW)
    Message.objects.filter(pk=reminders()[0].pk).update(status="undelivered", error_code="30003")

    assert "Lost Sms" in desk().content.decode()

    Message.objects.update(solved="otherwise")
    assert "Lost Sms" not in desk().content.decode()


def test_the_list_ends_with_the_next_working_day(clinic: Clinic, desk: Any) -> None:
    """It is Tuesday: Wednesday's visits are on it, Thursday's are not yet."""
    rules(steps=[72])
    unreached("Wednesday Visit", hours=37)
    unreached("Thursday Visit", hours=61)
    sweep(NOW)
    sweep(NOW - 11 * HOUR)

    shown = desk().content.decode()

    assert "Wednesday Visit" in shown
    assert "Thursday Visit" not in shown
    assert calling.count(clinic.zone, now=NOW) == 1


@pytest.mark.parametrize(
    ("outcome", "attendance", "event"),
    [("coming", "attending", "attending"), ("not_coming", "declined", "declined")],
    ids=["coming", "not coming"],
)
def test_what_the_patient_says_on_the_phone_counts_as_the_answer(
    clinic: Clinic, desk: Any, receptionist: User, outcome: str, attendance: str, event: str
) -> None:
    rules()
    visit = unreached()
    sweep(NOW)

    shown = desk(f"{visit.pk}/called/", outcome=outcome, version="1").content.decode()

    visit.refresh_from_db()
    assert visit.attendance == attendance
    said = AppointmentEvent.objects.get(appointment=visit, kind=event)
    assert (said.actor_id, said.source) == (receptionist.pk, "voice")
    assert "Noted." in shown
    assert "Receptionist" in shown  # who called stands beside it
    assert 'value="no_answer"' not in shown
    assert calling.count(clinic.zone, now=NOW) == 0


def test_nobody_answered_leaves_the_visit_on_the_list(clinic: Clinic, desk: Any) -> None:
    rules()
    visit = unreached()
    sweep(NOW)

    shown = desk(f"{visit.pk}/called/", outcome="no_answer", version="1").content.decode()

    assert "No answer, Receptionist" in shown
    assert 'value="coming"' in shown
    assert VisitCall.objects.get().outcome == "no_answer"
    assert calling.count(clinic.zone, now=NOW) == 1


def test_a_visit_that_was_moved_meanwhile_is_not_answered_for(clinic: Clinic, desk: Any) -> None:
    rules()
    visit = unreached()
    sweep(NOW)
    Appointment.objects.update(version=2)

    shown = desk(f"{visit.pk}/called/", outcome="coming", version="1").content.decode()

    assert "has changed meanwhile" in shown
    assert not VisitCall.objects.exists()


@pytest.mark.parametrize(
    "data", [{"outcome": "maybe", "version": "1"}, {"outcome": "coming", "version": "x"}]
)
def test_nonsense_is_refused(desk: Any, data: dict[str, str]) -> None:
    assert desk(f"{unreached().pk}/called/", **data).status_code == 400


def test_another_clinics_visit_is_not_found(
    clinic: Clinic, other_clinic: Clinic, browse: Any, other_owner: User
) -> None:
    visit = unreached()
    client = browse(other_owner)
    data = {"outcome": "coming", "version": "1"}

    foreign = client.post(f"/c/{other_clinic.slug}/call-list/{visit.pk}/called/", data)
    closed = client.post(f"/c/{clinic.slug}/call-list/{visit.pk}/called/", data)
    reenter(clinic)

    assert (foreign.status_code, closed.status_code) == (404, 404)
    assert not VisitCall.objects.exists()


def test_the_first_page_of_the_day_leads_to_the_list(clinic: Clinic, browse: Any, receptionist: User) -> None:
    rules()
    unreached()
    sweep(NOW)

    shown = browse(receptionist).get(f"/c/{clinic.slug}/today/").content.decode()
    reenter(clinic)

    assert "1 visit that no reminder reached" in shown
    assert f"/c/{clinic.slug}/call-list/" in shown
