"""TwiML that Twilio can read, whatever the reply says."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.messaging_response import MessagingResponse

from messaging.providers.base import InlineReply
from messaging.providers.twilio import provider

CALLBACK = "https://medsync.example/api/webhooks/whatsapp/status?a=c.a&x=1#rc=2&rp=5xx,ct,rt"


def answer(*bodies: str) -> str:
    replies = [InlineReply(body=body, status_callback_url=CALLBACK) for body in bodies]
    return provider.acknowledge(replies).body.decode()


def test_no_reply_is_an_empty_response() -> None:
    assert provider.acknowledge().content_type == "text/xml"
    assert provider.acknowledge().body.decode() == str(MessagingResponse())


@pytest.mark.parametrize(
    "body", ["Hola", "1 < 2 & 3 > 2", "\"quoted\" 'too'", "líneas\nnuevas", "你好 👋", "]]>"]
)
def test_it_says_the_same_as_the_sdk(body: str) -> None:
    response = MessagingResponse()
    response.message(body, status_callback=CALLBACK)
    ours, theirs = ElementTree.fromstring(answer(body)), ElementTree.fromstring(str(response))
    assert ElementTree.canonicalize(ElementTree.tostring(ours)) == ElementTree.canonicalize(
        ElementTree.tostring(theirs)
    )


@given(st.text())
def test_any_text_makes_a_readable_document(body: str) -> None:
    body = body.encode("utf-8", "replace").decode()
    message = ElementTree.fromstring(answer(body)).find("Message")
    assert message is not None
    assert message.get("statusCallback") == CALLBACK


def test_markup_in_a_reply_stays_text() -> None:
    root = ElementTree.fromstring(answer("</Message><Redirect>https://evil.example</Redirect>"))
    assert [child.tag for child in root] == ["Message"]


def test_several_replies_are_several_messages() -> None:
    assert len(ElementTree.fromstring(answer("a", "b")).findall("Message")) == 2
