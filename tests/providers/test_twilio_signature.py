"""Who may post to Twilio's webhooks: our check by hand equals the SDK's, and is stricter where it must be."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from messaging.providers.twilio import provider, signature
from tests.providers.requests import URL, request
from tests.standin.twilio import TOKEN, sign

VECTORS = json.loads((Path(__file__).parent / "signature_vectors.json").read_text())
FORM = {"MessageSid": "SM1", "From": "+14155550101", "To": "+14155550199", "Body": "Hola ñ 👋 ", "Empty": ""}


@pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])
def test_the_published_vectors(vector: dict) -> None:
    posted = request(vector["params"], url=vector["url"], signature=vector["signature"])
    assert provider.verify(posted, [vector["auth_token"]]) is vector["valid"]
    sdk = RequestValidator(vector["auth_token"])
    assert sdk.validate(vector["url"], vector["params"], vector["signature"]) is vector["valid"]


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_forms = st.dictionaries(_text.filter(bool), st.lists(_text, min_size=1, max_size=3), max_size=6)
_urls = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["medsync.example", "localhost", "10.0.0.7"]),
    st.sampled_from(["", ":80", ":443", ":8443", ":8000"]),
    st.sampled_from(["", "api/webhooks/whatsapp", "w/", "a%20b"]),
    st.sampled_from(["", "?a=1", "?b=2&a=1", "?a=%C3%B1"]),
)


class _Multi(dict):
    def getlist(self, name: str) -> list[str]:
        return self[name]


@settings(max_examples=200, deadline=None)
@given(form=_forms, url=_urls, token=st.text("0123456789abcdef", min_size=1, max_size=32))
def test_it_equals_the_sdk_whatever_is_posted(form: dict[str, list[str]], url: str, token: str) -> None:
    raw = {name.encode(): [v.encode() for v in values] for name, values in form.items()}
    made = RequestValidator(token).compute_signature(url, _Multi(form))
    assert signature.sign(url, raw, token) == made
    for signed_for in (url, *signature.spellings(url)):
        given_signature = RequestValidator(token).compute_signature(signed_for, _Multi(form))
        assert RequestValidator(token).validate(url, _Multi(form), given_signature)
        assert signature.verify(given_signature, [url], raw, [token])


@settings(max_examples=100, deadline=None)
@given(first=_forms, second=_forms, url=_urls)
def test_what_the_sdk_refuses_is_refused(first: dict, second: dict, url: str) -> None:
    made = RequestValidator(TOKEN).compute_signature(url, _Multi(first))
    raw = {name.encode(): [v.encode() for v in values] for name, values in second.items()}
    assert signature.verify(made, [url], raw, [TOKEN]) is RequestValidator(TOKEN).validate(
        url, _Multi(second), made
    )


def test_master_current_and_previous_tokens_count_and_no_other() -> None:
    secrets = ["master", "current", "previous"]
    for token in secrets:
        assert provider.verify(request(FORM, token=token), secrets)
    assert not provider.verify(request(FORM, token="older"), secrets)


@pytest.mark.parametrize("port", ["", ":443", ":8443", ":1"])
def test_a_port_that_twilio_kept_or_dropped_makes_no_difference(port: str) -> None:
    ours = f"https://medsync.example{port}/w"
    assert provider.verify(request(FORM, url="https://medsync.example/w", urls=(ours,)), [TOKEN])
    assert provider.verify(request(FORM, url=ours), [TOKEN])


def test_the_default_port_may_be_spelt_out() -> None:
    posted = request(FORM, url="https://medsync.example:443/w", urls=("https://medsync.example/w",))
    assert provider.verify(posted, [TOKEN])


def test_user_and_password_are_never_part_of_it() -> None:
    posted = request(FORM, url="https://h.example/w", urls=("https://user:pass@h.example:8443/w",))
    assert provider.verify(posted, [TOKEN])


def test_an_address_in_brackets_keeps_its_colons() -> None:
    posted = request(FORM, url="http://[::1]/w", urls=("http://[::1]:8000/w",))
    assert provider.verify(posted, [TOKEN])


def test_the_fragment_with_the_retry_rules_is_not_signed() -> None:
    posted = request(FORM, url=URL, urls=(URL + "#rc=2&rp=5xx,ct,rt",))
    assert provider.verify(posted, [TOKEN])


def test_behind_a_proxy_the_second_candidate_counts() -> None:
    assert provider.verify(request(FORM, urls=("http://10.0.0.7:8000/api/webhooks/whatsapp", URL)), [TOKEN])


def test_repeated_parameters_are_signed_in_the_order_of_their_values() -> None:
    pairs = [("Body", "b"), ("Body", "a"), ("Body", "b"), ("To", "x")]
    made = RequestValidator(TOKEN).compute_signature(URL, _Multi({"Body": ["b", "a", "b"], "To": ["x"]}))
    assert provider.verify(request(pairs, signature=made), [TOKEN])


def test_bytes_that_are_no_utf8_are_signed_as_they_are() -> None:
    raw = {b"Body": [b"\xff\xfe"], b"To": [b"+1"]}
    assert signature.verify(signature.sign(URL, raw, TOKEN), [URL], raw, [TOKEN])
    assert not signature.verify(signature.sign(URL, raw, TOKEN), [URL], {**raw, b"Body": [b"\xff"]}, [TOKEN])


def test_the_shared_key_scheme_is_refused() -> None:
    posted = request(FORM, headers={"x-twilio-webhooks-signature-settings": "key=k,algorithm=HMAC_SHA256"})
    assert not provider.verify(posted, [TOKEN])


def test_a_form_with_a_body_hash_in_its_url_is_refused() -> None:
    url = URL + "?bodySHA256=" + "0" * 64
    assert not provider.verify(request(FORM, url=url), [TOKEN])


def test_two_signatures_in_one_header_are_none() -> None:
    made = sign(URL, FORM.items(), TOKEN)
    assert not provider.verify(request(FORM, signature=f"{made},{made}"), [TOKEN])


@pytest.mark.parametrize("change", ["added", "removed", "renamed", "one byte"])
def test_any_change_of_the_form_is_noticed(change: str) -> None:
    form = dict(FORM)
    if change == "added":
        form["X"] = ""
    elif change == "removed":
        del form["Empty"]
    elif change == "renamed":
        form["Bodies"] = form.pop("Body")
    else:
        form["Body"] += " "
    assert not provider.verify(request(form, signature=sign(URL, FORM.items(), TOKEN)), [TOKEN])
