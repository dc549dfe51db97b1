"""Adding and editing patients: what is checked, and who may be the same person."""

from datetime import date
from typing import Any

import pytest

from clinics.models import Clinic, User
from medsync.lib import clock
from scheduling import patients
from scheduling.models import ContactPoint, Patient, PatientContact
from tests.messaging.inboxes import a_thread
from tests.messaging.people_pages import Desk, patient_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(inside: Clinic, receptionist: User, browse: Any) -> Desk:
    """Return the front desk."""
    return Desk(browse(receptionist), inside)


def adding(desk: Desk, **fields: str) -> Any:
    """Send the form for a new patient."""
    return desk.post("new/", **{"name": "Grace Osei", "relation": "self", **fields})


def test_a_patient_is_added_with_a_number_as_people_write_it(desk: Desk) -> None:
    response = adding(
        desk,
        called="Gracie",
        date_of_birth="1979-05-02",
        preferred_language="es",
        record_number="R-9",
        phone="(212) 555-0188",
        relation="daughter",
    )

    patient = Patient.objects.get(name="Grace Osei")
    assert response.url == desk.at(f"{patient.pk}/")
    assert (patient.called, patient.date_of_birth, patient.preferred_language) == (
        "Gracie",
        date(1979, 5, 2),
        "es",
    )
    contact = patient.contacts.get()
    assert (contact.relation, contact.starred, contact.contact_point.phone) == (
        "daughter",
        True,
        "+12125550188",
    )


def test_whoever_wrote_in_without_a_name_is_named_instead_of_doubled(desk: Desk) -> None:
    unnamed = patient_of(a_thread(""))
    phone = unnamed.contacts.get().contact_point.phone

    adding(desk, phone=phone)

    assert Patient.objects.get(name="Grace Osei").pk == unnamed.pk


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "   ", "This field is required."),
        ("phone", "abc", "A phone number has no letters."),
        ("phone", "123", "too short"),
        ("date_of_birth", "2999-01-01", "in the future"),
        ("date_of_birth", "1801-01-01", "no living person"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_stored(
    desk: Desk, field: str, value: str, sentence: str
) -> None:
    response = adding(desk, **{field: value})

    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    "same",
    [
        {"name": "grace osei"},
        {"name": "Grâce Mary Osei"},
        {"name": "Gracie Osei", "date_of_birth": "1979-05-02"},
        {"name": "Somebody Else", "phone": "212 555 0188"},
    ],
    ids=["case", "accent-and-more", "born-the-same-day", "same-number"],
)
def test_somebody_alike_is_shown_and_staff_decide(desk: Desk, same: dict[str, str]) -> None:
    known = patients.create(
        name="Grace Osei", phone="+12125550188", date_of_birth=date(1979, 5, 2), now=clock.now()
    )

    first = adding(desk, **same)

    html = first.content.decode()
    assert first.status_code == 409
    assert "Maybe the same person" in html
    assert desk.at(f"{known.pk}/") in html
    assert Patient.objects.count() == 1
    assert adding(desk, **same, anyway="1").status_code == 302
    assert Patient.objects.count() == 2


def test_somebody_quite_different_is_added_at_once(desk: Desk) -> None:
    patients.create(name="Grace Osei", phone="+12125550188", date_of_birth=date(1979, 5, 2), now=clock.now())

    assert adding(desk, name="Priya Nair", date_of_birth="1979-05-02", phone="2125550133").status_code == 302


def test_a_record_number_belongs_to_one_patient(desk: Desk) -> None:
    patients.create(name="Priya Nair", record_number="R-1", now=clock.now())

    response = adding(desk, record_number="R-1")

    assert response.status_code == 409
    assert "Another patient has this record number." in response.content.decode()


def test_who_somebody_is_can_be_changed(desk: Desk) -> None:
    patient = patient_of(a_thread("Rosa Delgado"))

    response = desk.post(
        f"{patient.pk}/edit/", name="Rosa Delgado Paz", called="Rosi", preferred_language="es"
    )

    patient.refresh_from_db()
    assert response.status_code == 302
    assert (patient.name, patient.called, patient.search_key) == (
        "Rosa Delgado Paz",
        "Rosi",
        "rosa delgado paz rosi",
    )


def test_giving_somebody_a_known_name_is_warned_of_too(desk: Desk) -> None:
    known, unnamed = patient_of(a_thread("Rosa Delgado")), patient_of(a_thread(""))

    first = desk.post(f"{unnamed.pk}/edit/", name="Rosa Delgado")

    html = first.content.decode()
    assert first.status_code == 409
    assert desk.at(f"{known.pk}/") in html
    assert "Somebody else: save" in html
    assert desk.post(f"{unnamed.pk}/edit/", name="Rosa Delgado", anyway="1").status_code == 302
    assert Patient.objects.filter(name="Rosa Delgado").count() == 2


def test_a_language_we_do_not_list_is_kept_while_other_things_change(desk: Desk) -> None:
    patient = Patient.objects.create(name="Ana", preferred_language="fr")

    desk.post(f"{patient.pk}/edit/", name="Ana Roy", preferred_language="fr")

    patient.refresh_from_db()
    assert (patient.name, patient.preferred_language) == ("Ana Roy", "fr")


def test_two_people_on_one_number_know_of_each_other(desk: Desk) -> None:
    rosa = patients.create(name="Rosa Delgado", phone="+12125550188", now=clock.now())
    mateo = patients.create(name="Mateo Delgado", phone="+12125550188", relation="mother", now=clock.now())
    assert ContactPoint.objects.count() == 1
    assert PatientContact.objects.count() == 2

    hers, his = (desk.get(f"{one.pk}/").content.decode() for one in (rosa, mateo))

    assert "Mateo Delgado</a> (child)" in hers
    assert "Mother answers" in his
    assert ">Rosa Delgado</a>" in his
