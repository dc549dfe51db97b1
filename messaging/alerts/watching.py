"""What staff should be told of now, found by looking at what waits; nothing on the path of a message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from clinics import clocks
from clinics.models import Channel, Clinic, ClinicState, ProviderAccount, Sender, SenderStatus
from clinics.tenancy import current_clinic
from messaging.models import Alert, AlertKind, Conversation, WorkState
from messaging.trouble.queries import Trouble, troubles
from scheduling.models import Appointment, Status

PATIENCE = timedelta(minutes=10)
#: What began longer ago is no news: after an outage nobody is woken for yesterday.
STILL_NEWS = timedelta(hours=2)
#: A provider that has not answered for so long is told of; one that refuses the account is at once.
STILL_SILENT = timedelta(minutes=3)
_BATCH = 200


def find(*, now: datetime) -> int:
    """Store an alert for everything that waits and was not told yet; return how many. Idempotent."""
    wanted = list(_wanted(now))
    known = set(Alert.objects.filter(key__in=[alert.key for alert in wanted]).values_list("key", flat=True))
    new = [alert for alert in wanted if alert.key not in known]
    Alert.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def is_due(*, now: datetime) -> bool:
    """Tell whether there may be something to find or to tell; a few short looks."""
    return (
        Alert.objects.filter(told_at=None, created_at__gt=now - STILL_NEWS).exists()
        or _requests(now).exists()
        or _nudged(now).exists()
        or _waiting(now).exists()
        or _handed_over(now).exists()
        or _account_is_news(now)
    )


def note_next(*, now: datetime) -> None:
    """Note when the entered clinic is to be looked at next: at once while something is left, else when patience ends."""
    with clocks.visit(clocks.ALERTS, now=now) as visit:
        if is_due(now=now):
            visit.next_at = now
        else:
            first = _patient(now).order_by("waiting_since").values_list("waiting_since", flat=True).first()
            visit.next_at = first and first + PATIENCE


def with_stopped_accounts(*, now: datetime) -> list[Clinic]:
    """Return the ready clinics of whose numbers one cannot send of late; `now` is the real time. One statement.

    Accounts lie in the shared schema and serve many clinics, so no clinic's clock is woken by one of them.
    """
    stopped = Sender.objects.filter(
        Q(account__state=ProviderAccount.State.REFUSED) | Q(account__stopped_at__lte=now - STILL_SILENT),
        account__stopped_at__gt=now - STILL_NEWS,
        status=SenderStatus.ACTIVE,
    ).exclude(channel=Channel.VOICE)
    ready = Clinic.objects.filter(pk__in=stopped.values("clinic"), state=ClinicState.READY)
    return list(ready.order_by("id"))


def _wanted(now: datetime) -> Iterator[Alert]:
    for request in _requests(now)[:_BATCH]:
        conversation = getattr(request.contact_point, "conversation", None)
        yield Alert(
            kind=AlertKind.REQUEST,
            key=f"request:{request.pk}",
            appointment=request,
            conversation=conversation,
            created_at=now,
        )
    for request in _nudged(now)[:_BATCH]:
        yield Alert(
            kind=AlertKind.REQUEST,
            key=f"nudge:{request.pk}",
            appointment=request,
            conversation=getattr(request.contact_point, "conversation", None),
            created_at=now,
        )
    for thread in _handed_over(now)[:_BATCH]:
        assert thread.handed_over_at is not None
        yield Alert(
            kind=AlertKind.HANDOVER,
            key=f"handover:{thread.pk}:{thread.handed_over_at.isoformat()}",
            conversation=thread,
            created_at=now,
        )
    for thread in _waiting(now)[:_BATCH]:
        assert thread.waiting_since is not None
        yield Alert(
            kind=AlertKind.WAITING,
            key=f"waiting:{thread.pk}:{thread.waiting_since.isoformat()}",
            conversation=thread,
            created_at=now,
        )
    for trouble in _stopped(now):
        yield Alert(kind=AlertKind.ACCOUNT, key=trouble.key, account=trouble.account, created_at=now)


def _account_is_news(now: datetime) -> bool:
    keys = {trouble.key for trouble in _stopped(now)}
    return bool(keys) and Alert.objects.filter(key__in=keys).count() < len(keys)


def _stopped(now: datetime) -> list[Trouble]:
    """Return the accounts of which nothing goes, and not only for a moment."""
    return troubles(current_clinic(), now=now, after=STILL_SILENT)


def _requests(now: datetime) -> QuerySet[Appointment]:
    told = Alert.objects.filter(kind=AlertKind.REQUEST, appointment=OuterRef("pk"))
    asked = Appointment.objects.filter(~Exists(told), status=Status.PENDING_REVIEW)
    asked = asked.filter(created_at__gt=now - STILL_NEWS)
    return asked.select_related("contact_point__conversation").order_by("created_at", "id")


def _nudged(now: datetime) -> QuerySet[Appointment]:
    """Return requests of which half the time is over, and nothing was told since."""
    told = Alert.objects.filter(
        kind=AlertKind.REQUEST, appointment=OuterRef("pk"), created_at__gte=OuterRef("nudged_at")
    )
    rows = Appointment.objects.filter(
        ~Exists(told), status=Status.PENDING_REVIEW, nudged_at__gt=now - STILL_NEWS, nudged_at__lte=now
    )
    return rows.select_related("contact_point__conversation").order_by("created_at", "id")


def _handed_over(now: datetime) -> QuerySet[Conversation]:
    return _untold(AlertKind.HANDOVER, "handed_over_at").filter(handed_over_at__gt=now - STILL_NEWS)


def _waiting(now: datetime) -> QuerySet[Conversation]:
    rows = _wait_for_staff().filter(waiting_since__lte=now - PATIENCE)
    return rows.filter(waiting_since__gt=now - STILL_NEWS)


def _patient(now: datetime) -> QuerySet[Conversation]:
    """Return the threads that do not wait for too long yet."""
    return _wait_for_staff().filter(waiting_since__gt=now - PATIENCE)


def _wait_for_staff() -> QuerySet[Conversation]:
    # Who was handed over was told of already.
    return _untold(AlertKind.WAITING, "waiting_since").filter(handed_over_at=None)


def _untold(kind: AlertKind, since: str) -> QuerySet[Conversation]:
    """Return threads that need a reply and of which nothing was told since then."""
    told = Alert.objects.filter(kind=kind, conversation=OuterRef("pk"), created_at__gte=OuterRef(since))
    rows = Conversation.objects.filter(~Exists(told), work_state=WorkState.NEEDS_REPLY, put_away_at=None)
    return rows.order_by(F("waiting_since").asc(nulls_last=True), "id")
