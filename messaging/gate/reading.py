"""What the gate reads: once for a thread, or once for many messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from clinics.models import Channel, ProviderAccount, Sender, SenderStatus
from messaging.facts import facts as facts_of_clinic
from messaging.gate import capacity, codes
from messaging.gate.judging import Choice, Facts
from messaging.gate.quiet import Quiet
from messaging.models import (
    ChannelConsent,
    ContentTemplate,
    Conversation,
    Direction,
    Message,
    MessageStatus,
    Window,
)
from scheduling.models import Appointment, ContactAddress, ContactPoint, PatientContact

#: The same words again within this time are no second event.
SAME_WORDS = timedelta(minutes=10)
_NOT_GONE = (MessageStatus.BLOCKED, MessageStatus.CANCELLED, MessageStatus.FAILED, MessageStatus.UNDELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was read of a thread's person: enough to judge every way out to them."""

    point: ContactPoint
    addresses: Mapping[str, ContactAddress]  # by channel: the newest that works, else the newest
    consents: Mapping[str, ChannelConsent]
    windows: Mapping[UUID, Window]  # by sender

    def address_on(self, channel: str) -> str:
        """Return what is sent to on a channel: an address of it, else the phone number, else ""."""
        known = self.addresses.get(channel)
        return known.address if known else self.point.phone or ""

    def facts(self, sender: Sender | None, channel: str, *, address: str | None = None) -> Facts:
        """Return the facts of one way out; no statement."""
        known = self.addresses.get(channel)
        to = self.address_on(channel) if address is None else address
        found = known_facts(
            sender=sender, consent=self.consents.get(channel), last_inbound_at=None, has_address=bool(to)
        )
        window = self.windows.get(sender.pk) if sender and channel == Channel.WHATSAPP else None
        return replace(
            found,
            last_inbound_at=window.last_inbound_at if window else None,
            closed_at=window.closed_at if window else None,
            unusable=known.unusable if known and known.address == to else "",
            wrong_at=self.point.wrong_at,
            blocked_at=self.point.blocked_at,
        )


def standing_of(conversation: Conversation) -> Standing:
    """Return what is known of a thread's person; three statements, four where the contact point is not at hand."""
    point = conversation.contact_point
    addresses: dict[str, ContactAddress] = {}
    for row in ContactAddress.objects.filter(contact_point=point).order_by("created_at", "id"):
        known = addresses.get(row.channel)
        if known is None or not row.unusable or known.unusable:
            addresses[row.channel] = row
    return Standing(
        point=point,
        addresses=addresses,
        consents={c.channel: c for c in ChannelConsent.objects.filter(contact_point=point)},
        windows={w.sender_id: w for w in Window.objects.filter(conversation=conversation)},
    )


def known_facts(
    *,
    sender: Sender | None,
    consent: ChannelConsent | None,
    last_inbound_at: datetime | None,
    has_address: bool = True,
    approved: bool = False,
) -> Facts:
    """Return the facts of rows that are at hand."""
    facts: dict[str, Any] = {}
    if sender is not None:
        facts |= {
            "sender_id": sender.pk,
            "sender_active": sender.status == SenderStatus.ACTIVE,
            "account_id": sender.account_id,
            "account_active": sender.account.state == ProviderAccount.State.ACTIVE,
        }
    if consent is not None:
        facts |= {"consent_id": consent.pk, "care": consent.care, "opted_out_at": consent.opted_out_at}
    return Facts(**facts, has_address=has_address, last_inbound_at=last_inbound_at, approved=approved)


def answering_facts(
    *, sender_id: UUID, account_id: UUID, consent: ChannelConsent, last_inbound_at: datetime | None
) -> Facts:
    """Return the facts for an answer to a message that came in just now, so by an active sender; no statement."""
    return Facts(
        sender_id=sender_id,
        sender_active=True,
        account_id=account_id,
        consent_id=consent.pk,
        care=consent.care,
        opted_out_at=consent.opted_out_at,
        last_inbound_at=last_inbound_at,
    )


def facts_for(messages: Iterable[Message]) -> dict[UUID, Facts]:
    """Return the facts of many outbound messages by id: three statements, one more each for notices, reminders, templates.

    Each message comes with `sender__account` and `conversation` selected.
    """
    rows = list(messages)
    points = {m.conversation.contact_point_id for m in rows}
    consents = {
        (c.contact_point_id, c.channel): c for c in ChannelConsent.objects.filter(contact_point__in=points)
    }
    windows = {
        (w.conversation_id, w.sender_id): w
        for w in Window.objects.filter(conversation__in={m.conversation_id for m in rows})
    }
    wrong: dict[UUID, tuple[datetime | None, datetime | None]] = {}
    unusable: dict[tuple[UUID, str | None, str | None], str] = {}
    # From the points on: of a number that staff typed no address is known before somebody writes.
    for point, wrong_at, blocked_at, channel, address, why in ContactPoint.objects.filter(
        pk__in=points
    ).values_list(
        "pk", "wrong_at", "blocked_at", "addresses__channel", "addresses__address", "addresses__unusable"
    ):
        wrong[point] = (wrong_at, blocked_at)
        unusable[point, channel, address] = why or ""
    zones = _zones(rows)
    names = _names(rows)
    strangers = _told_strangers(rows)
    facts = {}
    for message in rows:
        point = message.conversation.contact_point_id
        window = windows.get((message.conversation_id, message.sender_id)) if message.sender_id else None
        found = known_facts(
            sender=message.sender,
            consent=consents.get((point, message.channel)),
            last_inbound_at=window.last_inbound_at if window else None,
            approved=message.template_id is not None,
        )
        facts[message.pk] = replace(
            found,
            closed_at=window.closed_at if window else None,
            wrong_at=wrong.get(point, (None, None))[0],
            blocked_at=wrong.get(point, (None, None))[1],
            is_theirs=message.pk not in strangers,
            unusable=unusable.get((point, message.channel, message.address), ""),
            choice=_told_choice(message),
            template_id=message.template_id,
            template_name=names.get(message.template_id, "") if message.template_id else "",
            expires_at=message.expires_at,
            quiet=quiet_of(zones[message.pk]) if message.pk in zones else None,
        )
    return facts


def quiet_of(zone: str) -> Quiet:
    """Return the clinic's quiet hours on the clocks of a zone; no statement while the clinic's facts are known."""
    settings = facts_of_clinic().settings
    return Quiet(settings.quiet_from, settings.quiet_until, zone)


def zone_of(point_id: UUID, visit: Appointment | None) -> str:
    """Return the zone that a person's quiet hours are counted in: the patient's own, else that of the place."""
    place = visit.zone if visit else facts_of_clinic().zone.key
    if visit is not None:
        return visit.patient.timezone or place
    return _zones_at([point_id]).get(point_id) or place


def twin_of(
    conversation: Conversation, *, channel: str, body: str, dedupe_key: str | None, now: datetime
) -> tuple[UUID, datetime] | None:
    """Return a message that has told the same words just now, with its time; None for none.

    Two messages with keys of their own are two events, whatever their words.
    """
    same = Message.objects.filter(
        conversation=conversation,
        direction=Direction.OUTBOUND,
        channel=channel,
        purpose__in=codes.BEGUN,
        body=body,
        created_at__gt=now - SAME_WORDS,
        created_at__lte=now,
    ).exclude(status__in=_NOT_GONE)
    if dedupe_key:
        same = same.filter(dedupe_key=None)
    return same.order_by("-created_at", "-id").values_list("pk", "created_at").first()


def use_for(account: ProviderAccount, address: str, *, now: datetime) -> capacity.Use:
    """Return how far an account has used the people whom it may reach; one statement."""
    return capacity.use_of(account, address, now=now)


def _zones(messages: Iterable[Message]) -> dict[UUID, str]:
    """Return the zones of those messages that wait for a morning."""
    rows = [m for m in messages if m.purpose in codes.WAITS_FOR_MORNING]
    if not rows:
        return {}
    visits = {
        pk: timezone or zone
        for pk, timezone, zone in Appointment.objects.filter(
            pk__in={m.appointment_id for m in rows if m.appointment_id}
        ).values_list("pk", "patient__timezone", "zone")
    }
    without = {m.conversation.contact_point_id for m in rows if m.appointment_id not in visits}
    theirs = _zones_at(without) if without else {}
    place = facts_of_clinic().zone.key
    return {
        m.pk: visits.get(m.appointment_id)  # type: ignore[arg-type]  # None is the key of no visit
        or theirs.get(m.conversation.contact_point_id)
        or place
        for m in rows
    }


def _zones_at(points: Iterable[UUID]) -> dict[UUID, str]:
    """Return the zones of the patients who are reached at contact points, the starred one's first."""
    rows = (
        PatientContact.objects.filter(contact_point__in=list(points), not_theirs_at=None)
        .exclude(patient__timezone="")
        .order_by("starred", "-created_at", "-id")
        .values_list("contact_point_id", "patient__timezone")
    )
    return dict(rows)


def _told_strangers(messages: Iterable[Message]) -> set[UUID]:
    """Return the notices that would go where the patient of their visit is not reached any more."""
    told = {
        m.pk: (m.appointment_id, m.conversation.contact_point_id)
        for m in messages
        if m.purpose == codes.NOTICE
    }
    visits = {visit for visit, _ in told.values() if visit}
    if not visits:
        return set()
    theirs = set(
        Appointment.objects.filter(pk__in=visits, patient__contacts__not_theirs_at=None).values_list(
            "pk", "patient__contacts__contact_point"
        )
    )
    return {pk for pk, (visit, point) in told.items() if visit and (visit, point) not in theirs}


def _names(messages: Iterable[Message]) -> dict[UUID, str]:
    ids = {m.template_id for m in messages if m.template_id}
    return dict(ContentTemplate.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def _told_choice(message: Message) -> Choice | None:
    """Return why a message goes on its channel, as it was stored with it."""
    for step in message.verdict.get("steps", ()):
        if step.get("step") == "channel":
            evidence = step.get("evidence") or {}
            return Choice(
                how=evidence.get("how", ""),
                at=parse_datetime(evidence.get("at", "")),
                instead_of=evidence.get("instead_of", ""),
                because=evidence.get("because", ""),
            )
    return None
