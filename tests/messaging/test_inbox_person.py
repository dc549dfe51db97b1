"""The pane beside a thread: who it is, how they are reached, visits, consent, notes, and what it costs."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import set_urlconf

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging.inbox import person, queries
from messaging.models import ChannelConsent
from scheduling.models import Appointment, ContactAddress, ContactPoint, Patient, PatientContact
from scheduling.operations import accept, reject
from tests.messaging.inboxes import HOUR, a_request, a_thread, reenter, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(inside: Clinic, receptionist: User, browse: Any) -> Any:
    """Return a reader of the pane, as the front desk sees it."""
    client = browse(receptionist)

    def get(thread: Any) -> str:
        response = client.get(f"/c/{inside.slug}/inbox/{thread.id}/person/")
        reenter(inside)
        assert response.status_code == 200
        return str(response.content.decode())

    return get


def a_child(thread: Any, name: str, relation: str) -> Patient:
    """Let one more person be reached on the thread's phone."""
    child = Patient.objects.create(name=name)
    PatientContact.objects.create(patient=child, contact_point=thread.contact_point, relation=relation)
    return child


def test_the_pane_costs_at_most_eight_statements_whatever_it_shows(inside: Clinic, owner: User) -> None:
    thread = a_thread()
    a_request(thread)
    for n in range(4):
        a_child(thread, f"Child {n} Delgado", "mother")
    for n in range(30):
        says(thread, f"note {n}", author="staff", user=owner, kind="note", status="received")
    a_second_line(thread)
    now = clock.now()
    set_urlconf("medsync.clinic_urls")

    with CaptureQueriesContext(connection) as seen:
        found = queries.conversation(thread.id)
        assert found is not None
        shown = person.person(person.rows(found, now=now), clinic=inside, now=now)
    set_urlconf(None)

    assert (len(shown.people), len(shown.points), len(shown.upcoming)) == (5, 2, 1)
    assert len(seen) <= 8, [q["sql"][:90] for q in seen]


def a_second_line(thread: Any) -> ContactPoint:
    """Give the thread's patient one more number, by SMS, for reminders."""
    point = ContactPoint.objects.create(match_key="+12125550188", phone="+12125550188")
    ContactAddress.objects.create(contact_point=point, channel="sms", address="+12125550188")
    patient = Patient.objects.filter(contacts__contact_point=thread.contact_point).order_by("created_at")[0]
    PatientContact.objects.create(patient=patient, contact_point=point, relation="daughter", starred=True)
    return point


def test_it_says_who_it_is_and_how_they_are_reached(read: Any) -> None:
    thread = a_thread("Rosa Delgado")
    Patient.objects.update(date_of_birth=date(1986, 3, 14), record_number="R-7")
    a_second_line(thread)

    html = read(thread)

    for words in ("Rosa Delgado", "March 14, 1986 (", "R-7", "English", "WhatsApp", "this thread"):
        assert words in html
    assert "(212) 555-0188" in html
    assert "daughter answers, for reminders" in html


def test_a_shared_phone_names_everybody_with_what_they_are_to_its_holder(read: Any) -> None:
    thread = a_thread("Rosa Delgado")
    a_child(thread, "Mateo Delgado", "mother")

    html = read(thread)

    assert "On this phone" in html
    assert 'Mateo Delgado</a> <span class="ink-2">(child)</span>' in html


def test_a_phone_of_one_person_is_not_called_shared(read: Any) -> None:
    assert "On this phone" not in read(a_thread())


def test_visits_stand_in_next_and_past_with_their_words(read: Any, owner: User) -> None:
    thread, other = a_thread(), a_thread("Other Person")
    first = a_request(thread)
    assert "Requested" in read(thread)
    accept(first, by=owner, now=clock.now())
    assert "Accepted" in read(thread)
    reject(a_request(other), by=owner, reason="", now=clock.now())
    assert "No visits yet." in read(other)

    Appointment.objects.filter(pk=first.pk).update(
        starts_at=clock.now() - 26 * HOUR, ends_at=clock.now() - 25 * HOUR, status="no_show"
    )
    html = read(thread)

    assert "<h4>Past</h4>" in html
    assert "<h4>Next</h4>" not in html
    assert "Did not come" in html


def test_only_the_people_of_this_phone_are_shown(read: Any) -> None:
    thread, other = a_thread(), a_thread("Grace Osei")
    a_request(other)

    html = read(thread)

    assert "Grace" not in html
    assert "Requested" not in html


def test_somebody_marked_as_not_theirs_is_gone(read: Any) -> None:
    thread = a_thread("Rosa Delgado")
    child = a_child(thread, "Mateo Delgado", "mother")
    PatientContact.objects.filter(patient=child).update(not_theirs_at=clock.now())

    assert "Mateo" not in read(thread)


def test_consent_is_shown_for_each_channel(read: Any) -> None:
    thread = a_thread()
    point = thread.contact_point
    ChannelConsent.objects.filter(contact_point=point).update(news=False)
    ChannelConsent.objects.create(
        contact_point=point, channel="sms", opted_out_at=clock.now() - timedelta(days=3)
    )

    html = read(thread)

    assert "May we write?" in html
    assert "Answers and reminders" in html
    assert "Messages to many" in html
    assert "No, they stopped messages" in html
    assert html.count('class="is-bad"') == 2


def test_what_was_never_asked_is_said_to_be_so(read: Any) -> None:
    assert "not asked yet" in read(a_thread())


def test_notes_are_shown_newest_first_as_text(read: Any, owner: User) -> None:
    thread = a_thread()
    begin = clock.now() - HOUR
    for n in range(7):
        says(
            thread,
            f"<b>note {n}</b>",
            author="staff",
            user=owner,
            kind="note",
            status="received",
            at=begin + timedelta(minutes=n),
        )

    html = read(thread)

    assert "<b>" not in html
    assert html.index("note 6") < html.index("note 2")
    assert "note 1" not in html


def test_a_person_without_a_record_still_has_a_pane(read: Any) -> None:
    thread = a_thread()
    PatientContact.objects.all().delete()
    ChannelConsent.objects.all().delete()

    html = read(thread)

    assert "Not linked to a record" in html
    assert "No visits yet." in html
    assert "Nothing is known yet" in html
    assert "No notes yet." in html


def test_it_speaks_spanish(inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread()
    client = browse(owner)
    client.cookies["django_language"] = "es"

    html = client.get(f"/c/{inside.slug}/inbox/{thread.id}/person/").content.decode()

    assert "¿Podemos escribir?" in html
    assert "Visitas" in html


def test_a_thread_that_was_put_away_has_no_pane(inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread(put_away_at=clock.now())

    response = browse(owner).get(f"/c/{inside.slug}/inbox/{thread.id}/person/")

    assert response.status_code == 404
