"""The errors that users meet are said where they happen, in plain words and with the way out."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from clinics.models import Clinic, SenderHealth, User
from clinics.senders import link_sender
from medsync.lib import clock
from messaging.models import Attempt
from tests.messaging.inboxes import a_thread, reenter, says
from tests.standin.telnyx import KEY, PROFILE, PUBLIC_KEY

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a reader of the owner's pages, as text."""
    client = browse(owner)

    def read(path: str) -> str:
        response = client.get(f"/c/{inside.slug}/{path}", follow=True)
        assert response.status_code == 200
        reenter(inside)
        return unescape(response.content.decode())

    return read


@pytest.mark.parametrize(
    ("code", "what", "helps"),
    [
        ("63016", "The 24 hours after the patient’s last message were over", "use an approved text"),
        ("63112", "Meta disabled the clinic's WhatsApp account", "Settle the billing at the provider"),
        (
            "20003",
            "does not take the account's token, or its balance is used up",
            "Check the account's token",
        ),
        ("30006", "This is a landline", "Call the patient"),
        ("40300", "This person has stopped messages on this channel", "Only the patient can undo it"),
        ("40010", "not registered for texting with the carriers", "Complete the registration"),
        ("99999", "The provider did not say why", "Call the patient"),
    ],
)
def test_a_bubble_that_failed_says_why_and_what_helps(page: Any, code: str, what: str, helps: str) -> None:
    thread = a_thread()
    says(thread, "Come at ten", author="staff", status="undelivered", error_code=code, purpose="staff")
    shown = page(f"inbox/{thread.pk}/")
    assert what in shown
    assert helps in shown
    assert code in shown


def test_why_shows_the_same_words(page: Any) -> None:
    thread = a_thread()
    message = says(thread, "Come", author="staff", status="failed", error_code="63112", purpose="staff")
    Attempt.objects.create(message=message, n=1, account=message.account, created_at=message.created_at)
    shown = page(f"inbox/{thread.pk}/messages/{message.pk}/why/")
    assert "Meta disabled the clinic's WhatsApp account" in shown
    assert "Settle the billing at the provider" in shown


def test_a_bot_in_the_wrong_language_says_where_that_is_set(page: Any) -> None:
    thread = a_thread()
    said = {"author": "bot", "status": "delivered", "purpose": "answer"}
    message = says(thread, "¿Qué día?", language="es", **said)
    shown = page(f"inbox/{thread.pk}/messages/{message.pk}/why/")
    assert "Written in Spanish" in shown
    assert "set the patient’s language on the patient page" in shown


def number(clinic: Clinic, provider: str) -> Any:
    own = {"twilio": {"account_sid": "AC" + "d" * 32, "auth_token": "secret"}}.get(
        provider, {"auth_token": KEY, "public_key": PUBLIC_KEY, "messaging_profile_id": PROFILE}
    )
    return link_sender(
        clinic,
        phone_number="+12125550177",
        channel="sms",
        provider=provider,
        now=clock.real_now(),
        **own,
    )


@pytest.mark.parametrize(
    ("provider", "way_out"),
    [
        ("twilio", "must set TWILIO_WEBHOOK_BASE_URL to its exact public https address"),
        ("telnyx", "public key"),
    ],
)
def test_signatures_that_are_refused_say_what_is_to_be_set(
    inside: Clinic, page: Any, provider: str, way_out: str
) -> None:
    sender = number(inside, provider)
    now = clock.real_now()
    SenderHealth.objects.filter(sender=sender).update(alert_since=now - timedelta(minutes=1), refused_count=3)
    shown = page(f"numbers/{sender.pk}/")
    assert "Three signatures in five minutes were refused" in shown
    assert way_out in shown


@pytest.mark.parametrize("provider", ["twilio", "telnyx"])
def test_where_nothing_arrives_stands_what_to_paste(inside: Clinic, page: Any, provider: str) -> None:
    shown = page(f"numbers/{number(inside, provider).pk}/")
    assert "Paste the addresses below at the provider" in shown
    assert "/api/webhooks/sms" in shown
