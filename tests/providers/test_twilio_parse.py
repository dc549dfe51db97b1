"""Twilio's forms to our dataclasses."""

import json
from pathlib import Path

import pytest

from messaging.providers.base import Malformed, MediaRef
from messaging.providers.twilio import provider
from tests.providers.requests import URL, request

FORMS = json.loads((Path(__file__).parent / "twilio_forms.json").read_text())
MESSAGES, STATUSES = FORMS["messages"], FORMS["statuses"]
BASE = MESSAGES["whatsapp_text"]


def parse(**changes: str):
    return provider.parse_message(request({**BASE, **changes}))


@pytest.mark.parametrize("name", MESSAGES)
def test_every_known_form_is_parsed(name: str) -> None:
    form = MESSAGES[name]
    parsed = provider.parse_message(request(form))
    assert parsed.event_id == form["MessageSid"]
    assert parsed.body == form["Body"]
    assert parsed.channel == ("whatsapp" if form["To"].startswith("whatsapp:") else "sms")
    assert parsed.opens_window


@pytest.mark.parametrize("name", STATUSES)
def test_every_known_status_is_parsed(name: str) -> None:
    form = STATUSES[name]
    parsed = provider.parse_status(request(form, url=URL + "/status?a=x.y&b=1"))
    assert parsed.status == form["MessageStatus"]
    assert parsed.error_code == form.get("ErrorCode", "")
    assert parsed.our_ref == "x.y"
    assert ":" not in parsed.from_address + parsed.to_address


def test_a_mexican_mobile_is_answered_where_it_wrote_from() -> None:
    parsed = provider.parse_message(request(MESSAGES["whatsapp_text_mexico"]))
    assert parsed.from_address == parsed.from_phone == "+5215555550101"


def test_a_hidden_number_has_no_phone() -> None:
    parsed = provider.parse_message(request(MESSAGES["whatsapp_username_without_phone"]))
    assert parsed.from_phone is None
    assert parsed.from_address == parsed.from_user_id == "US.1a2B3c4D5e6F7g8H9i0J"


def test_a_known_number_brings_its_user_id_along() -> None:
    parsed = provider.parse_message(request(MESSAGES["whatsapp_username_with_phone"]))
    assert (parsed.from_phone, parsed.from_user_id) == ("+14155550101", "US.1a2B3c4D5e6F7g8H9i0J")


def test_a_pressed_button_is_text_with_a_payload_that_answers_its_message() -> None:
    parsed = provider.parse_message(request(MESSAGES["whatsapp_button"]))
    assert (parsed.kind, parsed.body, parsed.button_payload) == ("text", "Confirm", "appt:42:yes")
    assert parsed.replied_to_id == "SM00000000000000000000000000000384"


def test_a_list_choice_is_a_payload_too() -> None:
    assert parse(ListId="slot:2", MessageType="interactive").button_payload == "slot:2"


def test_a_quoted_reply_names_its_message() -> None:
    parsed = provider.parse_message(request(MESSAGES["whatsapp_quoted_reply"]))
    assert parsed.replied_to_id == "SM00000000000000000000000000000385"


def test_media_are_kept_as_references() -> None:
    parsed = provider.parse_message(request(MESSAGES["whatsapp_voice_note"]))
    assert parsed.kind == "media"
    assert parsed.media == (
        MediaRef(url=MESSAGES["whatsapp_voice_note"]["MediaUrl0"], content_type="audio/ogg"),
    )


def test_a_card_is_a_contact() -> None:
    parsed = parse(
        NumMedia="1", MediaUrl0="https://api.twilio.com/x", MediaContentType0="text/vcard", Body=""
    )
    assert parsed.kind == "contact"


def test_a_place_is_kept() -> None:
    parsed = provider.parse_message(request(MESSAGES["whatsapp_location"]))
    assert parsed.kind == "location"
    assert (parsed.extra["latitude"], parsed.extra["label"]) == ("19.4326", "Home")


@pytest.mark.parametrize("kind", ["order", "sticker", "poll", "something_new"])
def test_a_wordless_message_of_an_unknown_kind_is_a_placeholder(kind: str) -> None:
    parsed = parse(MessageType=kind, Body="")
    assert (parsed.kind, parsed.opens_window) == ("unsupported", True)


@pytest.mark.parametrize("kind", ["", "text", "interactive"])
def test_a_text_without_words_is_a_placeholder(kind: str) -> None:
    parsed = parse(MessageType=kind, Body=" ", InteractiveData="{}", FlowData="{}")
    assert (parsed.kind, parsed.opens_window) == ("unsupported", True)
    assert parse(MessageType=kind, Body="", ButtonPayload="yes").kind == "text"


def test_words_of_an_unknown_kind_are_read() -> None:
    assert parse(MessageType="something_new", Body="hola").kind == "text"


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("reaction", "reaction"),
        ("deleted", "deletion"),
        ("system", "unsupported"),
        ("ephemeral", "unsupported"),
    ],
)
def test_what_is_no_message_opens_no_window(kind: str, ours: str) -> None:
    parsed = parse(MessageType=kind, Body="👍", OriginalRepliedMessageSid="SM" + "7" * 32)
    assert (parsed.kind, parsed.opens_window) == (ours, False)
    assert parsed.replied_to_id == "SM" + "7" * 32


def test_an_answer_to_a_call_permission_is_no_text() -> None:
    parsed = parse(Body="VOICE_CALL_REQUEST", ButtonText="VOICE_CALL_REQUEST", ButtonPayload="ACCEPTED")
    assert (parsed.kind, parsed.opens_window) == ("unsupported", False)


@pytest.mark.parametrize(
    ("word", "meaning"), [("STOP", "stop"), ("START", "start"), ("HELP", "help"), ("X", None)]
)
def test_twilios_own_opt_out_is_told(word: str, meaning: str | None) -> None:
    assert parse(OptOutType=word).opt_out == meaning


@pytest.mark.parametrize("sender", ["12345", "CLINIC", "+14155550101"])
def test_short_codes_and_names_may_write(sender: str) -> None:
    parsed = provider.parse_message(request({**MESSAGES["sms_inbound"], "From": sender}))
    assert parsed.from_address == sender
    assert parsed.from_phone == (sender if sender.startswith("+") else None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"MessageSid": "", "SmsSid": ""}, "message_sid"),
        ({"MessageSid": "SM" + "a" * 32 + "NumMedia0"}, "message_sid"),
        ({"MessageSid": "SM1\n"}, "message_sid"),
        ({"AccountSid": ""}, "account_sid"),
        ({"To": ""}, "channels_differ"),
        ({"To": "whatsapp:"}, "to"),
        ({"To": "whatsapp:+1415555019a"}, "to"),
        ({"To": "+14155550199"}, "channels_differ"),
        ({"From": "whatsapp:"}, "from"),
        ({"From": "whatsapp:+1\x00"}, "from"),
        ({"From": "whatsapp:" + "9" * 200}, "from"),
    ],
)
def test_what_identifies_is_checked(changes: dict[str, str], code: str) -> None:
    form = {**BASE, **changes}
    if form["To"] == "":
        code = "to"
    with pytest.raises(Malformed) as raised:
        provider.parse_message(request(form))
    assert raised.value.code == code


def test_two_bodies_are_no_message_and_twice_the_same_is_one() -> None:
    with pytest.raises(Malformed, match="repeated_field"):
        provider.parse_message(request([*BASE.items(), ("Body", "another")]))
    assert provider.parse_message(request([*BASE.items(), ("Body", BASE["Body"])])).body == BASE["Body"]


def test_a_captured_request_cut_into_other_fields_is_no_message() -> None:
    """Names and values are signed without a separator, so this form has the signature of the first."""
    cut = {**BASE}
    del cut["MessageType"]
    body = cut.pop("Body")
    cut["AccountSid"] = f"{BASE['AccountSid']}" + f"ApiVersion{cut.pop('ApiVersion')}Body{body}"
    with pytest.raises(Malformed):
        provider.parse_message(request(cut))


@pytest.mark.parametrize("count", ["abc", "-1", "²", "999", ""])
def test_a_nonsense_count_of_media_is_none(count: str) -> None:
    assert parse(NumMedia=count).media == ()


@pytest.mark.parametrize("code", ["30007", "abc", "9" * 30, "0", "", "<b>"])
def test_an_error_number_is_short_or_nothing(code: str) -> None:
    form = {**STATUSES["sms_undelivered"], "ErrorCode": code}
    parsed = provider.parse_status(request(form, url=URL))
    assert parsed.error_code == (code if code in ("30007", "abc") else "")


def test_an_unknown_status_is_malformed() -> None:
    with pytest.raises(Malformed, match="status"):
        provider.parse_status(request({**STATUSES["sms_sent"], "MessageStatus": "received"}, url=URL))


def test_a_cancelled_message_failed() -> None:
    form = {**STATUSES["sms_sent"], "MessageStatus": "canceled"}
    assert provider.parse_status(request(form, url=URL)).status == "failed"


@pytest.mark.parametrize("query", ["", "?a=", "?a=1&a=2", "?" + "&".join(f"x{n}=1" for n in range(50))])
def test_a_callback_without_a_clear_reference_has_none(query: str) -> None:
    assert provider.parse_status(request(STATUSES["sms_sent"], url=URL + query)).our_ref is None
