"""The phone: it exists where patients can be played, and writes through the same door as a real provider."""

from typing import Any

import pytest

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging.models import Message, MessagingSettings, Question
from messaging.phone import made_up, queries
from messaging.providers.local.lines import behaviour_of
from scheduling.models import ContactAddress, ContactPoint
from tests.messaging.desks import desk, inside, played
from tests.messaging.inboxes import a_thread, says
from tests.statements import statements

__all__ = ["desk", "inside", "played"]

pytestmark = pytest.mark.django_db


def test_there_is_no_phone_where_the_local_provider_is_not_allowed(desk: Any, settings: Any) -> None:
    settings.LOCAL_PROVIDER_ALLOWED = False

    assert desk().status_code == 404
    assert desk("new/", "post", channel="sms").status_code == 404
    assert desk("lines/", "post", line="late").status_code == 404
    assert desk("clock/", "post", step="hour").status_code == 404


def test_there_is_no_phone_in_a_clinic_with_real_numbers(
    other_clinic: Clinic, other_owner: User, browse: Any, settings: Any
) -> None:
    settings.LOCAL_PROVIDER_ALLOWED = True

    assert browse(other_owner).get(f"/c/{other_clinic.slug}/phone/").status_code == 404


def test_the_phone_is_for_members(inside: Clinic, stranger: User, other_owner: User, browse: Any) -> None:
    url = f"/c/{inside.slug}/phone/"

    assert browse(None).get(url).status_code == 302
    assert browse(stranger).get(url).status_code == 404
    assert browse(other_owner).get(url).status_code == 404


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_a_new_phone_gets_a_made_up_number_and_can_write(desk: Any, channel: str) -> None:
    made = desk("new/", "post", channel=channel)
    address = ContactAddress.objects.get(channel=channel)

    sent = desk(f"{address.id}/send/", "post", body="hola, necesito una cita")

    message = Message.objects.get(direction="inbound")
    assert made.status_code == sent.status_code == 200
    assert "55501" in address.address
    assert (message.channel, message.body, message.address) == (
        channel,
        "hola, necesito una cita",
        address.address,
    )
    assert "hola, necesito una cita" in sent.content.decode()


def test_no_two_phones_have_one_name(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_up, "_FIRST", ("Luna", "Noah"))
    monkeypatch.setattr(made_up, "_LAST", ("Vega",))

    for _ in range(4):
        desk("new/", "post", channel="whatsapp")

    names = set(ContactPoint.objects.values_list("display_name", flat=True))
    assert names == {"Luna Vega", "Noah Vega", "Luna Vega Vega", "Noah Vega Vega"}


def test_a_patients_phone_can_be_put_on_the_desk(desk: Any) -> None:
    a_thread("Ada Lovelace")
    for n in range(queries.ON_THE_DESK):
        a_thread(f"Patient {n}", body="newer")
    address = ContactAddress.objects.get(contact_point__patient_contacts__patient__name="Ada Lovelace")
    page = desk().content.decode()

    taken = desk("new/", "post", phone=str(address.id))

    assert f'<option value="{address.id}">Ada Lovelace' in page
    assert f'data-phone="{address.id}"' in taken.content.decode()


def test_nothing_to_say_is_not_sent(desk: Any) -> None:
    a_thread()
    address = ContactAddress.objects.get()

    assert desk(f"{address.id}/send/", "post", body="  ").status_code == 400
    assert Message.objects.count() == 1


def test_a_phone_shows_what_has_arrived_and_nothing_else(desk: Any) -> None:
    thread = a_thread(body="from the patient")
    says(thread, "has arrived", author="bot", status="delivered")
    says(thread, "is on its way", author="bot", status="sent")
    says(thread, "got lost", author="bot", status="undelivered")
    says(thread, "for staff only", author="staff", kind="note", status="received")
    address = ContactAddress.objects.get()

    html = desk(f"update/?phones={address.id}").content.decode()

    assert "from the patient" in html
    assert "has arrived" in html
    assert "on its way" not in html
    assert "got lost" not in html
    assert "staff only" not in html
    assert "is answering" not in html


def test_a_phone_shows_that_the_clinic_is_answering(desk: Any, inside: Clinic) -> None:
    thread = a_thread()
    says(thread, "not yet seen", author="bot", status="queued")
    address = ContactAddress.objects.get()

    html = desk(f"update/?phones={address.id}").content.decode()

    assert f"{inside.name} is answering" in html
    assert "not yet seen" not in html


def test_what_a_patient_writes_is_text_on_the_phone_too(desk: Any) -> None:
    a_thread("<b>Bob</b>", body="<script>alert(1)</script>")
    html = desk().content.decode()

    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "<b>Bob" not in html


def quick_words(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('data-quick="')[1:]]


def test_the_quick_answers_are_those_that_the_open_question_expects(desk: Any) -> None:
    MessagingSettings.objects.update_or_create(pk=1)
    desk("new/", "post", channel="whatsapp")
    address = ContactAddress.objects.get()
    before = quick_words(desk(f"update/?phones={address.id}").content.decode())

    desk(f"{address.id}/send/", "post", body="hola, necesito una cita")

    asked = Question.objects.get(closed_at=None)
    after = quick_words(desk(f"update/?phones={address.id}").content.decode())
    assert before == ["yes", "no", "appointment", "PERSON", "STOP"]
    assert len(asked.items) > 1
    assert after == [*(item["key"] for item in asked.items), "0", "PERSONA", "STOP"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("late", {"deliver_after": 20.0}),
        ("broken", {"error_code": "30003"}),
        ("silent", {"silent": True}),
        ("lost", {"lost": True}),
        ("refused-63016", {"refused_with": "63016"}),
        ("online", {"error_code": "", "refused_with": "", "silent": False, "lost": False}),
    ],
    ids=["late", "broken", "silent", "lost", "refused", "online"],
)
def test_the_way_to_a_phone_can_be_slowed_broken_and_mended(
    desk: Any, line: str, expected: dict[str, Any]
) -> None:
    a_thread()
    address = ContactAddress.objects.get()
    desk(f"{address.id}/settings/", "post", reads="no", line="online")

    answer = desk(f"{address.id}/settings/", "post", line=line)

    found = behaviour_of(address.channel, address.address)
    assert {name: getattr(found, name) for name in expected} == expected
    assert not found.reads
    assert f'<option value="{line}"' in answer.content.decode()


def test_all_phones_of_the_clinic_can_be_broken_at_once(desk: Any) -> None:
    a_thread()
    a_thread()
    first, second = ContactAddress.objects.all()
    desk(f"{first.id}/settings/", "post", line="late")

    desk("lines/", "post", line="silent")
    broken = [behaviour_of(one.channel, one.address).silent for one in (first, second)]
    desk("lines/", "post", line="")
    mended = [behaviour_of(one.channel, one.address) for one in (first, second)]

    assert broken == [True, True]
    assert [one.deliver_after >= 20 for one in mended] == [True, False]
    assert not any(one.silent for one in mended)


def test_odd_choices_change_nothing(desk: Any) -> None:
    a_thread()
    address = ContactAddress.objects.get()

    assert desk("update/?phones=no-id").status_code == 404
    assert desk("update/?phones=").status_code == 200
    assert desk("new/", "post", channel="fax").status_code == 400
    assert desk("new/", "post", phone=str(address.contact_point_id)).status_code == 404
    assert desk("lines/", "post", line="on fire").status_code == 400
    assert desk(f"{address.id}/settings/", "post", line="refused-99999").status_code == 400


def test_a_look_at_six_phones_costs_the_same_as_at_one(inside: Clinic) -> None:
    for n in range(queries.ON_THE_DESK):
        says(a_thread(f"Patient {n}"), "an answer", author="bot")
    senders, now = queries.local_senders(inside), clock.now()
    ids = list(ContactAddress.objects.values_list("id", flat=True))

    with statements() as one:
        queries.phones(senders, ids[:1], now=now)
    with statements() as six:
        found = queries.phones(senders, ids, now=now)

    assert len(found) == 6
    assert all(len(phone.messages) == 2 for phone in found)
    assert len(one) == len(six) == 4
