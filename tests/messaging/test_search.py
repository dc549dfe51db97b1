"""The palette's search: people and words, and the thread that opens at the bubble."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock, phone
from messaging.models import Conversation
from messaging.search import queries
from messaging.search.folding import VECTOR, snippet, tsquery
from scheduling import reach
from scheduling.models import Patient, PatientContact
from tests.messaging.inboxes import a_thread, reenter, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def find(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a finder, as the owner's palette asks."""
    client = browse(owner)

    def ask(wanted: str) -> str:
        response = client.post(f"/c/{inside.slug}/search/", {"wanted": wanted})
        reenter(inside)
        assert response.status_code == 200
        return str(response.content.decode())

    return ask


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("¿Puedo llevar a mi hijo al CHEQUEO?", "chequeo"),
        ("Necesito una cita médica mañana", "manana medica"),
        ("Necesito una cita medica", "médica"),
        ("I have a headache since Monday", "headac"),
        ("请问星期三下午还有时间吗", "星期三"),
        ("My number is 4711", "4711"),
    ],
)
def test_words_are_found_whatever_their_accents(find: Any, body: str, wanted: str) -> None:
    a_thread("Rosa Delgado", body=body)
    a_thread("Somebody Else", body="quite another thing")
    found = find(wanted)
    assert "Rosa Delgado" in found
    assert "Somebody Else" not in found


@pytest.mark.parametrize("wanted", ["星三", "ache head", "hijos", "&", "' OR 1=1", "a:*|b", "\\", "   "])
def test_other_words_find_nothing_and_break_nothing(find: Any, wanted: str) -> None:
    a_thread("Rosa Delgado", body="¿Puedo llevar a mi hijo? 星期三")
    assert "Rosa Delgado" not in find(wanted)


def test_what_was_taken_back_before_it_left_is_not_found(find: Any) -> None:
    says(a_thread("Rosa Delgado"), "come at nineteen", author="staff", status="cancelled")
    says(a_thread("Somebody Else"), "come at nineteen", author="staff", status="sent")
    found = find("nineteen")
    assert "Somebody Else" in found
    assert "Rosa Delgado" not in found


def test_a_person_is_found_by_name_number_and_record(find: Any) -> None:
    thread = a_thread("María del Carmen Núñez", body="hola")
    Patient.objects.filter(name__startswith="María").update(record_number="R-77")
    number = thread.contact_point.phone
    for wanted in ("nunez", "maria carmen", number, number[2:], "R-77"):
        found = find(wanted)
        assert "María del Carmen Núñez" in found, wanted
        assert f"/inbox/{thread.pk}/" in found


@pytest.mark.parametrize(
    ("kept", "wanted"),
    [
        ("+525512345678", "+52 1 55 1234 5678"),
        ("+5215512345678", "+52 55 1234 5678"),
        ("+5215512345678", "52 55 1234"),  # not typed to its end
        ("+5215512345678", "044 55 1234 5678"),
        ("+5215512345678", "55\u00a01234\u202f5678"),  # out of a page or a sheet
        ("+5215512345678", "55\u20131234\u20115678"),
        ("+5215512345678", "\u202a+52 55 1234 5678\u202c"),  # out of an address book
        ("+5215512345678", "tel:+525512345678"),
    ],
    ids=ascii,
)
def test_a_number_is_found_in_any_spelling(inside: Clinic, kept: str, wanted: str) -> None:
    point = a_thread("Rosa Delgado").contact_point
    point.phone, point.match_key = kept, phone.match_key(kept)
    point.save()
    found = queries.search(wanted, region="MX", now=clock.now())
    assert [patient.name for patient in found.patients] == ["Rosa Delgado"]


@pytest.mark.parametrize("wanted", ["(212) 555-0177", "5550177", "quien sabe"])
def test_a_thread_whose_number_is_nobodys_any_more_is_found(find: Any, wanted: str) -> None:
    thread = a_thread("Rosa Delgado", body="hola")
    point = thread.contact_point
    point.phone = point.match_key = "+12125550177"
    point.profile_name, point.search_key = "Quién Sabe", "quien sabe"
    point.save()
    link = f"/inbox/{thread.pk}/"
    assert link in find("212 555 0177")
    contact = PatientContact.objects.get(contact_point=point)
    reach.mark_not_theirs(contact.patient, contact_id=contact.pk, now=clock.now())

    assert link in find(wanted)
    assert link not in find("Rosa")
    assert link not in find("[]")

    Conversation.objects.filter(pk=thread.pk).update(put_away_at=clock.now())
    assert link not in find(wanted)


def test_what_patients_wrote_is_shown_as_text(find: Any) -> None:
    a_thread("Rosa", body="<script>alert(1)</script> headache")
    found = find("headache")
    assert "<script>" not in found
    assert "&lt;script&gt;" in found


def test_another_clinics_words_are_not_found(find: Any, inside: Clinic, other_clinic: Clinic) -> None:
    with in_clinic(other_clinic):
        a_thread("Their Patient", body="a very rare word: xylophone")
    reenter(inside)
    assert "xylophone" not in find("xylophone")


def test_what_was_put_away_is_not_found(find: Any) -> None:
    thread = a_thread("Rosa Delgado", body="xylophone")
    Conversation.objects.filter(pk=thread.pk).update(put_away_at=clock.now())
    assert "<mark>" not in find("xylophone")


def test_a_search_costs_a_handful_of_statements(inside: Clinic) -> None:
    for n in range(15):
        a_thread(f"Rosa {n}", body="headache again")
    with CaptureQueriesContext(connection) as seen:
        found = queries.search("headache", region="US", now=clock.now())
    assert len(found.messages) == queries.MESSAGES
    assert len(seen) <= 8, [q["sql"][:80] for q in seen]


def test_the_words_are_found_by_their_index(inside: Clinic) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN SELECT id FROM messaging_message WHERE body <> '' AND {VECTOR} @@ to_tsquery('simple', 'ache')"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "message_words" in plan


def opened(client: Any, clinic: Clinic, thread: Conversation, message: Any) -> str:
    """Return the thread's pane as a hit of the palette opens it."""
    response = client.get(
        f"/c/{clinic.slug}/inbox/{thread.pk}/?message={message.pk}", headers={"X-Pane": "thread"}
    )
    reenter(clinic)
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.parametrize("newer", [3, 120])
def test_a_hit_opens_the_thread_with_its_bubble(inside: Clinic, owner: User, browse: Any, newer: int) -> None:
    thread = a_thread(heard=None)
    begin = clock.now() - timedelta(hours=9)
    sought = says(thread, "the sought one", at=begin)
    for n in range(newer):
        says(thread, f"later {n}", at=begin + timedelta(minutes=n + 1))

    pane = opened(browse(owner), inside, thread, sought)

    assert f'data-sought="{sought.pk}"' in pane
    assert "the sought one" in pane
    assert f"later {newer - 1}" in pane  # down to the newest


def test_a_hit_of_long_ago_opens_what_stood_around_it(
    inside: Clinic, owner: User, browse: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("messaging.inbox.queries.FURTHEST", 60)
    thread = a_thread(heard=None)
    begin = clock.now() - timedelta(hours=9)
    says(thread, "before it", at=begin - timedelta(minutes=1))
    sought = says(thread, "the sought one", at=begin)
    for n in range(90):
        says(thread, f"number {n:02d}", at=begin + timedelta(minutes=n + 1))

    pane = opened(browse(owner), inside, thread, sought)

    assert "before it" in pane
    assert "the sought one" in pane
    assert "number 20" in pane
    assert "number 89" not in pane
    assert 'class="btn btn-28 to-latest" href=' in pane


def test_a_message_of_another_thread_opens_the_thread_as_ever(
    inside: Clinic, owner: User, browse: Any
) -> None:
    thread, other = a_thread(), a_thread("Somebody Else")
    pane = opened(browse(owner), inside, thread, says(other, "elsewhere"))
    assert "data-sought" not in pane


def test_the_place_of_a_word_is_shown() -> None:
    before, word, after = snippet("Mañana por la mañana  no puedo", "manana")
    assert (before, word) == ("", "Mañana")
    assert after.startswith(" por la mañana no")
    assert tsquery("Cita Médica") == "cita & medica:*"
    assert tsquery("星期三 cita") == "(星 <-> 期 <-> 三) & cita:*"
