"""A patient's page: who may see it, what it shows, how they are reached, notes, and who looked."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Conversation, Message
from messaging.people import line
from scheduling import opened, reach
from scheduling.models import Appointment, ContactAddress, Patient, PatientContact, PatientView
from scheduling.operations import accept
from tests.messaging.inboxes import HOUR, a_request, a_thread, reenter, says
from tests.messaging.people_pages import Desk, a_visit, patient_of

pytestmark = pytest.mark.django_db

LONG_NAME = "María del Carmen Fernández-Villavicencio"


@pytest.fixture
def desk(inside: Clinic, receptionist: User, browse: Any) -> Desk:
    """Return the front desk."""
    return Desk(browse(receptionist), inside)


@pytest.fixture
def office(inside: Clinic, owner: User, browse: Any) -> Desk:
    """Return the owner."""
    return Desk(browse(owner), inside)


def page_of(desk: Desk, patient: Patient) -> str:
    """Open a patient's page."""
    response = desk.get(f"{patient.pk}/")
    assert response.status_code == 200
    return str(response.content.decode())


def a_second_number(desk: Desk, patient: Patient, **fields: str) -> PatientContact:
    """Add a number on the page."""
    response = desk.post(
        f"{patient.pk}/numbers/", **{"phone": "212 555 0188", "relation": "daughter", **fields}
    )
    assert response.status_code == 302
    return patient.contacts.get(contact_point__phone="+12125550188")


def test_another_clinics_patient_is_unknown_here(desk: Desk, other_clinic: Clinic, inside: Clinic) -> None:
    with in_clinic(other_clinic):
        theirs = Patient.objects.create(name="Theirs")
    reenter(inside)

    for path in ("", "edit/", "older/", "book/"):
        assert desk.get(f"{theirs.pk}/{path}").status_code == 404
    for path in ("note/", "write/", "consent/", "numbers/", "edit/", "book/text/"):
        assert desk.post(f"{theirs.pk}/{path}", body="x", name="x").status_code == 404


def test_a_stranger_learns_nothing(inside: Clinic, stranger: User, browse: Any) -> None:
    patient = patient_of(a_thread())

    response = browse(stranger).get(f"/c/{inside.slug}/patients/{patient.pk}/")

    assert response.status_code == 404
    assert "X-Clinic" not in response.headers


def test_a_number_of_one_patient_cannot_be_changed_by_anothers_page(desk: Desk) -> None:
    rosa, grace = patient_of(a_thread("Rosa Delgado")), patient_of(a_thread("Grace Osei"))
    hers = rosa.contacts.get()

    for what in ("star", "relation", "not-theirs", "theirs", "remove"):
        response = desk.post(f"{grace.pk}/numbers/{hers.pk}/{what}/", relation="son")
        assert response.status_code == 404
    assert desk.post(f"{rosa.pk}/numbers/{hers.pk}/explode/").status_code == 404
    assert PatientContact.objects.get(pk=hers.pk).not_theirs_at is None


def test_the_head_says_who_it_is(desk: Desk) -> None:
    patient = patient_of(a_thread(LONG_NAME))
    Patient.objects.filter(pk=patient.pk).update(
        called="Mari", date_of_birth=date(1986, 3, 14), record_number="R-7", preferred_language="es"
    )

    html = page_of(desk, patient)

    for words in (LONG_NAME, "Mari", "March 14, 1986 (", "R-7", "Spanish", "(646) 555-"):
        assert words in html


def test_what_patients_wrote_is_shown_as_text(desk: Desk) -> None:
    thread = a_thread("<b>Rosa</b>", body="<script>alert(1)</script>")

    html = page_of(desk, patient_of(thread))

    assert "<script>alert" not in html
    assert "<b>Rosa</b>" not in html


def test_write_opens_the_thread_and_makes_it_when_nothing_was_ever_said(desk: Desk, inside: Clinic) -> None:
    thread = a_thread()
    new = Patient.objects.create(name="New Here")
    a_second_number(desk, new)

    assert desk.post(f"{patient_of(thread).pk}/write/").url == f"/c/{inside.slug}/inbox/{thread.pk}/"
    made = desk.post(f"{new.pk}/write/").url
    assert (
        made == f"/c/{inside.slug}/inbox/{Conversation.objects.get(contact_point__phone='+12125550188').pk}/"
    )


def test_the_first_number_is_starred_and_the_star_moves(desk: Desk) -> None:
    patient = patient_of(a_thread())
    first = patient.contacts.get()
    second = a_second_number(desk, patient)
    first.refresh_from_db()
    assert (first.starred, second.starred) == (True, False)

    desk.post(f"{patient.pk}/numbers/{second.pk}/star/")

    assert list(patient.contacts.filter(starred=True)) == [second]


def test_a_number_that_is_not_theirs_loses_the_star_the_thread_and_the_coming_visits(
    desk: Desk, owner: User
) -> None:
    thread = a_thread(body="I am somebody else")
    patient, first = patient_of(thread), patient_of(thread).contacts.get()
    asked = a_request(thread)
    accept(asked, by=owner, now=clock.now())
    second = a_second_number(desk, patient)

    desk.post(f"{patient.pk}/numbers/{first.pk}/not-theirs/")

    second.refresh_from_db()
    assert second.starred
    assert Appointment.objects.get(pk=asked.pk).contact_point is None
    html = page_of(desk, patient)
    assert "Nothing more is begun to it for this patient." in html
    assert "I am somebody else" not in html
    assert desk.post(f"{patient.pk}/numbers/{first.pk}/star/").status_code == 404
    desk.post(f"{patient.pk}/numbers/{first.pk}/theirs/")
    assert "I am somebody else" in page_of(desk, patient)


def test_a_number_is_taken_off_and_its_thread_stays(desk: Desk) -> None:
    thread = a_thread()
    patient = patient_of(thread)

    desk.post(f"{patient.pk}/numbers/{patient.contacts.get().pk}/remove/")

    assert not patient.contacts.exists()
    assert Conversation.objects.filter(pk=thread.pk).exists()
    assert "No number yet." in page_of(desk, patient)


def test_a_wrong_number_is_refused_with_a_sentence_and_stays_typed(desk: Desk) -> None:
    patient = patient_of(a_thread())

    response = desk.post(f"{patient.pk}/numbers/", phone="call me", relation="self")

    html = response.content.decode()
    assert response.status_code == 400
    assert "A phone number has no letters." in html
    assert 'value="call me"' in html


def test_addresses_of_each_channel_are_shown_as_they_are_sent_to(desk: Desk) -> None:
    thread = a_thread()
    ContactAddress.objects.create(contact_point=thread.contact_point, channel="sms", address="+5215555550112")

    html = page_of(desk, patient_of(thread))

    assert "+5215555550112" in html
    assert '<span class="tag">SMS</span>' in html


def test_notes_stand_on_top_and_in_the_thread(desk: Desk, receptionist: User) -> None:
    thread = a_thread()
    patient = patient_of(thread)

    assert desk.post(f"{patient.pk}/note/", body="Prefers mornings").status_code == 302

    note = Message.objects.get(kind="note")
    assert (note.conversation_id, note.user_id) == (thread.pk, receptionist.pk)
    html = page_of(desk, patient)
    assert html.index("Prefers mornings") < html.index('id="visits"')
    refused = desk.post(f"{patient.pk}/note/", body="   ")
    assert refused.status_code == 409


def test_a_note_needs_a_number_and_what_was_typed_is_not_lost_from_sight(desk: Desk) -> None:
    patient = Patient.objects.create(name="No Number")

    response = desk.post(f"{patient.pk}/note/", body="hello")

    assert response.status_code == 409
    assert "this patient has no number yet" in response.content.decode()


def test_one_line_holds_all_threads_and_what_became_of_visits(desk: Desk, owner: User) -> None:
    thread = a_thread("Rosa Delgado", body="by the first number")
    patient = patient_of(thread)
    second = a_thread("", body="by the second number", heard=timedelta(minutes=1))
    PatientContact.objects.filter(contact_point=second.contact_point).update(patient=patient, starred=False)
    a_visit(patient, by=owner)

    html = page_of(desk, patient)

    booked, newer, older = (html.index(w) for w in ("Visit booked by", "by the second", "by the first"))
    assert booked < newer < older
    message = Message.objects.get(conversation=second)
    assert f"/inbox/{second.pk}/?message={message.pk}" in html


def test_a_shared_phone_does_not_put_words_into_anybodys_mouth(desk: Desk) -> None:
    thread = a_thread("Rosa Delgado")
    child = Patient.objects.create(name="Mateo Delgado")
    PatientContact.objects.create(patient=child, contact_point=thread.contact_point, relation="mother")

    assert "From the shared phone" in page_of(desk, child)
    assert "From the shared phone" in page_of(desk, patient_of(thread))


def test_the_line_goes_back_page_by_page_without_a_gap_or_a_double(desk: Desk, owner: User) -> None:
    thread = a_thread("Rosa Delgado", heard=None)
    patient, begin = patient_of(thread), clock.now() - 40 * HOUR
    for n in range(2 * line.PAGE + 5):
        says(thread, f"word {n:03d}", at=begin + timedelta(minutes=n // 2))  # two at the same moment
    a_visit(patient, by=owner)

    seen: list[str] = []
    url = f"{patient.pk}/older/"
    for _ in range(3):
        page = desk.get(url).context["line"]
        seen += [entry.body for day in page.days for entry in day.entries]
        url = page.older_url.partition("/patients/")[2]

    words = [body for body in seen if body.startswith("word")]
    assert words == sorted(words, reverse=True)
    assert len(words) == 2 * line.PAGE + 5
    assert len(seen) == 2 * line.PAGE + 6
    assert url == ""


@pytest.mark.parametrize("before", ["", "x", "2026-01-01|x", "2026-01-01T00:00:00|", "|" * 9])
def test_a_cursor_that_nobody_made_begins_at_the_top(desk: Desk, before: str) -> None:
    patient = patient_of(a_thread(body="here"))

    response = desk.get(f"{patient.pk}/older/?before={before}")

    assert response.status_code == 200
    assert "here" in response.content.decode()


def test_a_very_long_message_is_folded_and_whole(desk: Desk) -> None:
    text = "palabra " * 512

    html = page_of(desk, patient_of(a_thread(body=text)))

    assert "Show the whole text" in html
    assert text.strip() in html


def test_opening_a_page_is_kept_once_a_member_and_hour(desk: Desk, office: Desk, owner: User) -> None:
    patient = patient_of(a_thread())

    for _ in range(3):
        page_of(desk, patient)
    page_of(office, patient)

    assert PatientView.objects.filter(patient=patient).count() <= 4  # an hour may have turned meanwhile
    assert PatientView.objects.filter(patient=patient).values("user").distinct().count() == 2
    now = clock.now().replace(minute=10)
    for minutes in (0, 5, 60):
        opened.note(patient, by=owner, now=now + timedelta(days=1, minutes=minutes))
    assert PatientView.objects.filter(at__gt=now + timedelta(hours=12)).count() == 2


@pytest.mark.parametrize("path", ["edit/", "older/"])
def test_what_shows_the_record_elsewhere_is_kept_as_well(desk: Desk, path: str) -> None:
    patient = patient_of(a_thread())

    desk.get(f"{patient.pk}/{path}")

    assert PatientView.objects.filter(patient=patient).count() == 1


def test_only_owners_are_shown_who_looked(desk: Desk, office: Desk, world: Any) -> None:
    patient = patient_of(a_thread())

    assert "Who looked" not in page_of(desk, patient)
    assert desk.get(f"{patient.pk}/looked/").status_code == 403
    html = page_of(office, patient)
    assert "Who looked" in html
    assert "Receptionist Alpha" in html
    assert "Receptionist Alpha" in office.get(f"{patient.pk}/looked/").content.decode()


def test_who_looked_is_forgotten_after_six_years(inside: Clinic, owner: User) -> None:
    patient, now = patient_of(a_thread()), clock.now()
    for years in (7, 5):
        opened.note(patient, by=owner, now=now - timedelta(days=366 * years))

    assert opened.forget_old(now=now) == 1
    assert PatientView.objects.count() == 1


def test_the_page_costs_fourteen_statements_of_its_own(inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread()
    patient = patient_of(thread)
    reach.add_phone(patient, phone="+12125550188", region="US", relation="son", now=clock.now())
    a_visit(patient, by=owner)
    for n in range(40):
        says(thread, f"word {n}", author="staff", user=owner, kind="note" if n % 5 == 0 else "text")
    client = browse(owner)
    client.get(f"/c/{inside.slug}/patients/{patient.pk}/")
    with CaptureQueriesContext(connection) as rail:
        client.get(f"/c/{inside.slug}/rail/")
    with CaptureQueriesContext(connection) as page:
        client.get(f"/c/{inside.slug}/patients/{patient.pk}/")

    assert len(page) - len(rail) <= 14, [q["sql"][:100] for q in page]


def test_the_page_speaks_spanish(desk: Desk) -> None:
    patient = patient_of(a_thread())
    desk.client.cookies["django_language"] = "es"

    html = page_of(desk, patient)

    for words in ("¿Podemos escribir?", "Reservar una cita", "Notas del personal"):
        assert words in html
    assert "How they are reached" not in html
