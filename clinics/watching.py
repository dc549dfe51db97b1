"""What operators of the platform watch: figures of the shared schema, without patient data, bounded by days."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, Sum
from django.db.models.functions import TruncDate

from clinics.models import Clinic, Counter, DeadTask, HeldEvent, ProviderAccount, SenderHealth
from medsync.lib.ids import lowest_id

REFUSED = "webhook.refused."  # and the provider's name


def clinics_by_state() -> dict[str, int]:
    """Return how many clinics are in each state."""
    return dict(Clinic.objects.order_by().values_list("state").annotate(count=Count("pk")))


def held_waiting(*, limit: int) -> int:
    """Return how many webhooks are held and wait, at most ``limit``."""
    return HeldEvent.objects.filter(replayed_at=None).order_by()[:limit].count()


def held_by_day(*, since: datetime, zone: tzinfo) -> dict[tuple[date, bool], int]:
    """Return how many webhooks were held on each day, by whether they wait still."""
    rows = (
        HeldEvent.objects.filter(received_at__gte=since, pk__gte=lowest_id(since))
        .order_by()
        .annotate(
            day=TruncDate("received_at", tzinfo=zone),
            waits=ExpressionWrapper(Q(replayed_at=None), output_field=BooleanField()),
        )
        .values_list("day", "waits")
        .annotate(count=Count("pk"))
    )
    return {(day, waits): count for day, waits, count in rows}


def dead_by_reason(*, since: datetime) -> dict[str, int]:
    """Return how many tasks came without a clinic that is ready, by reason."""
    rows = DeadTask.objects.filter(created_at__gte=since, pk__gte=lowest_id(since)).order_by()
    return dict(rows.values_list("reason").annotate(count=Count("pk")))


def refused_by_day(*, since: date) -> dict[tuple[date, str], int]:
    """Return how many webhooks nobody we know had signed, by day and provider."""
    rows = (
        Counter.objects.filter(day__gte=since, name__startswith=REFUSED)
        .order_by()
        .values_list("day", "name")
        .annotate(total=Sum("count"))
    )
    return {(day, name.removeprefix(REFUSED)): int(total) for day, name, total in rows}


def alarms(*, limit: int) -> int:
    """Return on how many clinic numbers wrongly signed webhooks have raised an alarm, at most ``limit``."""
    return SenderHealth.objects.exclude(alert_since=None).order_by()[:limit].count()


def stopped_accounts(*, limit: int) -> int:
    """Return how many provider accounts are refused or do not answer, at most ``limit``."""
    stopped = Q(state=ProviderAccount.State.REFUSED) | Q(stopped_at__isnull=False)
    return ProviderAccount.objects.filter(stopped).order_by()[:limit].count()
