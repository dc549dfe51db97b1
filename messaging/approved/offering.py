"""The approved texts that a member can choose from in a thread, each with what is known of its variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from clinics.models import Channel, Clinic
from messaging import datewords, variables
from messaging.approved import choosing
from messaging.approved.starter import KNOCK, USES
from messaging.language import nearest
from messaging.models import Approval, ContentTemplate, Conversation, Message, MessageStatus
from scheduling.models import Appointment, Patient

FIGURES_OF = timedelta(days=30)
#: These do not go out, and stay in sight with the reason.
SHOWN = (Approval.APPROVED, Approval.PENDING, Approval.PAUSED, Approval.REJECTED, Approval.DISABLED)
_FEWEST = 5  # of fewer messages a share says nothing


@dataclass(frozen=True, slots=True)
class Offered:
    """A text with the values that its variables have in this thread, by name."""

    template: ContentTemplate
    values: Mapping[str, str]
    delivered: int | None  # percent of those of the last 30 days
    read: int | None


def offered(
    conversation: Conversation, *, clinic: Clinic, account_ids: Sequence[UUID], now: datetime
) -> tuple[list[Offered], str]:
    """Return the texts of these accounts and the patient's language; four statements.

    The patient's language first, what can be sent before what cannot, the knock before the rest.
    """
    people, visit = variables.people_and_visit(conversation, now=now)
    language = variables.language_of(conversation, people, clinic)
    rows = list(ContentTemplate.objects.filter(account__in=account_ids, archived_at=None, approval__in=SHOWN))
    figures = _figures([row.pk for row in rows], now=now)
    values = {
        spoken: values_of(people, visit, clinic, spoken, channel=Channel.WHATSAPP)
        for spoken in {nearest(row.language) for row in rows}
    }
    order = {key: n for n, key in enumerate(dict.fromkeys((KNOCK, *USES, "")))}
    rows.sort(
        key=lambda row: (
            nearest(row.language) != language,
            row.approval != Approval.APPROVED,
            order.get(row.key, len(order)),
            row.name,
            row.language,
        )
    )
    return [
        Offered(row, values[nearest(row.language)], *figures.get(row.pk, (None, None))) for row in rows
    ], language


def values_of(
    people: list[Patient], visit: Appointment | None, clinic: Clinic, language: str, *, channel: str
) -> Mapping[str, str]:
    """Return what a channel may tell: the values of members' variables, and those that only approved texts have."""
    known = variables.worth(people, visit, clinic, language)
    if visit is not None:
        place = {"zone": visit.zone, "language": language, "country": clinic.country}
        known["when"] = datewords.when(visit.starts_at, **place)
    return variables.told(known, channel)


def template_of(text: UUID) -> ContentTemplate | None:
    """Return one text."""
    return ContentTemplate.objects.filter(pk=text, archived_at=None).select_related("account").first()


def by_number(template: ContentTemplate, numbers: Mapping[str, str]) -> dict[str, str]:
    """Return values that were given by number as values by name. Pure."""
    return {name: numbers.get(number, "") for number, name in choosing.named(template)}


def _figures(ids: list[UUID], *, now: datetime) -> dict[UUID, tuple[int | None, int | None]]:
    """Return how many percent of each text's messages were delivered and read."""
    if not ids:
        return {}
    arrived = Q(status__in=(MessageStatus.DELIVERED, MessageStatus.READ))
    rows = (
        Message.objects.filter(template__in=ids, created_at__gte=now - FIGURES_OF, tries__gt=0)
        .order_by()
        .values_list("template_id")
        .annotate(
            sent=Count("id"),
            arrived=Count("id", filter=arrived),
            seen=Count("id", filter=Q(status=MessageStatus.READ)),
        )
    )
    return {
        found: (round(100 * delivered / sent), round(100 * read / sent))
        for found, sent, delivered, read in rows
        if sent >= _FEWEST
    }
