"""What follows when a demo clinic's clock is moved: what is due now happens now, what is under way is left alone."""

from collections.abc import Callable
from datetime import datetime, timedelta

from celery import shared_task
from django.db import transaction
from django.db.models import F

from clinics import clocks
from clinics.demo_clock import NotADemo, OutOfReach, move_clock
from clinics.models import Clinic
from clinics.tasks import ClinicTask
from clinics.tenancy import current_clinic, forget_clinics
from medsync.lib import clock
from medsync.lib.jobs import enqueue, enqueue_on_commit
from messaging import live
from messaging.models import Message, MessageStatus

__all__ = ["NotADemo", "OutOfReach", "catch_up", "move"]

#: What finds the things that are due; each is idempotent.
SWEEPS = (
    "messaging.sweep_outbox",
    "messaging.sweep_phones",
    "messaging.wake_snoozed",
    "messaging.tell_staff",
    "messaging.remind",
    "messaging.send_api_reminders",
    "scheduling.expire_requests",
    "scheduling.announce_again",
)


def move(to: Callable[[datetime], datetime], *, now: datetime) -> None:
    """Move the clock of the entered clinic, and ring for all that is due at its new time.

    As `clinics.demo_clock.move_clock`: `now` is the real time. Raises NotADemo, OutOfReach.
    """
    clinic: Clinic = current_clinic()
    with transaction.atomic():
        _carry(move_clock(clinic, to, now=now))
        clocks.wake_all(clock.now())
        live.publish("clock")
        enqueue_on_commit("messaging.catch_up")


def _carry(by: timedelta) -> None:
    """Move the times of what is being sent along: a lease that seemed to have run out would be sent again."""
    under_way = Message.objects.filter(
        status__in=[MessageStatus.SENDING, MessageStatus.UNKNOWN], next_attempt_at__isnull=False
    )
    under_way.update(lease_until=F("lease_until") + by, next_attempt_at=F("next_attempt_at") + by)


@shared_task(name="messaging.catch_up", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def catch_up() -> None:
    """Start what finds due things in this clinic, in a worker that knows the new time. Idempotent."""
    schema = current_clinic().schema_name
    forget_clinics()
    for sweep in SWEEPS:
        enqueue(sweep, schema=schema)
