"""What the choice of a channel looks at, read for many people at once: ten statements, however many they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, Subquery

from clinics.models import Channel, Sender
from messaging import gate
from messaging.approved.choosing import approved_for
from messaging.models import (
    ChannelConsent,
    ContentTemplate,
    Conversation,
    Direction,
    Message,
    Window,
)
from messaging.outbox import numbers
from messaging.outbox.routes import Heard, Known
from scheduling.models import ContactAddress, ContactPoint, PatientContact


@dataclass(frozen=True, slots=True)
class People:
    """Threads by contact point (unsaved where nothing was said yet), and what is known of each."""

    conversations: Mapping[UUID, Conversation]
    _standings: Mapping[UUID, gate.Standing]
    _heard: Mapping[UUID, Heard]
    _preferred: Mapping[UUID, str]
    _active: Sequence[Sender]
    _approved: dict[tuple[str, str, UUID], ContentTemplate | None]

    def known(self, point_id: UUID, *, zone: str) -> Known:
        """Return what the choice for a contact point looks at; quiet hours are counted in `zone`."""
        return Known(
            standing=self._standings[point_id],
            active=self._active,
            heard=self._heard.get(point_id),
            preferred=self._preferred.get(point_id, ""),
            zone=zone,
            approved=self._find,
        )

    def _find(self, key: str, language: str, account_id: UUID) -> ContentTemplate | None:
        """Return an approved text; one statement for each language and account."""
        wanted = (key, language, account_id)
        if wanted not in self._approved:
            self._approved[wanted] = approved_for(key, language, account_id)
        return self._approved[wanted]


def people_at(point_ids: Iterable[UUID]) -> People:
    """Read what is known of the people at these contact points."""
    points = {p.pk: p for p in ContactPoint.objects.filter(pk__in=set(point_ids))}
    threads = {c.contact_point_id: c for c in Conversation.objects.filter(contact_point__in=points)}
    for pk, point in points.items():
        thread = threads.setdefault(pk, Conversation(contact_point=point))
        thread.contact_point = point
    return People(
        conversations=threads,
        _standings=_standings(points),
        _heard=_heard(points),
        _preferred=_preferred(points),
        _active=numbers.active(),
        _approved={},
    )


def _standings(points: Mapping[UUID, ContactPoint]) -> dict[UUID, gate.Standing]:
    addresses: dict[UUID, dict[str, ContactAddress]] = {pk: {} for pk in points}
    for row in ContactAddress.objects.filter(contact_point__in=points).order_by("created_at", "id"):
        known = addresses[row.contact_point_id].get(row.channel)
        if known is None or not row.unusable or known.unusable:  # the newest that works, else the newest
            addresses[row.contact_point_id][row.channel] = row
    consents: dict[UUID, dict[str, ChannelConsent]] = {pk: {} for pk in points}
    for consent in ChannelConsent.objects.filter(contact_point__in=points):
        consents[consent.contact_point_id][consent.channel] = consent
    windows: dict[UUID, dict[UUID, Window]] = {pk: {} for pk in points}
    rows = Window.objects.filter(conversation__contact_point__in=points)
    for window in rows.select_related("conversation"):
        windows[window.conversation.contact_point_id][window.sender_id] = window
    return {
        pk: gate.Standing(point=point, addresses=addresses[pk], consents=consents[pk], windows=windows[pk])
        for pk, point in points.items()
    }


def _heard(points: Mapping[UUID, ContactPoint]) -> dict[UUID, Heard]:
    """Return when and where each last wrote; the newest is found by the index of each thread."""
    heard = Message.objects.filter(
        conversation=OuterRef("pk"),
        direction=Direction.INBOUND,
        channel__in=(Channel.WHATSAPP, Channel.SMS),
    ).order_by("-created_at", "-id")
    threads = Conversation.objects.filter(contact_point__in=points).order_by()
    newest = threads.annotate(heard=Subquery(heard.values("pk")[:1])).values("heard")
    found = Message.objects.filter(pk__in=newest).values_list(
        "conversation__contact_point_id", "created_at", "channel", "sender_id"
    )
    return {pk: Heard(at, channel, sender_id) for pk, at, channel, sender_id in found}


def _preferred(points: Mapping[UUID, ContactPoint]) -> dict[UUID, str]:
    """Return the channel that a patient at each contact point prefers, the starred one's first."""
    rows = (
        PatientContact.objects.filter(contact_point__in=points, not_theirs_at=None)
        .exclude(patient__preferred_channel="")
        .order_by("starred", "-created_at", "-id")
    )
    return dict(rows.values_list("contact_point_id", "patient__preferred_channel"))
