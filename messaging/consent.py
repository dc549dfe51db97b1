"""Who may be written to: the only writers of the consent ledger and of its present state.

Each operation appends one line to the ledger and sets the state, in the present transaction. None of them
sends anything.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from clinics.models import User
from messaging.models import (
    ChannelConsent,
    ConsentAction,
    ConsentEvent,
    ConsentHow,
    ConsentSource,
    Message,
    Purpose,
)
from scheduling.models import ContactPoint
from scheduling.signals import Agreed

WORDING_LENGTH = 250


def opt_out(
    contact_point: ContactPoint,
    channel: str,
    *,
    source: ConsentSource,
    now: datetime,
    message: Message | None = None,
    wording: str = "",
    actor: User | None = None,
    known: ChannelConsent | None = None,
) -> ChannelConsent:
    """Stop *channel* for a contact point; a second time changes the ledger only."""
    return _write(
        contact_point,
        channel,
        Purpose.ALL,
        ConsentAction.OPTED_OUT,
        {"opted_out_at": now},
        source=source,
        now=now,
        message=message,
        wording=wording,
        actor=actor,
        known=known,
    )


def opt_in(
    contact_point: ContactPoint,
    channel: str,
    *,
    source: ConsentSource,
    now: datetime,
    message: Message | None = None,
    wording: str = "",
    actor: User | None = None,
    known: ChannelConsent | None = None,
) -> ChannelConsent:
    """Undo an opt-out; answers and reminders are allowed again, news stay as they were."""
    return _write(
        contact_point,
        channel,
        Purpose.ALL,
        ConsentAction.OPTED_IN,
        {"opted_out_at": None, "care": True},
        source=source,
        now=now,
        message=message,
        wording=wording,
        actor=actor,
        known=known,
    )


def record(
    contact_point: ContactPoint,
    channel: str,
    *,
    purpose: Purpose,
    granted: bool,
    source: ConsentSource,
    now: datetime,
    wording: str = "",
    actor: User | None = None,
    how: ConsentHow | str = "",
    said_on: date | None = None,
    message: Message | None = None,
) -> ChannelConsent:
    """Record what a patient agreed to or refused, as staff or an integrator know it; never undoes an opt-out."""
    names = ("care", "news") if purpose == Purpose.ALL else (str(purpose),)
    return _write(
        contact_point,
        channel,
        purpose,
        ConsentAction.GRANTED if granted else ConsentAction.REFUSED,
        dict.fromkeys(names, granted),
        source=source,
        now=now,
        wording=wording,
        actor=actor,
        how=how,
        said_on=said_on,
        message=message,
    )


@transaction.atomic(savepoint=False)
def record_many(points: Sequence[UUID], agreed: Agreed, *, now: datetime) -> int:
    """Record that the people of an imported list agreed to answers and reminders; return how many were new.

    It undoes no STOP and no refusal, and says nothing of news. Three statements a channel.
    """
    new = 0
    for channel in agreed.channels:
        known = {
            c.contact_point_id: c
            for c in ChannelConsent.objects.filter(contact_point__in=points, channel=channel)
        }
        asked = [pk for pk in points if pk not in known or _unasked(known[pk])]
        ChannelConsent.objects.bulk_create(
            [ChannelConsent(contact_point_id=pk, channel=channel, care=True, updated_at=now) for pk in asked],
            update_conflicts=True,
            unique_fields=["contact_point", "channel"],
            update_fields=["care", "updated_at"],
        )
        ConsentEvent.objects.bulk_create(
            ConsentEvent(
                contact_point_id=pk,
                channel=channel,
                purpose=Purpose.CARE,
                action=ConsentAction.GRANTED,
                source=ConsentSource.IMPORT,
                wording=agreed.words[:WORDING_LENGTH],
                how=agreed.how,
                said_on=agreed.said_on,
                actor_id=agreed.by_id,
                at=now,
            )
            for pk in asked
        )
        new += len(asked)
    return new


def _unasked(state: ChannelConsent) -> bool:
    return state.care is None and state.opted_out_at is None


def state_of(contact_point: ContactPoint, channel: str) -> ChannelConsent:
    """Return the present state; an unsaved row with nothing asked when there is none."""
    found = ChannelConsent.objects.filter(contact_point=contact_point, channel=channel).first()
    return found or ChannelConsent(contact_point=contact_point, channel=channel)


def opted_in_since(contact_point: ContactPoint, channel: str, *, since: datetime) -> bool:
    """Tell whether a contact point undid its STOP after a moment."""
    lines = ConsentEvent.objects.filter(contact_point=contact_point, channel=channel, at__gt=since)
    return lines.filter(action=ConsentAction.OPTED_IN).exists()


def changed_since(contact_point: ContactPoint, channel: str, *, since: datetime) -> bool:
    """Tell whether a STOP, or what undoes one, was said after a moment: by the provider's clock where it told one."""
    later = Q(message__occurred_at__gt=since) | Q(message__occurred_at=None, at__gt=since)
    lines = ConsentEvent.objects.filter(later, contact_point=contact_point, channel=channel)
    return lines.filter(action__in=[ConsentAction.OPTED_OUT, ConsentAction.OPTED_IN]).exists()


@transaction.atomic(savepoint=False)
def _write(
    contact_point: ContactPoint,
    channel: str,
    purpose: Purpose,
    action: ConsentAction,
    state: dict[str, Any],
    *,
    source: ConsentSource,
    now: datetime,
    message: Message | None = None,
    wording: str = "",
    actor: User | None = None,
    known: ChannelConsent | None = None,
    how: ConsentHow | str = "",
    said_on: date | None = None,
) -> ChannelConsent:
    """Append the line and set the state: two statements when the present state is *known*."""
    consent = known or state_of(contact_point, channel)
    for name, value in {**state, "updated_at": now}.items():
        setattr(consent, name, value)
    ChannelConsent.objects.bulk_create(
        [consent],
        update_conflicts=True,
        unique_fields=["contact_point", "channel"],
        update_fields=[*state, "updated_at"],
    )
    ConsentEvent.objects.create(
        contact_point=contact_point,
        channel=channel,
        purpose=purpose,
        action=action,
        source=source,
        wording=wording[:WORDING_LENGTH],
        message=message,
        actor=actor,
        how=how,
        said_on=said_on,
        at=now,
    )
    return consent
