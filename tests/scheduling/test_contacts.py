"""Whoever writes is found, or made once: by number in any spelling, by user id, by both."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from medsync.lib.phone import InvalidPhone
from scheduling import contacts, patients
from scheduling.contacts import resolve
from scheduling.models import ContactAddress, ContactPoint, Patient, PatientContact
from tests.scheduling.conftest import NOW, Desk


def write(address: str, *, channel: str = "whatsapp", **more: Any) -> contacts.Resolved:
    return resolve(channel, address, now=NOW, **more)


def test_a_new_number_becomes_a_point_with_a_patient_not_yet_named(desk: Desk) -> None:
    found = write("+12125550101", phone="+12125550101", display_name="  Ana 🌻 ")
    assert found.created
    point = ContactPoint.objects.get()
    assert (point.match_key, point.phone, point.display_name) == ("+12125550101", "+12125550101", "Ana 🌻")
    assert "ana" in point.search_key
    assert [(p.name, p.call_name) for p in contacts.patients_of(point)] == [("", "")]
    assert PatientContact.objects.get().starred


def test_a_known_address_takes_one_statement(desk: Desk) -> None:
    first = write("+12125550101", phone="+12125550101", display_name="Ana")
    with CaptureQueriesContext(connection) as seen:
        again = write("+12125550101", phone="+12125550101", display_name="Ana")
    assert (again.contact_point, again.created) == (first.contact_point, False)
    assert len([q for q in seen if not q["sql"].startswith("SET search_path")]) == 1


def test_a_mexican_who_writes_by_whatsapp_and_sms_is_one_person_with_two_addresses(desk: Desk) -> None:
    first = write("+5215555550101", phone="+5215555550101")
    second = write("+525555550101", channel="sms", phone="+525555550101")
    assert second.contact_point == first.contact_point
    assert not second.created
    assert set(ContactAddress.objects.values_list("channel", "address")) == {
        ("whatsapp", "+5215555550101"),
        ("sms", "+525555550101"),
    }
    assert Patient.objects.count() == 1


def test_a_hidden_number_is_known_by_its_user_id(desk: Desk) -> None:
    first = write("US.1a2B", user_id="US.1a2B")
    assert (first.contact_point.phone, first.contact_point.match_key) == (None, "US.1a2B")
    assert write("US.1a2B", user_id="US.1a2B").contact_point == first.contact_point


def test_a_form_with_both_adds_both_addresses_to_one_point(desk: Desk) -> None:
    both = write("+12125550101", phone="+12125550101", user_id="US.1a2B")
    assert {a.address for a in both.contact_point.addresses.all()} == {"+12125550101", "US.1a2B"}
    assert write("US.1a2B", user_id="US.1a2B").contact_point == both.contact_point
    assert write("+12125550101", phone="+12125550101").contact_point == both.contact_point


def test_a_person_known_by_user_id_who_shows_the_number_keeps_the_thread(desk: Desk) -> None:
    hidden = write("US.1a2B", user_id="US.1a2B").contact_point
    shown = write("US.1a2B", user_id="US.1a2B", phone="+12125550101")
    assert shown.contact_point == hidden
    assert ContactPoint.objects.get().phone == "+12125550101"
    assert write("+12125550101", channel="sms", phone="+12125550101").contact_point == hidden


def test_two_points_that_turn_out_to_be_one_person_are_kept_apart_and_the_phones_is_taken(desk: Desk) -> None:
    hidden = write("US.1a2B", user_id="US.1a2B").contact_point
    phone = write("+12125550101", channel="sms", phone="+12125550101").contact_point
    for _ in range(2):
        both = write("US.1a2B", user_id="US.1a2B", phone="+12125550101")
        assert both.contact_point == phone
    assert write("US.1a2B", user_id="US.1a2B").contact_point == hidden
    assert ContactPoint.objects.count() == 2


def test_a_changed_profile_name_is_kept_and_an_empty_one_tells_nothing(desk: Desk) -> None:
    write("+12125550101", display_name="Ana")
    write("+12125550101", display_name="Ana P\x00.")
    write("+12125550101")
    assert ContactPoint.objects.get().display_name == "Ana P�."


def test_a_short_code_is_its_own_key(desk: Desk) -> None:
    assert write("54321", channel="sms").contact_point.match_key == "54321"


def test_a_phone_as_people_write_it_needs_a_region(desk: Desk) -> None:
    assert write("x", phone="(212) 555-0101", region="US").contact_point.phone == "+12125550101"
    with pytest.raises(InvalidPhone):
        write("y", phone="abc")


def test_a_family_shares_a_phone(desk: Desk) -> None:
    point = write("+12125550101").contact_point
    mother = patients.create(name="Ana Pérez", phone="+12125550101", now=NOW)
    child = patients.create(name="Leo Pérez", phone="212-555-0101", relation="mother", now=NOW)
    assert contacts.patients_of(point) == [mother, child]


def test_staff_who_name_a_number_that_wrote_name_that_patient(desk: Desk) -> None:
    unnamed = contacts.patients_of(write("+12125550101").contact_point)[0]
    named = patients.create(name="Ana Pérez", phone="+1 212 555 0101", now=NOW)
    assert named == unnamed
    assert Patient.objects.get().search_key == "ana perez"


def test_a_number_that_staff_type_is_found_when_its_owner_writes(desk: Desk) -> None:
    patient = patients.create(name="Ana Pérez", phone="+525555550101", region="MX", now=NOW)
    found = write("+5215555550101", phone="+5215555550101")
    assert not found.created
    assert contacts.patients_of(found.contact_point) == [patient]


def test_a_record_number_belongs_to_one_patient(desk: Desk) -> None:
    first = patients.create(name="Ana", record_number="17", now=NOW)
    with pytest.raises(patients.RecordNumberTaken):
        patients.create(name="Leo", record_number="17", now=NOW)
    second = patients.create(name="Leo", now=NOW)
    with pytest.raises(patients.RecordNumberTaken):
        patients.update(second, record_number="17")
    assert patients.update(first, name=" Ana María ", called="Anita").search_key == "ana maria anita 17"
    with pytest.raises(TypeError):
        patients.update(first, merged_into=second)


def test_a_second_contact_is_not_starred(desk: Desk) -> None:
    patient = patients.create(name="Ana", phone="+12125550101", now=NOW)
    other = contacts.point_for_phone("+12125550102", now=NOW).contact_point
    assert not patients.add_contact(patient, other, relation="daughter").starred
    assert patients.add_contact(patient, other).relation == "daughter"
