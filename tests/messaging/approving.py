"""Approved texts as tests want them, stored by hand; call inside `in_clinic`."""

from typing import Any

from clinics.models import Channel, Sender
from clinics.tenancy import current_clinic
from medsync.lib import clock
from messaging.approved.starter import SPELLED, starter_set
from messaging.models import ContentTemplate


def approved(text: str, spoken: str = "en", **columns: Any) -> ContentTemplate:
    """Store a text of the starter set as approved at the account of the clinic's WhatsApp number."""
    account = (
        Sender.objects.select_related("account")
        .get(clinic=current_clinic(), channel=Channel.WHATSAPP, rank=1)
        .account
    )
    one = next(one for one in starter_set() if (one.key, one.language) == (text, spoken))
    number = ContentTemplate.objects.count() + 1
    return ContentTemplate.objects.create(
        **{
            "account": account,
            "content_sid": f"HXfeed{number:028x}",
            "name": text,
            "key": text,
            "language": SPELLED[spoken],
            "content_type": "twilio/quick-reply" if one.buttons else "twilio/text",
            "body": one.body,
            "variables": [{"n": n, "name": name, "sample": sample} for n, name, sample in one.variables],
            "buttons": [{"id": button, "title": title} for button, title in one.buttons],
            "category": one.category,
            "asked_category": one.category,
            "approval": "approved",
            "submitted_at": clock.now(),
            "created_at": clock.now(),
            **columns,
        }
    )
