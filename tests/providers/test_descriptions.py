"""What we send is valid against what the providers publish; so is what our stand-ins answer and report."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from messaging.providers.base import Outbound
from messaging.providers.content import ContentDraft
from messaging.providers.telnyx import provider as telnyx_provider
from messaging.providers.twilio import provider as twilio_provider
from tests.providers import descriptions
from tests.standin import telnyx as telnyx_standin
from tests.standin.server import Seen
from tests.standin.telnyx import KEY, PROFILE, TelnyxStandIn
from tests.standin.twilio import ACCOUNT, TOKEN, TwilioStandIn
from tests.standin.twilio_content import TwilioContentStandIn

NUMBER, PATIENT = "+14155550199", "+14155550101"
SENDS: dict[str, dict[str, Any]] = {
    "words": {"body": "Su cita está confirmada 👍"},
    "picture": {"body": "", "media_urls": ("https://medsync.example/f/1",)},
    "pictures and words": {
        "body": "Aquí están.",
        "media_urls": ("https://medsync.example/f/1", "https://medsync.example/f/2"),
    },
    "longest": {"body": "x" * 1600},
}


def outbound(channel: str = "sms", **changes: Any) -> Outbound:
    values: dict[str, Any] = {
        "account_sid": ACCOUNT,
        "secret": TOKEN,
        "channel": channel,
        "from_number": NUMBER,
        "to_address": PATIENT,
        "body": "hola",
        "status_callback_url": "https://medsync.example/api/webhooks/sms/status?a=c.a#rc=2&rp=5xx,ct,rt",
        "ref": "c.a",
        **changes,
    }
    return Outbound(**values)


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioContentStandIn]:
    with TwilioContentStandIn() as running:
        settings.TWILIO_API_BASE_URL = running.base_url
        yield running


@pytest.fixture
def telnyx(settings: Any) -> Iterator[TelnyxStandIn]:
    with TelnyxStandIn() as running:
        settings.TELNYX_API_BASE_URL = running.base_url
        yield running


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("name", SENDS)
def test_a_message_to_twilio(twilio: TwilioStandIn, name: str, channel: str) -> None:
    document = descriptions.read("twilio_api_v2010.trimmed.json")
    twilio_provider.send(outbound(channel, **SENDS[name]))
    (seen,) = twilio.seen
    assert descriptions.of_request(document, seen) == []


def test_an_approved_text_to_twilio(twilio: TwilioStandIn) -> None:
    document = descriptions.read("twilio_api_v2010.trimmed.json")
    sid = "HX" + "a" * 32
    twilio_provider.send(outbound("whatsapp", content_sid=sid, content_variables={"1": "Ana", "2": "lunes"}))
    (seen,) = twilio.seen
    assert descriptions.of_request(document, seen) == []


@pytest.mark.parametrize("buttons", [(), (("yes", "Sí"), ("no", "No"))], ids=["text", "buttons"])
def test_a_text_for_approval_to_twilio(twilio: TwilioContentStandIn, buttons: Any) -> None:
    document = descriptions.read("twilio_content_v1.trimmed.json")
    draft = ContentDraft(
        name="reminder_es", language="es", body="Hola {{1}}", samples={"1": "Ana"}, buttons=buttons
    )
    contents = twilio_provider.contents
    sid = contents.create(ACCOUNT, TOKEN, draft)
    contents.submit(ACCOUNT, TOKEN, content_sid=sid, name="reminder_es", category="UTILITY")
    assert len(twilio.seen) == 2
    for seen in twilio.seen:
        assert descriptions.of_request(document, seen) == []


@pytest.mark.parametrize("name", SENDS)
def test_a_message_to_telnyx(telnyx: TelnyxStandIn, name: str) -> None:
    document = descriptions.read("telnyx_messaging.schema.json")
    url = "https://medsync.example/api/webhooks/sms/telnyx?a=c.a"
    telnyx_provider.send(
        outbound(secret=KEY, messaging_profile_id=PROFILE, status_callback_url=url, **SENDS[name])
    )
    (seen,) = telnyx.seen
    said = json.loads(seen.body)
    assert descriptions.problems(document, descriptions.named("MessageSendRequest"), said) == []


def test_what_the_stand_in_telnyx_says_is_what_telnyx_says(telnyx: TelnyxStandIn) -> None:
    document = descriptions.read("telnyx_messaging.schema.json")
    message = telnyx.accept({"to": PATIENT, "from": NUMBER, "text": "hola"}, "key")
    answer = {"data": message.payload("queued")}
    assert descriptions.problems(document, descriptions.named("MessageSendResponse"), answer) == []
    report = json.loads(
        telnyx_standin.event("message.finalized", message.payload("delivery_failed", "40008"))
    )
    assert descriptions.problems(document, descriptions.named("DeliveryUpdateWebhookEvent"), report) == []
    came = json.loads(
        telnyx_standin.event(
            "message.received",
            telnyx_standin.received("x", from_=PATIENT, to=NUMBER, message_id="1", autoresponse="STOP"),
        )
    )
    assert descriptions.problems(document, descriptions.named("InboundMessageWebhookEvent"), came) == []


@pytest.mark.parametrize(
    "body",
    [b"From=%2B14155550199", b"To=%2B1&Tomorrow=1", b"To=%2B1&ContentSid=HX1", b"To=%2B1&To=%2B2"],
    ids=["no receiver", "unknown field", "no SID", "twice"],
)
def test_what_breaks_a_description_is_found(body: bytes) -> None:
    document = descriptions.read("twilio_api_v2010.trimmed.json")
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    seen = Seen("POST", path, "application/x-www-form-urlencoded", body)
    assert descriptions.of_request(document, seen)
    assert descriptions.of_request(document, Seen("POST", "/elsewhere", seen.content_type, body))
