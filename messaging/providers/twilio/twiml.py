"""TwiML: what a message webhook answers. Never text/plain, which Twilio would send to the patient."""

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from messaging.providers.base import InlineReply

CONTENT_TYPE = "text/xml"
_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>'
EMPTY = (_PROLOGUE + "<Response />").encode()
# XML 1.0 has no way to write these, not even escaped; one of them would lose the whole reply (error 12100).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(replies: Sequence[InlineReply]) -> bytes:
    """Return the response document, one Message element for each reply."""
    if not replies:
        return EMPTY
    messages = "".join(
        f"<Message statusCallback={quoteattr(reply.status_callback_url)}>"
        f"{escape(_NOT_XML.sub('�', reply.body))}</Message>"
        for reply in replies
    )
    return f"{_PROLOGUE}<Response>{messages}</Response>".encode()
