"""The clinic's numbers: connecting, ticks that appear, tests, tokens, and who may."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, ProviderAccount, Sender, SenderHealth, User
from clinics.senders import link_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import health
from messaging.models import Message
from messaging.numbers import checking
from messaging.outbox import pacing
from messaging.tasks import check_number
from tests.messaging.inboxes import a_thread, reenter, says
from tests.standin.twilio import ACCOUNT, TOKEN, TwilioStandIn

pytestmark = pytest.mark.django_db
OWN = "AC" + "b" * 32


@pytest.fixture
def desk(clinic: Clinic, owner: User, browse: Any) -> Any:
    """Return the owner's browser, and where the page is."""
    client = browse(owner)
    client.base = f"/c/{clinic.slug}/numbers/"
    return client


def connect(desk: Any, **data: str) -> Any:
    """Send the form as it is filled for a new number."""
    given = {"phone_number": "+1 212 555 0177", "channel": "whatsapp", "display_name": "Alpha"}
    return desk.post(desk.base + "add/", given | data)


def own(clinic: Clinic, token: str = TOKEN, sid: str = OWN) -> Sender:
    """Link a number with an account of the clinic's own."""
    return link_sender(
        clinic,
        phone_number="+12125550178",
        channel="sms",
        provider="twilio",
        account_sid=sid,
        auth_token=token,
        now=clock.now(),
    )


def test_a_number_is_connected_and_its_page_says_what_to_paste(
    desk: Any, clinic: Clinic, settings: Any
) -> None:
    settings.TWILIO_WEBHOOK_BASE_URL = "https://sync.example"
    answer = connect(desk, account_sid=OWN, auth_token="secret-token")
    sender = Sender.objects.get(clinic=clinic, phone_number="+12125550177")
    assert answer.headers["Location"].endswith(f"/numbers/{sender.pk}/")
    page = desk.get(answer.headers["Location"]).content.decode()
    assert "https://sync.example/api/webhooks/whatsapp#rc=2" in page
    assert "https://sync.example/api/webhooks/whatsapp/status#rc=2" in page
    assert "secret-token" not in page
    assert "Connecting" in page


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"phone_number": "abc"}, "This is no phone number"),
        ({"account_sid": "AC1"}, "An account SID begins with AC"),
        ({"auth_token": "x", "account_sid": ""}, "Whose token is it?"),
        ({"account_sid": OWN, "auth_token": ""}, "Give the auth token of this account"),
    ],
)
def test_what_cannot_be_connected_is_refused_with_a_way_out(
    desk: Any, settings: Any, data: dict[str, str], said: str
) -> None:
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    answer = connect(desk, **data)
    assert answer.status_code in (400, 409)
    assert said in answer.content.decode()


def test_a_number_of_another_clinic_is_not_taken(desk: Any, other_clinic: Clinic) -> None:
    theirs = Sender.objects.filter(clinic=other_clinic, status="active").exclude(channel="voice")[0]
    answer = connect(
        desk, phone_number=theirs.phone_number, channel=theirs.channel, account_sid=OWN, auth_token="x"
    )
    assert answer.status_code == 409
    assert "linked to another workspace" in answer.content.decode()


def test_a_demo_clinic_takes_no_real_number(desk: Any, clinic: Clinic) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(is_demo=True)
    answer = connect(desk, account_sid=OWN, auth_token="x")
    assert answer.status_code == 409
    assert "invented" in answer.content.decode()


TELNYX: dict[str, str] = {
    "phone_number": "(212) 555-0177",
    "display_name": "Front desk",
    "messaging_profile_id": "00000002-0000-4000-8000-000000000000",
    "auth_token": "KEY-very-secret",
    "public_key": "A" * 43 + "=",
}


def test_a_telnyx_number_is_connected_and_its_page_says_what_to_paste(
    desk: Any, clinic: Clinic, settings: Any
) -> None:
    settings.TWILIO_WEBHOOK_BASE_URL = "https://sync.example"
    assert "api/webhooks/sms/telnyx" in desk.get(f"{desk.base}add/telnyx/").content.decode()
    answer = desk.post(f"{desk.base}add/telnyx/", TELNYX)
    sender = Sender.objects.get(clinic=clinic, phone_number="+12125550177")
    assert (sender.account.provider, sender.channel) == ("telnyx", "sms")
    page = desk.get(answer.headers["Location"]).content.decode()
    assert 'value="https://sync.example/api/webhooks/sms/telnyx"' in page
    assert "Webhook URL and failover URL" in page
    assert "KEY-very-secret" not in page
    assert "Paste these at Telnyx" in page


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"messaging_profile_id": "abc"}, "36 characters"),
        ({"messaging_profile_id": ""}, "a STOP holds for a whole profile"),
        ({"public_key": "abc"}, "44 characters"),
        ({"public_key": ""}, "Give the public key of the same account"),
        ({"public_key": "", "auth_token": ""}, "has no account of its own"),
        ({"auth_token": ""}, "Give the auth token of this account"),
    ],
)
def test_what_telnyx_needs_is_asked_for(desk: Any, data: dict[str, str], said: str) -> None:
    answer = desk.post(f"{desk.base}add/telnyx/", {**TELNYX, **data})
    assert answer.status_code in (400, 409)
    assert said in answer.content.decode()


def test_a_good_token_is_ticked(desk: Any, clinic: Clinic, settings: Any) -> None:
    with TwilioStandIn(tokens={OWN: TOKEN}) as twilio:
        settings.TWILIO_API_BASE_URL = twilio.base_url
        sender = own(clinic)
        check_number.apply(kwargs={"sender_id": str(sender.pk)}, headers={"schema": clinic.schema_name})
    health = SenderHealth.objects.get(sender=sender)
    assert health.credentials_at is not None
    assert health.credentials_error == ""
    assert "Twilio took the token" in desk.get(f"{desk.base}{sender.pk}/").content.decode()


def test_a_wrong_token_says_so_and_what_helps(desk: Any, clinic: Clinic, settings: Any) -> None:
    with TwilioStandIn(tokens={OWN: TOKEN}) as twilio:
        settings.TWILIO_API_BASE_URL = twilio.base_url
        sender = own(clinic, token="wrong" * 6)
        with in_clinic(clinic):
            checking.check(sender.pk, now=clock.now())
    assert SenderHealth.objects.get(sender=sender).credentials_error in ("401", "20003")
    page = desk.get(f"{desk.base}{sender.pk}/").content.decode()
    assert "Check the account" in page
    assert "Refused" in page


def test_a_provider_that_is_away_does_not_prove_the_token_wrong(clinic: Clinic, settings: Any) -> None:
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:9"
    sender = own(clinic)
    with in_clinic(clinic):
        checking.check(sender.pk, now=clock.now())
    assert SenderHealth.objects.get(sender=sender).credentials_error == "unreachable"
    assert ProviderAccount.objects.get(pk=sender.account_id).state == "active"


def test_the_ticks_follow_what_is_seen(desk: Any, clinic: Clinic) -> None:
    sender = own(clinic)
    SenderHealth.objects.filter(sender=sender).update(
        credentials_at=clock.now(), webhook_at=clock.now(), last_inbound_at=clock.now()
    )
    update = desk.get(f"{desk.base}{sender.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert update.count("is-done") == 3
    assert "<html" not in update
    SenderHealth.objects.filter(sender=sender).update(last_delivered_at=clock.now())
    assert "Healthy" in desk.get(f"{desk.base}{sender.pk}/").content.decode()


@pytest.mark.parametrize(("hours", "stays"), [(0.5, True), (2, False)], ids=["just now", "long ago"])
def test_the_alarm_ends_with_a_good_signature_an_hour_later(
    clinic: Clinic, hours: float, stays: bool
) -> None:
    sender, now = own(clinic), clock.now()
    health._noted.clear()
    SenderHealth.objects.filter(sender=sender).update(
        alert_since=now - timedelta(hours=3), refused_since=now - timedelta(hours=hours)
    )
    health.webhook_seen(sender.pk, now=now)
    row = SenderHealth.objects.get(sender=sender)
    assert row.webhook_at == now
    assert (row.alert_since is not None) is stays


def test_a_test_goes_to_who_wrote_to_the_number(desk: Any, inside: Clinic, owner: User) -> None:
    thread = a_thread("The Owner's Phone")
    sender = thread.last_sender
    assert sender is not None
    answer = desk.post(f"{desk.base}{sender.pk}/test/", {"to": thread.contact_point.phone})
    reenter(inside)
    assert answer.status_code == 302
    sent = Message.objects.get(conversation=thread, direction="outbound")
    assert "This is a test from" in sent.body
    assert sent.sender_id == sender.pk


def test_a_test_to_a_phone_that_never_wrote_says_why_not(desk: Any, inside: Clinic) -> None:
    sender = Sender.objects.get(clinic=inside, channel="whatsapp", status="active")
    answer = desk.post(f"{desk.base}{sender.pk}/test/", {"to": "+16465550199"})
    reenter(inside)
    assert answer.status_code == 409
    assert "field-error" in answer.content.decode()
    assert not Message.objects.filter(sender=sender, direction="outbound").exists()


def test_failures_of_the_last_day_are_counted(desk: Any, inside: Clinic) -> None:
    thread = a_thread()
    says(thread, "one", author="staff")
    says(thread, "two", author="staff", status="failed")
    says(thread, "old", author="staff", status="failed", at=clock.now() - timedelta(days=2))
    sender = thread.last_sender
    assert sender is not None
    page = desk.get(f"{desk.base}{sender.pk}/").content.decode()
    assert "1 of 2" in page


def test_another_number_becomes_primary_and_ranks_stay_whole(desk: Any, clinic: Clinic) -> None:
    own(clinic)
    second = Sender.objects.get(clinic=clinic, phone_number="+12125550178")
    assert not second.is_primary
    desk.post(f"{desk.base}{second.pk}/primary/")
    ranks = Sender.objects.filter(clinic=clinic, channel="sms", status="active").order_by("rank")
    assert [row.rank for row in ranks] == list(range(1, len(ranks) + 1))
    assert ranks[0].pk == second.pk


def test_a_number_is_taken_off_and_stays_in_the_list(desk: Any, clinic: Clinic) -> None:
    sender = own(clinic)
    desk.post(f"{desk.base}{sender.pk}/deactivate/")
    sender.refresh_from_db()
    assert sender.status == "disabled"
    page = desk.get(desk.base).content.decode()
    assert "Taken off" in page
    desk.post(f"{desk.base}{sender.pk}/primary/")  # a page of before
    sender.refresh_from_db()
    assert sender.status == "disabled"


def test_a_token_is_renewed_and_the_old_one_verifies_for_a_day(desk: Any, clinic: Clinic) -> None:
    sender = own(clinic)
    desk.post(f"{desk.base}{sender.pk}/token/", {"auth_token": "a new one"})
    account = ProviderAccount.objects.get(pk=sender.account_id)
    assert (account.auth_token, account.previous_token) == ("a new one", TOKEN)
    assert account.previous_until is not None


def test_the_platforms_token_is_not_the_clinics_to_renew(desk: Any, clinic: Clinic) -> None:
    practice = Sender.objects.filter(clinic=clinic, status="active", account__provider="local").first()
    master, _ = ProviderAccount.objects.get_or_create(
        provider="twilio", is_master=True, defaults={"external_id": ACCOUNT}
    )
    sender = own(clinic)
    Sender.objects.filter(pk=sender.pk).update(account=master)
    for row in filter(None, (practice, sender)):
        assert desk.post(f"{desk.base}{row.pk}/token/", {"auth_token": "x"}).status_code == 404


def test_the_page_costs_the_same_with_three_numbers(desk: Any, clinic: Clinic) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(desk.base).status_code == 200
        return len(seen)

    first = cost()
    own(clinic)
    assert cost() <= first + 1
    assert first <= 15


def test_the_desk_connects_nothing(clinic: Clinic, receptionist: User, browse: Any) -> None:
    client = browse(receptionist)
    sender = Sender.objects.filter(clinic=clinic, status="active")[0]
    for path in ("", "add/", f"{sender.pk}/"):
        assert client.get(f"/c/{clinic.slug}/numbers/{path}").status_code == 403
    assert client.post(f"/c/{clinic.slug}/numbers/{sender.pk}/deactivate/").status_code == 403
    assert "/numbers/" not in client.get(f"/c/{clinic.slug}/rail/").content.decode()


def test_another_clinics_number_is_not_found(desk: Any, other_clinic: Clinic) -> None:
    theirs = Sender.objects.filter(clinic=other_clinic, status="active")[0]
    assert desk.get(f"{desk.base}{theirs.pk}/").status_code == 404
    assert desk.post(f"{desk.base}{theirs.pk}/deactivate/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.status == "active"


def pace_of(sender: Sender) -> tuple[float | None, float | None]:
    """Return a number's own rate, and the rate that it keeps to."""
    fresh = Sender.objects.select_related("account").get(pk=sender.pk)
    return fresh.per_second, pacing.rate_of(fresh)


def test_a_number_gets_a_rate_of_its_own_and_its_providers_again(desk: Any, clinic: Clinic) -> None:
    sender = own(clinic)
    url = f"{desk.base}{sender.pk}/"
    before = desk.get(url).content.decode()

    kept = desk.post(f"{url}rate/", {"per_second": "12.5"})
    mine, page = pace_of(sender), desk.get(url).content.decode()
    back = desk.post(f"{url}rate/", {"per_second": ""})

    assert "Empty: 1, what Twilio takes from an ordinary number." in before
    assert 'name="per_second"' in before
    assert 'value="12.5"' in page
    assert (kept.status_code, mine) == (302, (12.5, 12.5))
    assert (back.status_code, pace_of(sender)) == (302, (None, 1.0))


def test_the_help_says_what_whatsapp_takes(desk: Any, clinic: Clinic, settings: Any) -> None:
    connect(desk, account_sid=OWN, auth_token="secret-token")
    sender = Sender.objects.get(clinic=clinic, phone_number="+12125550177")

    page = desk.get(f"{desk.base}{sender.pk}/").content.decode()

    assert "Empty: 80, what WhatsApp takes from every number. Twilio raises it on request, up to 400" in page


@pytest.mark.parametrize("value", ["0", "-1", "0.01", "101", "1e9", "nan", "inf", "fast", "1,5"])
def test_a_rate_that_no_provider_takes_is_refused_where_it_stands(
    desk: Any, clinic: Clinic, value: str
) -> None:
    sender = own(clinic)

    answer = desk.post(f"{desk.base}{sender.pk}/rate/", {"per_second": value})

    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'id="pace-error"' in page
    assert f'value="{value}"' in page
    assert pace_of(sender) == (None, 1.0)


def test_a_number_that_was_taken_off_keeps_no_pace(desk: Any, clinic: Clinic) -> None:
    sender = own(clinic)
    desk.post(f"{desk.base}{sender.pk}/deactivate/")

    page = desk.get(f"{desk.base}{sender.pk}/").content.decode()
    desk.post(f"{desk.base}{sender.pk}/rate/", {"per_second": "5"})

    assert 'name="per_second"' not in page
    assert pace_of(sender) == (None, 1.0)


def test_who_only_works_in_the_inbox_changes_no_rate(
    clinic: Clinic, receptionist: User, other_owner: User, browse: Any
) -> None:
    sender = own(clinic)
    url = f"/c/{clinic.slug}/numbers/{sender.pk}/rate/"

    assert browse(receptionist).post(url, {"per_second": "5"}).status_code == 403
    assert browse(other_owner).post(url, {"per_second": "5"}).status_code == 404
    assert pace_of(sender) == (None, 1.0)
