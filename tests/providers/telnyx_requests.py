"""Telnyx's webhooks made by hand for the provider tests."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from messaging.providers.base import InboundRequest
from messaging.providers.forms import JSON
from tests.standin import telnyx

URL = "https://medsync.example/api/webhooks/sms/telnyx"


def request(
    body: bytes,
    *,
    url: str = URL,
    headers: Mapping[str, str] | None = None,
    received_at: datetime | None = None,
    late: timedelta = timedelta(0),
) -> InboundRequest:
    """Return a webhook that Telnyx signed as it left; `late` is how long it took to arrive."""
    at = received_at or datetime.now(UTC)
    signed = telnyx.sign(body, at=(at - late).timestamp()) if headers is None else headers
    return InboundRequest(
        method="POST",
        urls=(url,),
        headers=dict(signed),
        body=body,
        raw_form={},
        form={},
        content_type=JSON,
        received_at=at,
    )


def message(text: str = "hola", **changes: Any) -> InboundRequest:
    """Return a patient's message."""
    payload = telnyx.received(
        text,
        from_=changes.pop("from_", "+14155550101"),
        to=changes.pop("to", "+14155550199"),
        message_id=changes.pop("message_id", "00000001-0000-4000-8000-000000000000"),
        **changes,
    )
    return request(telnyx.event("message.received", payload))
