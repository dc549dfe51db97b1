"""What the clock begins in this room: one public task that rings in every clinic, one task a clinic."""

from __future__ import annotations

from celery import shared_task

from clinics.tasks import ClinicTask
from clinics.tenancy import each_ready_clinic
from medsync.lib import clock
from medsync.lib.jobs import enqueue
from scheduling import operations


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


@shared_task(name="scheduling.expire_requests", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def expire_requests() -> None:
    """End the requests of this clinic that staff did not answer in time, and holds that ran out. Idempotent."""
    now = clock.now()
    operations.expire_requests(now=now)
    operations.forget_expired_holds(now=now)


@shared_task(name="scheduling.announce_again", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def announce_again() -> None:
    """Tell receivers once more what they failed at. Idempotent."""
    operations.announce_again(now=clock.now())
