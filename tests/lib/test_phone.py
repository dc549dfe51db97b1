"""Phone numbers as people type them: to E.164, or refused with the reason."""

import pytest

from medsync.lib import phone


@pytest.mark.parametrize(
    ("typed", "region", "e164"),
    [
        ("6045551234", "US", "+16045551234"),
        ("6045551234", "CA", "+16045551234"),
        ("16045551234", "US", "+16045551234"),
        ("+16045551234", "US", "+16045551234"),
        ("(604) 555-1234", "US", "+16045551234"),
        ("604-555-1234x5678", "US", "+16045551234"),
        ("604-555-1234 ext. 9", "US", "+16045551234"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("+52 1 55 1234 5678", "MX", "+525512345678"),  # as WhatsApp and old address books write it
        ("+5215512345678", "US", "+525512345678"),
        ("5215512345678", "MX", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("045 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("+1 604 555 1234", "MX", "+16045551234"),  # a country code wins over the clinic's country
    ],
)
def test_any_spelling_becomes_e164(typed: str, region: str, e164: str) -> None:
    assert phone.parse(typed, region) == e164


@pytest.mark.parametrize(
    ("typed", "code"),
    [("abc", "letters"), ("123", "too_short"), ("555-CALL-NOW", "letters"), ("604555123x", "letters"), ("123456", "too_short"), ("", "empty"), ("   ", "empty"), ("604-555-1234x56a", "letters")],
)  # fmt: skip
def test_what_is_no_number_is_refused(typed: str, code: str) -> None:
    with pytest.raises(phone.InvalidPhone) as refused:
        phone.parse(typed, "US")
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "e164"),
    [("+52 1 55 1234 5678", "+5215512345678"), ("+52 55 1234 5678", "+525512345678"), ("55 1234 5678", "+525512345678"), ("044 55 1234 5678", "+525512345678")],
)  # fmt: skip
def test_a_number_of_the_clinic_keeps_the_spelling_that_its_provider_has(typed: str, e164: str) -> None:
    assert phone.parse_own(typed, "MX") == e164


def test_a_number_is_told_with_its_country_code() -> None:
    assert phone.international("+16045550123") == "+1 604-555-0123"
    assert phone.international("+525512345678") == "+52 55 1234 5678"
    assert phone.international("nonsense") == "nonsense"
