"""What the composer asks for once it is shown: the numbers to write from, drafts, values, and the saved texts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinics.access import ClinicRequest, may
from clinics.models import Channel, Clinic, Sender, SenderStatus
from clinics.permissions import Action
from medsync.lib import clock, phone
from messaging import gate, times, variables
from messaging.attachments import sending
from messaging.inbox import drafts, later, parts
from messaging.inbox.answering import conversation_of
from messaging.language import LANGUAGES
from messaging.models import ChannelConsent, Conversation, Window
from messaging.saved_texts import offering
from scheduling.models import ContactAddress


@dataclass(frozen=True, slots=True)
class From:
    """A number to write from, and whether the patient can be written to freely from it now."""

    id: str
    tag: str
    label: str
    channel: str
    free: bool
    until: str
    state: str  # what stands behind the number in the list
    files: dict[str, Any]  # what can be sent with a message from it: most, types, size


@dataclass(frozen=True, slots=True)
class Choice:
    """A saved text, filled for this patient; `search` is what typing looks through."""

    key: str
    name: str
    shortcut: str
    language: str
    body: str
    search: str
    missing: list[str]


@require_GET
@may(Action.WORK)
def writing(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Answer what the composer needs beside its text, so that opening a thread does not wait for it."""
    conversation, now, clinic = conversation_of(conversation_id), clock.now(), request.clinic
    kept = drafts.drafts_in(conversation.pk, request.user)
    values, _language = variables.values_in(conversation, clinic=clinic, now=now)
    context: dict[str, Any] = {
        "drafts": json.dumps(
            {
                tab: {"body": d.body, "id": d.client_message_id, "revision": d.revision}
                for tab, d in kept.items()
            }
        ),
        "senders": json.dumps([asdict(one) for one in senders(conversation, clinic, now=now)]),
        "variables": [
            {"name": name, "label": str(label), "value": values.get(name, "")}
            for name, label in variables.NAMES.items()
        ],
        "values": json.dumps(values),
        "presets": later.presets(clinic.zone, now=now),
        "zone": clinic.timezone.replace("_", " "),
        "soonest": now.astimezone(clinic.zone).strftime("%Y-%m-%dT%H:%M"),
    }
    return render(request, "messaging/writing.html", context)


@require_GET
@may(Action.WORK)
def texts(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Answer the saved texts as this patient would read them."""
    conversation, now = conversation_of(conversation_id), clock.now()
    values, language = variables.values_in(conversation, clinic=request.clinic, now=now)
    choices = []
    for one in offering.offered(language):
        body = variables.fill(one.body, values)
        choices.append(
            Choice(
                key=one.key,
                name=one.name,
                shortcut=one.shortcut,
                language=str(LANGUAGES.get(one.language, "")) if one.language != language else "",
                body=body,
                search=f"{one.shortcut} {one.name} {body}".casefold(),
                missing=variables.names_in(body),
            )
        )
    return render(request, "messaging/texts.html", {"choices": choices})


def senders(conversation: Conversation, clinic: Clinic, *, now: datetime) -> list[From]:
    """Return the clinic's numbers from which this patient can be reached, each with its own window; two statements."""
    point = conversation.contact_point
    opted_out = set(
        ChannelConsent.objects.filter(contact_point=point, opted_out_at__isnull=False).values_list(
            "channel", flat=True
        )
    )
    found = []
    for sender in _reaching(conversation, clinic):
        closes = sender.heard_at + gate.WINDOW if sender.heard_at else None  # type: ignore[attr-defined]
        open_ = sender.channel == Channel.SMS or bool(closes and closes > now)
        tag = parts.sender_tag(sender, sender.channel)
        free = open_ and sender.channel not in opted_out
        found.append(
            From(
                id=str(sender.pk),
                tag=tag.text if tag else "",
                label=phone.display(sender.phone_number, clinic.country),
                channel=sender.channel,
                free=free,
                until=closes.isoformat() if closes and sender.channel == Channel.WHATSAPP else "",
                state=_state(sender, closes, free=free, stopped=sender.channel in opted_out, clinic=clinic),
                files=_files(sender),
            )
        )
    return found


def _reaching(conversation: Conversation, clinic: Clinic) -> QuerySet[Sender]:
    heard = Window.objects.filter(conversation=conversation, sender=OuterRef("pk")).values("last_inbound_at")
    rows = Sender.objects.filter(clinic=clinic, status=SenderStatus.ACTIVE).exclude(channel=Channel.VOICE)
    rows = rows.select_related("account")
    rows = rows.annotate(heard_at=Subquery(heard[:1])).order_by("-channel", "rank", "pk")
    if conversation.contact_point.phone:
        return rows
    # A hidden number is reached only where it has written.
    known = ContactAddress.objects.filter(
        contact_point=conversation.contact_point, channel=OuterRef("channel")
    )
    return rows.filter(Exists(known))


def _files(sender: Sender) -> dict[str, Any]:
    """Return what can be sent with a message from a number."""
    rule = sending.rule_of(sender)
    return {"most": rule.most, "types": list(rule.types), "size": sending.LARGEST}


def _state(sender: Sender, closes: datetime | None, *, free: bool, stopped: bool, clinic: Clinic) -> str:
    if stopped:
        return _("stopped by the patient")
    if sender.channel == Channel.SMS:
        return ""
    if not free or closes is None:
        return _("closed")
    return _("free until %(time)s") % {"time": times.clock_time(closes, clinic.zone)}
