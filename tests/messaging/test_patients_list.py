"""The list of patients: by name, page by page, searched without a name or a number in any address."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging.people import queries
from scheduling.models import ContactPoint, Patient, PatientContact
from tests.messaging.inboxes import a_thread
from tests.messaging.people_pages import Desk, a_visit, patient_of

pytestmark = pytest.mark.django_db

LONG_NAME = "María del Carmen Fernández-Villavicencio"


@pytest.fixture
def desk(inside: Clinic, receptionist: User, browse: Any) -> Desk:
    """Return the front desk."""
    return Desk(browse(receptionist), inside)


def a_patient(name: str, *, phone: str = "", **fields: Any) -> Patient:
    """Store a patient, maybe with a number."""
    patient = Patient.objects.create(name=name, **fields)
    if phone:
        point = ContactPoint.objects.create(match_key=phone, phone=phone, search_key=phone)
        PatientContact.objects.create(patient=patient, contact_point=point, starred=True)
    return patient


def an_unnamed(profile: str, phone: str) -> Patient:
    """Store somebody who wrote in and has no name yet."""
    patient = a_patient("", phone=phone)
    ContactPoint.objects.filter(phone=phone).update(
        display_name=profile, search_key=f"{profile.lower()} {phone}"
    )
    return patient


def test_patients_stand_by_name_whatever_their_accents(desk: Desk) -> None:
    for name in ("Zoe Ash", "Ángel Ruiz", "bea Lund"):
        a_patient(name)

    html = desk.get().content.decode()

    assert html.index("Ángel Ruiz") < html.index("bea Lund") < html.index("Zoe Ash")


def test_a_row_says_born_phone_next_visit_and_last_contact(desk: Desk, owner: User) -> None:
    thread = a_thread("Rosa Delgado")
    rosa = patient_of(thread)
    Patient.objects.filter(pk=rosa.pk).update(date_of_birth=date(1986, 3, 14), called="Rosita")
    a_visit(rosa, by=owner)

    html = desk.get().content.decode()

    for words in ("Rosa Delgado", "called Rosita", "Mar 14, 1986", "(646) 555-"):
        assert words in html
    assert html.count("<time datetime=") == 2


def test_the_next_page_begins_after_the_last_row_and_its_address_names_nobody(desk: Desk) -> None:
    Patient.objects.bulk_create(
        Patient(name=f"Same Name {n // 2:03d}", search_key=f"same name {n // 2:03d}")
        for n in range(queries.PAGE + 7)
    )
    first = desk.get()
    after = first.context["page"].after

    second = desk.get(f"?after={after}", HX_Request="true")

    assert (len(first.context["page"].rows), len(second.context["page"].rows)) == (queries.PAGE, 7)
    urls = [row.url for page in (first, second) for row in page.context["page"].rows]
    assert len(set(urls)) == queries.PAGE + 7
    assert "<table" not in second.content.decode()
    assert second.context["page"].after is None


@pytest.mark.parametrize(
    "wanted",
    [
        "maria fernandez",
        "FERNÁNDEZ",
        "carmen",
        "R-77",
        "(212) 555-0188",
        "+1 212 555 0188",
        "555-0188",
        "0188",
    ],
    ids=["no-accents", "case", "middle", "record", "national", "international", "part", "four-digits"],
)
def test_a_search_finds_a_name_a_record_number_or_a_number(desk: Desk, wanted: str) -> None:
    a_patient(LONG_NAME, phone="+12125550188", record_number="R-77")
    a_patient("Grace Osei", phone="+12125550199")

    html = desk.find(wanted)

    assert LONG_NAME in html
    assert "Grace" not in html
    assert "1 patient found" in html


@pytest.mark.parametrize("wanted", ["+52 1 55 5555 0112", "+52 55 5555 0112", "5215555550112"])
def test_every_spelling_of_a_number_finds_the_same_person(desk: Desk, wanted: str) -> None:
    patient = a_patient("Guadalupe Ríos")
    point = ContactPoint.objects.create(match_key="+525555550112", phone="+5215555550112")
    PatientContact.objects.create(patient=patient, contact_point=point)

    assert "Guadalupe Ríos" in desk.find(wanted)


def test_a_search_is_no_pattern(desk: Desk) -> None:
    a_patient("Grace Osei")

    for wanted in ("%", "_race", "G%e", "\\", "'; drop", "\x00"):
        assert "Nobody found" in desk.find(wanted)


def test_who_has_no_name_yet_stands_apart_with_the_profile_name_in_quotes(desk: Desk) -> None:
    a_patient("Grace Osei")
    an_unnamed("luna.v", "+12125550111")

    assert "luna.v" not in desk.get().content.decode()
    unnamed = desk.get("?show=unnamed").content.decode()
    assert "“luna.v”" in unnamed
    assert "Grace" not in unnamed
    assert "“luna.v”" in desk.find("LUNA")


def test_a_number_that_is_not_theirs_finds_nobody(desk: Desk) -> None:
    a_patient("Grace Osei", phone="+12125550199")
    PatientContact.objects.update(not_theirs_at=clock.now())

    assert "Nobody found" in desk.find("2125550199")


def test_a_merged_patient_is_in_no_list(desk: Desk) -> None:
    kept = a_patient("Grace Osei")
    a_patient("Gracie Double", merged_into=kept)

    assert "Double" not in desk.get().content.decode()
    assert "Nobody found" in desk.find("double")


def test_empty_lists_say_what_is_so_and_what_is_next(desk: Desk) -> None:
    assert "No patients yet" in desk.get().content.decode()
    assert "Everybody has a name" in desk.get("?show=unnamed").content.decode()
    assert "Nobody found" in desk.find("nobody")


def test_without_scripts_a_search_answers_the_whole_page(desk: Desk) -> None:
    a_patient("Grace Osei")

    html = desk.post("search/", wanted="grace").content.decode()

    assert "<html" in html
    assert 'value="grace"' in html
    assert "Grace Osei" in html


def test_a_page_costs_four_statements_at_most(inside: Clinic, owner: User) -> None:
    for n in range(12):
        patient = patient_of(a_thread(f"Patient {n:02d}"))
        if n % 3 == 0:
            a_visit(patient, by=owner, days=2 + n)
    after = Patient.objects.order_by("search_key")[1].pk
    now = clock.now() + timedelta(minutes=1)

    for asked in ({}, {"wanted": "patient"}, {"wanted": "6465550001"}, {"after": after}, {"unnamed": True}):
        with CaptureQueriesContext(connection) as seen:
            queries.patients(region="US", now=now, **asked)
        assert len(seen) <= 4, [q["sql"][:90] for q in seen]


def test_the_whole_page_stays_within_six_statements_of_its_own(
    inside: Clinic, receptionist: User, browse: Any
) -> None:
    a_thread()
    client = browse(receptionist)
    client.get(f"/c/{inside.slug}/rail/")
    with CaptureQueriesContext(connection) as rail:
        client.get(f"/c/{inside.slug}/rail/")
    with CaptureQueriesContext(connection) as page:
        client.get(f"/c/{inside.slug}/patients/")

    assert len(page) - len(rail) <= 6
