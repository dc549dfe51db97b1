"""Clinic numbers by API: linked, listed, taken off."""

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings

from clinics import senders
from clinics.models import Clinic, ProviderAccount, Sender, SenderStatus
from clinics.tenancy import in_clinic
from medsync.lib import clock

pytestmark = pytest.mark.django_db

LINK = "/api/whatsapp/link-existing"
SENDERS = "/api/whatsapp/senders"
NUMBERS = ["+12125550143", "+12125550144", "+12125550145"]
PROFILE = "00000002-0000-4000-8000-000000000000"


def rows(client, **wanted):
    found = client.get(SENDERS).json()["results"]
    return [row for row in found if all(row[name] == value for name, value in wanted.items())]


def test_a_linked_number_has_every_field_of_the_contract(client, clinic):
    response = client.post(LINK, {"phone_number": "(212) 555-0143", "display_name": "Front desk"})
    assert response.status_code == 201
    made = dict(response.json())
    identity = made.pop("id")
    assert made == {
        "phone_number": "+12125550143",
        "channel": "whatsapp",
        "provider": "twilio",
        "display_name": "Front desk",
        "status": "active",
        "is_primary": False,
        "provider_sender_id": "",
    }
    assert rows(client, id=identity) == [response.json()]


def test_the_first_of_a_channel_is_primary(client, clinic):
    (first,) = rows(client, channel="whatsapp")
    assert first["is_primary"] is True
    made = client.post(LINK, {"phone_number": NUMBERS[0], "display_name": "Desk"}).json()
    assert made["is_primary"] is False
    assert client.delete(f"{SENDERS}/{first['id']}").status_code == 204
    assert rows(client, id=made["id"])[0]["is_primary"] is True
    (gone,) = rows(client, id=first["id"])
    assert (gone["status"], gone["is_primary"]) == ("disabled", False)
    assert client.delete(f"{SENDERS}/{first['id']}").status_code == 204


def test_a_number_is_linked_once(client, clinic):
    answer = client.post(LINK, {"phone_number": clinic.phone, "display_name": "Again"})
    assert answer.status_code == 409
    assert answer.json() == {"detail": "This number is already linked", "code": "already_linked"}


def test_a_mexican_number_keeps_the_spelling_that_the_provider_has(client):
    made = client.post(LINK, {"phone_number": "+52 1 55 1234 5678", "display_name": "Desk"})
    assert (made.status_code, made.json()["phone_number"]) == (201, "+5215512345678")


def test_a_number_belongs_to_one_clinic(client, other_clinic):
    for channel in ("whatsapp", "sms"):
        answer = client.post(
            LINK, {"phone_number": other_clinic.phone, "display_name": "X", "channel": channel}
        )
        assert answer.status_code == 409
        assert answer.json() == {
            "detail": "WhatsApp number is already linked to another workspace",
            "code": "linked_elsewhere",
        }


def test_a_fourth_number_of_a_channel_is_refused(client):
    answers = [client.post(LINK, {"phone_number": number, "display_name": "X"}) for number in NUMBERS]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[-1].json()["code"] == "sender_limit"


def test_a_number_taken_off_can_be_linked_again(client, clinic):
    (first,) = rows(client, channel="whatsapp")
    client.delete(f"{SENDERS}/{first['id']}")
    made = client.post(LINK, {"phone_number": clinic.phone, "display_name": "Back"}).json()
    assert made["id"] != first["id"]
    assert made["is_primary"] is True


def test_a_subaccount_is_kept_and_its_token_never_shown(client, clinic):
    sid, token = "AC" + "d" * 32, "a-very-secret-token"
    body = {
        "phone_number": NUMBERS[0],
        "display_name": "X",
        "twilio_subaccount_sid": sid,
        "twilio_subaccount_token": token,
    }
    response = client.post(LINK, body)
    assert response.status_code == 201
    assert token not in response.content.decode()
    account = ProviderAccount.objects.get(external_id=sid)
    assert (account.clinic_id, account.auth_token) == (clinic.pk, token)


def test_another_clinics_account_is_not_used(client, world):
    body = {"phone_number": NUMBERS[0], "display_name": "X", "twilio_subaccount_sid": "AC" + "c" * 32}
    answer = client.post(LINK, body)
    assert answer.status_code == 409
    assert answer.json()["code"] == "linked_elsewhere"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phone_number": "911"}, "phone_number"),
        ({"phone_number": None}, "phone_number"),
        ({"channel": "voice"}, "channel"),
        ({"channel": "fax"}, "channel"),
        ({"provider": "flowroute"}, "provider"),
        ({"provider": "telnyx"}, "channel"),
        ({"provider": "telnyx", "channel": "sms"}, "messaging_profile_id"),
        ({"provider": "telnyx", "channel": "sms", "messaging_profile_id": "p"}, "telnyx_api_key"),
        ({"provider": "telnyx", "channel": "sms", "telnyx_public_key": "x"}, "telnyx_public_key"),
        ({"provider": "telnyx", "channel": "sms", "telnyx_api_key": "KEY"}, "telnyx_public_key"),
        ({"provider": "telnyx", "twilio_subaccount_sid": "AC1"}, "twilio_subaccount_sid"),
        ({"telnyx_public_key": "A" * 43 + "="}, "telnyx_public_key"),
        ({"display_name": "x" * 121}, "display_name"),
        ({"twilio_subaccount_sid": "AC" + "e" * 32}, "twilio_subaccount_token"),
        ({"twilio_subaccount_token": "alone"}, "twilio_subaccount_sid"),
        ({"twilio_subaccount_sid": "XX1", "twilio_subaccount_token": "t"}, "twilio_subaccount_sid"),
        ({"status": "active"}, "status"),
        ({"is_primary": True}, "is_primary"),
        ({"clinic": "beta"}, "clinic"),
    ],
)
def test_bad_input_names_the_field(client, clinic, body, field):
    before = Sender.objects.count()
    answer = client.post(LINK, {"phone_number": NUMBERS[0], "display_name": "X", **body})
    assert answer.status_code == 400, answer.content
    assert set(answer.json()["fields"]) == {field}
    assert Sender.objects.count() == before


def test_a_telnyx_number_has_its_own_account_and_profile(client, clinic):
    body = {
        "phone_number": NUMBERS[0],
        "display_name": "X",
        "provider": "telnyx",
        "channel": "sms",
        "messaging_profile_id": PROFILE,
        "telnyx_api_key": "KEY-very-secret",
        "telnyx_public_key": "A" * 43 + "=",
    }
    response = client.post(LINK, body)
    assert response.status_code == 201, response.content
    assert "KEY-very-secret" not in response.content.decode()
    sender = Sender.objects.select_related("account").get(pk=response.json()["id"])
    assert (sender.messaging_profile_id, sender.channel) == (PROFILE, "sms")
    account = sender.account
    assert (account.provider, account.clinic_id) == ("telnyx", clinic.pk)
    assert (account.auth_token, account.public_key) == ("KEY-very-secret", "A" * 43 + "=")
    again = client.post(LINK, {**body, "phone_number": NUMBERS[1]})
    assert (again.status_code, again.json()["code"]) == (409, "profile_taken")


def test_a_messaging_profile_is_never_shared_with_another_clinic(client, clinic, other_clinic):
    with override_settings(TELNYX_API_KEY="KEY-of-the-platform"):
        theirs = senders.link_sender(
            other_clinic,
            phone_number=NUMBERS[1],
            channel="sms",
            provider="telnyx",
            messaging_profile_id=PROFILE,
            now=clock.real_now(),
        )
        senders.retire_sender(theirs, now=clock.real_now())  # the STOPs of its patients stay with the profile
        body = {"phone_number": NUMBERS[0], "provider": "telnyx", "channel": "sms"}
        answer = client.post(LINK, {**body, "display_name": "X", "messaging_profile_id": PROFILE})
    assert (answer.status_code, answer.json()["code"]) == (409, "profile_taken")


def test_the_database_knows_a_messaging_profile_once(clinic):
    with override_settings(TELNYX_API_KEY="KEY-of-the-platform"):
        given = {"channel": "sms", "provider": "telnyx", "now": clock.real_now()}
        first = senders.link_sender(clinic, phone_number=NUMBERS[0], messaging_profile_id=PROFILE, **given)
        other = senders.link_sender(clinic, phone_number=NUMBERS[1], messaging_profile_id="other", **given)
    assert first.account.is_master
    assert first.account_id == other.account_id
    with pytest.raises(IntegrityError), transaction.atomic():
        Sender.objects.filter(pk=other.pk).update(messaging_profile_id=PROFILE)


def test_without_a_platform_account_a_subaccount_is_due(client):
    with override_settings(TWILIO_ACCOUNT_SID=""):
        answer = client.post(LINK, {"phone_number": NUMBERS[0], "display_name": "X"})
    assert set(answer.json()["fields"]) == {"twilio_subaccount_sid"}


def test_practice_phones_are_linked_where_they_are_allowed(client):
    body = {"phone_number": NUMBERS[0], "display_name": "Practice", "provider": "local"}
    with override_settings(LOCAL_PROVIDER_ALLOWED=False):
        assert set(client.post(LINK, body).json()["fields"]) == {"provider"}
    assert client.post(LINK, body).json()["provider"] == "local"


def test_a_demo_clinic_gets_no_real_number(client, clinic):
    Clinic.objects.filter(pk=clinic.pk).update(is_demo=True)
    answer = client.post(LINK, {"phone_number": NUMBERS[0], "display_name": "X"})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"provider"}


def test_a_number_taken_off_keeps_its_messages(client, clinic):
    (first,) = rows(client, channel="whatsapp")
    client.delete(f"{SENDERS}/{first['id']}")
    sender = Sender.objects.get(pk=first["id"])
    assert sender.status == SenderStatus.DISABLED
    with in_clinic(clinic):
        assert client.get("/api/whatsapp/conversations").status_code == 200
