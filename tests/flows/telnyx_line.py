"""A clinic's number at Telnyx, as patients and Telnyx use it."""

import itertools
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from clinics.models import Channel, Clinic, Sender, SenderStatus
from clinics.senders import link_sender, retire_sender
from medsync.lib import clock
from tests.standin import telnyx
from tests.standin.telnyx import KEY, PROFILE, PUBLIC_KEY

NUMBER, PATIENT = "+12125550188", "+16465550177"
PATH = "/api/webhooks/sms/telnyx"
_ids = itertools.count(1)


def linked(clinic: Clinic) -> Sender:
    """Link the number with an account of the clinic's own, in place of its numbers for SMS."""
    for old in Sender.objects.filter(clinic=clinic, channel=Channel.SMS, status=SenderStatus.ACTIVE):
        retire_sender(old, now=clock.real_now())
    return link_sender(
        clinic,
        phone_number=NUMBER,
        channel="sms",
        provider="telnyx",
        messaging_profile_id=PROFILE,
        auth_token=KEY,
        public_key=PUBLIC_KEY,
        now=clock.real_now(),
    )


def deliver(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post a webhook into this process, as Telnyx would by HTTP."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return post(body, headers=headers, path=path).status_code


def post(body: bytes, *, headers: Mapping[str, str] | None = None, path: str = PATH, **more: Any) -> Any:
    """Post an event, signed now unless headers are given; return the response."""
    signed = telnyx.sign(body) if headers is None else headers
    content_type = more.pop("content_type", "application/json")
    return Client().post(path, data=body, content_type=content_type, headers=dict(signed), **more)


def write(text: str, *, sender: str = PATIENT, to: str = NUMBER, **fields: Any) -> Any:
    """Let a patient write; return the response."""
    occurred_at = fields.pop("occurred_at", "")
    message_id = fields.pop("message_id", f"{next(_ids):08x}-1111-4000-8000-000000000000")
    payload = telnyx.received(text, from_=sender, to=to, message_id=message_id, **fields)
    return post(telnyx.event("message.received", payload, occurred_at=occurred_at))
