"""Links to files: for members of the clinic alone, and for half an hour at most.

A link is the same for a quarter of an hour, so that a page that reads itself again need not load a picture again.
They end by the real time, whatever a demo's clock shows.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.core.signing import Signer
from django.db import connection
from django.urls import reverse
from django.utils.crypto import constant_time_compare

STEP = 15 * 60
_signer = Signer(salt="messaging.attachments")


def url_of(attachment_id: UUID, *, now: datetime) -> str:
    """Return the link to a file of the entered clinic; `now` is the real time."""
    return f"{reverse('attachments:show', args=[attachment_id])}?{_query(attachment_id, now)}"


def page_url_of(attachment_id: UUID, n: int, *, now: datetime) -> str:
    """Return the link to the picture of a page: whoever may have the file may have its pages, and as long."""
    return f"{reverse('attachments:page', args=[attachment_id, n])}?{_query(attachment_id, now)}"


def is_good(attachment_id: UUID, given: Mapping[str, str], *, now: datetime) -> bool:
    """Tell whether a link was made here, for this file of the entered clinic, and has not ended."""
    until = given.get("until", "")
    if not (until.isascii() and until.isdigit() and len(until) < 13) or int(until) <= now.timestamp():
        return False
    return constant_time_compare(given.get("sign", ""), _sign(attachment_id, int(until)))


def _query(attachment_id: UUID, now: datetime) -> str:
    until = (int(now.timestamp()) // STEP + 2) * STEP
    return urlencode({"until": until, "sign": _sign(attachment_id, until)})


def _sign(attachment_id: UUID, until: int) -> str:
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    return _signer.signature(f"{schema}:{attachment_id}:{until}")
