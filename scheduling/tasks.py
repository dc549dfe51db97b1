"""What the clock begins in this room: one public task that rings in every clinic, one task a clinic."""

from __future__ import annotations

from celery import shared_task

from clinics.tasks import ClinicTask
from clinics.tenancy import each_ready_clinic
from medsync.lib import clock
from medsync.lib.jobs import enqueue
from scheduling import opened, operations


@shared_task(name="scheduling.expire_all_requests", ignore_result=True)  # type: ignore[untyped-decorator]
def expire_all_requests() -> None:
    """Start `expire_requests` in every clinic."""
    for clinic in each_ready_clinic():
        enqueue("scheduling.expire_requests", schema=clinic.schema_name)


@shared_task(name="scheduling.announce_all_again", ignore_result=True)  # type: ignore[untyped-decorator]
def announce_all_again() -> None:
    """Start `announce_again` in every clinic."""
    for clinic in each_ready_clinic():
        enqueue("scheduling.announce_again", schema=clinic.schema_name)


@shared_task(name="scheduling.forget_all_old_views", ignore_result=True)  # type: ignore[untyped-decorator]
def forget_all_old_views() -> None:
    """Start `forget_old_views` in every clinic."""
    for clinic in each_ready_clinic():
        enqueue("scheduling.forget_old_views", schema=clinic.schema_name)


@shared_task(name="scheduling.forget_old_views", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def forget_old_views() -> None:
    """Forget who opened patients' pages more than six years ago, in this clinic. Idempotent."""
    opened.forget_old(now=clock.now())


@shared_task(name="scheduling.expire_requests", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def expire_requests() -> None:
    """End what ran out in this clinic: requests, offers of other times, holds, declined visits. Idempotent."""
    now = clock.now()
    operations.expire_counters(now=now)  # first: a request outlives what was offered instead
    operations.expire_requests(now=now)
    operations.cancel_declined(now=now)
    operations.nudge_requests(now=now)
    operations.forget_expired_holds(now=now)


@shared_task(name="scheduling.announce_again", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def announce_again() -> None:
    """Tell receivers once more what they failed at. Idempotent."""
    operations.announce_again(now=clock.now())
