"""Every error that a member can meet has a plain sentence and a way out."""

import pytest
from django.utils import translation

from messaging import failures, gate
from messaging.providers.twilio import errors

CODES = list(errors.table())


@pytest.mark.parametrize(
    "code", [*CODES, "absent", "unreachable", "no_credentials", "provider_off", "99999", ""]
)
def test_each_code_says_what_happened_and_what_helps(code: str) -> None:
    failure = failures.explain(error_code=code)
    assert failure.what
    assert failure.helps


@pytest.mark.parametrize("code", sorted(gate.SENTENCES))
def test_the_gates_reasons_win(code: str) -> None:
    failure = failures.explain(error_code="", reason=code, channel="whatsapp")
    assert (failure.what, failure.helps) == gate.sentences(code, "whatsapp")


@pytest.mark.parametrize(
    ("code", "word", "way_out"),
    [
        ("63016", "24 hours", "approved text"),
        ("63112", "Meta", "billing"),
        ("20003", "token", "balance"),
    ],
)
def test_those_of_the_specification_are_named(code: str, word: str, way_out: str) -> None:
    failure = failures.explain(error_code=code)
    assert word in failure.what
    assert way_out in failure.helps


def test_they_are_in_the_language_of_the_screen() -> None:
    with translation.override("es"):
        assert "24 horas" in failures.explain(error_code="63016").what
        assert "24 horas" in failures.explain(error_code="", reason="window_closed", channel="whatsapp").what
