"""What may be written in a thread, as templates read it: the composer, what waits above it, or why it is locked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Channel, Clinic
from medsync.lib import phone
from messaging import gate
from messaging.inbox import parts
from messaging.inbox.heldreply import is_held
from messaging.inbox.later import Waiting, newest_inbound, waiting
from messaging.inbox.parts import Tag
from messaging.inbox.queries import ThreadRows
from messaging.models import Conversation

_NEUTRAL = gettext_lazy(
    "WhatsApp is not covered by a health-privacy agreement here. Leave out health details."
)


@dataclass(frozen=True, slots=True)
class Lock:
    """Why a reply cannot be written now, and what helps."""

    title: str
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Composer:
    """What may be written here."""

    can_reply: bool
    can_note: bool
    lock: Lock | None
    warning: str  # what not to write here, "" for nothing
    from_label: str
    channel: str
    limit: int
    placeholder: str
    sender_id: UUID | None
    later: list[Waiting]
    draft_url: str
    writing_url: str
    texts_url: str
    later_url: str
    approved_url: str
    holds: bool  # a reply waits for the patient already


def composer(
    rows: ThreadRows,
    *,
    name: str,
    called: str,
    tag: Tag | None,
    clinic: Clinic,
    works: bool,
    neutral: bool,
    now: datetime,
) -> Composer:
    """Return the composer; `called` is how one talks of the patient, `neutral` that no health details belong here."""
    conversation = rows.conversation
    here = [conversation.id]
    lock = _lock(rows, name, now=now)
    return Composer(
        can_reply=works,
        can_note=works,
        lock=lock,
        warning=str(_NEUTRAL) if neutral and lock is None else "",
        from_label=_from(conversation, tag, clinic),
        channel=conversation.last_channel,
        limit=gate.LONGEST_BODY,
        placeholder=_("Reply to %(name)s") % {"name": name},
        sender_id=conversation.last_sender_id,
        later=waiting(
            rows.later,
            conversation,
            name=called,
            last_inbound=newest_inbound(rows.messages),
            clinic=clinic,
            now=now,
        ),
        draft_url=reverse("inbox:draft", args=here),
        writing_url=reverse("inbox:writing", args=here),
        texts_url=reverse("inbox:texts", args=here),
        later_url=reverse("inbox:later", args=here),
        approved_url=reverse("inbox:approved", args=here),
        holds=any(is_held(message) for message in rows.messages),
    )


def _from(conversation: Conversation, tag: Tag | None, clinic: Clinic) -> str:
    sender = conversation.last_sender
    if sender is None or tag is None:
        return tag.text if tag else ""
    return f"{tag.text} · {phone.display(sender.phone_number, clinic.country)}"


def _lock(rows: ThreadRows, name: str, *, now: datetime) -> Lock | None:
    conversation = rows.conversation
    channel = conversation.last_channel
    opted = next((c for c in rows.consents if c.channel == channel and c.opted_out_at), None)
    if opted:
        return Lock(
            _("You cannot write to %(name)s by %(channel)s")
            % {"name": name, "channel": Channel(channel).label},
            _(
                "They stopped messages there. START from them opens it again. A note stays possible, and so does a call."
            ),
        )
    if parts.ring(channel, conversation.window_closes_at, now=now).state == "closed":
        number = conversation.contact_point.phone
        return Lock(
            _("You could write freely until 24 hours after %(name)s’s last message") % {"name": name},
            (
                _(
                    "When %(name)s writes again, you can answer at once. Until then only a text that WhatsApp approved gets through; or call."
                )
                if number
                else _(
                    "When %(name)s writes again, you can answer at once. Until then only a text that WhatsApp approved gets through."
                )
            )
            % {"name": name},
            "63016",
        )
    return None
