"""Twilio's webhooks as the tests post them."""

import itertools
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from django.test import Client

from clinics.models import Clinic
from clinics.queries import secrets_of
from tests.standin.twilio import sign
from tests.world import account_of

BASE = "https://medsync.example"
PATIENT = "+16465550101"
_sids = itertools.count(1)


def new_sid() -> str:
    """Return a MessageSid that no test used before."""
    return f"SM{next(_sids):032x}"


def number_of(clinic: Clinic) -> str:
    """Return the clinic's number."""
    return clinic.senders.get(channel="whatsapp", rank=1).phone_number


def message_form(
    clinic: Clinic, body: str = "hola", *, channel: str = "whatsapp", **fields: str
) -> dict[str, str]:
    """Return the form of a patient's message to the clinic; `fields` win."""
    prefix = "whatsapp:" if channel == "whatsapp" else ""
    sid = fields.pop("MessageSid", None) or new_sid()
    sender = fields.pop("sender", PATIENT)
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": account_of(clinic).external_id,
        "From": prefix + sender,
        "To": prefix + number_of(clinic),
        "Body": body,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        **({"ProfileName": "Ana 🙂", "WaId": sender.lstrip("+")} if prefix else {}),
        **fields,
    }


def token_of(clinic: Clinic) -> str:
    """Return the token with which the clinic's account signs."""
    return secrets_of(account_of(clinic))[0]


def post(
    form: Mapping[str, str] | list[tuple[str, str]],
    *,
    token: str,
    path: str = "/api/webhooks/whatsapp",
    signature: str | None = None,
    base: str = BASE,
    client: Client | None = None,
    content_type: str = "application/x-www-form-urlencoded",
    body: bytes | None = None,
    **headers: Any,
) -> Any:
    """Post a webhook signed for `base` + path, and return the response."""
    pairs = list(form.items() if isinstance(form, Mapping) else form)
    given = sign(base + path, pairs, token) if signature is None else signature
    return (client or Client()).post(
        path,
        data=urlencode(pairs).encode() if body is None else body,
        content_type=content_type,
        headers={"X-Twilio-Signature": given, **headers},
    )


def write(clinic: Clinic, body: str = "hola", *, channel: str = "whatsapp", **fields: str) -> Any:
    """Let a patient write to the clinic, and return the response."""
    form = message_form(clinic, body, channel=channel, **fields)
    return post(form, token=token_of(clinic), path=f"/api/webhooks/{channel}")


def replies_in(response: Any) -> list[tuple[str, str]]:
    """Return bodies and callback URLs of the messages in a TwiML answer."""
    root = ElementTree.fromstring(response.content)
    return [(m.text or "", m.get("statusCallback") or "") for m in root.findall("Message")]
