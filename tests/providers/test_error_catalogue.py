"""Every error number that a provider is known to use has a class, a retry policy, plain words and a way out."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from messaging import failure_words, failures, providers
from messaging.providers.causes import Cause, Retry

#: The numbers as the providers publish them: a copy of ours, so that this is tried everywhere.
CODES = json.loads(Path(__file__).with_name("error_codes.json").read_text(encoding="utf-8"))
FACTS = settings.BASE_DIR.parent / "shared" / "specs" / "twilio_error_codes.json"
#: What the list calls otherwise than we do, and the delays that we never use.
RETRIES = {"n/a": "no_outcome", "app_decides": "if_still_useful", "never_us_backoff_elsewhere": "never"}
ALL = [*CODES["twilio"], *CODES["telnyx"]]


@pytest.mark.parametrize(("code", "row"), CODES["twilio"].items(), ids=list(CODES["twilio"]))
def test_each_of_twilios_numbers_has_its_class_and_policy(code: str, row: list[str]) -> None:
    known = providers.get("twilio").known_error(code)
    assert known is not None
    assert (known.cause, known.retry) == (Cause(row[0]), Retry(RETRIES.get(row[1], row[1])))


@pytest.mark.parametrize("code", CODES["telnyx"])
def test_each_of_telnyxs_numbers_is_known(code: str) -> None:
    assert providers.get("telnyx").known_error(code) is not None


def test_a_refusal_of_telnyx_that_is_new_is_a_refusal() -> None:
    known = providers.get("telnyx").known_error("40399")
    assert known is not None
    assert (known.code, known.cause, known.retry) == ("40399", Cause.MESSAGE, Retry.NEVER)


@pytest.mark.parametrize("code", ALL)
@pytest.mark.parametrize("language", ["en", "es"])
def test_each_number_says_what_happened_and_what_helps(code: str, language: str) -> None:
    with translation.override("en"):
        english = failures.explain(error_code=code)
    with translation.override(language):
        failure = failures.explain(error_code=code)
    assert failure.what != failure_words.UNKNOWN[0]
    assert failure.what.endswith((".", "!"))
    assert failure.helps
    assert not re.search(r"\d{5}", failure.what + failure.helps), "the number stands beside the sentence"
    if language != "en":
        assert failure.what != english.what
        assert failure.helps != english.helps


@pytest.mark.parametrize("language", ["es"])
def test_no_sentence_is_left_in_english(language: str) -> None:
    sentences = {*failure_words.BY_WHAT.values(), *failure_words.BY_CAUSE.values(), failure_words.UNKNOWN}
    for pair in sentences:
        for sentence in pair:
            with translation.override("en"):
                english = str(sentence)
            with translation.override(language):
                assert str(sentence) != english, english


def test_no_two_providers_mean_different_things_by_one_number() -> None:
    twilio, telnyx = providers.get("twilio"), providers.get("telnyx")
    both = [code for n in range(100_000) if twilio.known_error(code := str(n)) and telnyx.known_error(code)]
    assert both == []


def test_every_word_has_sentences_and_no_sentence_is_for_nobody() -> None:
    used = {known.what for n in range(100_000) if (known := providers.known_error(str(n)))}
    ours = {
        *("no_credentials", "no_list", "provider_off", "unreachable", "absent", "no_answer", "gave_up"),
        "not_taken",
    }
    by_class = {"stopped", "window_closed", "not_found"}
    assert used - by_class <= set(failure_words.BY_WHAT)
    assert set(failure_words.BY_WHAT) <= used | ours


@pytest.mark.parametrize(
    ("code", "again"),
    [("30003", True), ("63016", False), ("63003", False), ("30034", True), ("40300", False), ("40006", True)],
)
def test_the_button_to_send_again_is_there_where_it_may_help(code: str, again: bool) -> None:
    assert failures.explain(error_code=code).again is again


def test_our_copy_of_the_numbers_is_whole() -> None:
    if not FACTS.is_file():
        pytest.skip("the folder with the providers' published facts is not here")
    published = json.loads(FACTS.read_text(encoding="utf-8"))["errors"]
    assert {str(row["code"]): [row["class"], row["retry"]] for row in published} == CODES["twilio"]
