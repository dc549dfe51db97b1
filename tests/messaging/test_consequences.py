"""What a provider's error means beyond the one message: a STOP, a closed window, a phone that takes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import Clinic, ProviderAccount
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import consequences, providers
from messaging.models import ChannelConsent, ConsentEvent, Message, Window
from scheduling.models import ContactAddress
from tests.messaging.hooks import PATIENT, message_form, post, token_of
from tests.messaging.sent import call_back, sent_message

pytestmark = pytest.mark.django_db


def broken(clinic: Clinic, code: str, **fields: Any) -> Message:
    """Return a message that the provider took and then reported as undelivered with this number."""
    attempt = sent_message(clinic, **fields)
    assert call_back(clinic, attempt, "undelivered", error=code).status_code == 200
    with in_clinic(clinic):
        return Message.objects.get(pk=attempt.message_id)


def address(clinic: Clinic) -> ContactAddress:
    with in_clinic(clinic):
        return ContactAddress.objects.get(channel="whatsapp", address=PATIENT)


@pytest.mark.parametrize("code", ["21610", "40300"])
def test_a_stop_that_only_the_provider_knew_is_kept_with_its_proof(clinic: Clinic, code: str) -> None:
    message = broken(clinic, code)
    with in_clinic(clinic):
        consent = ChannelConsent.objects.get(channel="whatsapp")
        assert consent.opted_out_at is not None
        (line,) = ConsentEvent.objects.filter(action="opted_out")
        assert (line.source, line.contact_point_id) == ("provider", consent.contact_point_id)
        consequences.follow(message, code=code, now=clock.now())
        assert ConsentEvent.objects.filter(action="opted_out").count() == 1


@pytest.mark.parametrize("code", ["21610", "40300"])
def test_who_sent_start_meanwhile_is_not_stopped_by_a_late_error(clinic: Clinic, code: str) -> None:
    attempt = sent_message(clinic)
    post(message_form(clinic, "START"), token=token_of(clinic))
    assert call_back(clinic, attempt, "undelivered", error=code).status_code == 200
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(channel="whatsapp").opted_out_at is None
        assert not ConsentEvent.objects.filter(action="opted_out").exists()


def test_news_are_refused_without_touching_the_rest(clinic: Clinic) -> None:
    broken(clinic, "63033")
    with in_clinic(clinic):
        consent = ChannelConsent.objects.get(channel="whatsapp")
        assert (consent.news, consent.opted_out_at) == (False, None)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("30005", "no_such_number"),
        ("30006", "landline"),
        ("21614", "landline"),
        ("63003", "not_on_whatsapp"),
        ("63024", "not_on_whatsapp"),
        ("63014", "blocked"),
        ("30004", "blocked"),
        ("40001", "landline"),
        ("40012", "no_such_number"),
        ("10016", "invalid_number"),
    ],
)
def test_a_phone_that_takes_nothing_is_marked(clinic: Clinic, code: str, why: str) -> None:
    broken(clinic, code)
    marked = address(clinic)
    assert (marked.unusable, marked.unusable_at is not None) == (why, True)


@pytest.mark.parametrize("code", ["30003", "30008", "30007", "63016", "20500", "99999", ""])
def test_what_says_nothing_about_the_phone_marks_nothing(clinic: Clinic, code: str) -> None:
    broken(clinic, code)
    assert address(clinic).unusable == ""


def test_who_writes_from_a_marked_phone_can_be_reached_again(clinic: Clinic) -> None:
    broken(clinic, "63014")
    assert address(clinic).unusable == "blocked"
    assert post(message_form(clinic, "hola otra vez"), token=token_of(clinic)).status_code == 200
    assert (address(clinic).unusable, address(clinic).unusable_at) == ("", None)


def test_an_error_that_comes_after_the_person_wrote_marks_nothing(clinic: Clinic) -> None:
    attempt = sent_message(clinic)
    post(message_form(clinic, "hola"), token=token_of(clinic))
    call_back(clinic, attempt, "undelivered", error="63003")
    assert address(clinic).unusable == ""


def test_a_closed_window_is_closed_here_as_well(clinic: Clinic) -> None:
    post(message_form(clinic, "hola"), token=token_of(clinic))
    attempt = sent_message(clinic)
    with in_clinic(clinic):
        Message.objects.filter(pk=attempt.message_id).update(created_at=clock.now() + timedelta(seconds=1))
    call_back(clinic, attempt, "failed", error="63016")
    with in_clinic(clinic):
        assert Window.objects.get().closed_at is not None


def test_an_account_that_was_closed_meanwhile_is_stopped(clinic: Clinic) -> None:
    message = broken(clinic, "30002")
    account = ProviderAccount.objects.get(pk=message.account_id)
    assert account.state == ProviderAccount.State.REFUSED


def test_every_word_that_is_followed_is_some_providers_word() -> None:
    words = {
        known.what
        for code in range(10_000, 100_000)
        if (known := providers.known_error(str(code))) is not None
    }
    assert words >= consequences.UNUSABLE | {"stopped", "no_news", "window_closed", "account_closed"}
