"""What the clock begins in this room: public tasks that ring where something is due, one task a clinic."""

from __future__ import annotations

from celery import shared_task

from clinics import clocks
from clinics.tasks import ClinicTask
from medsync.lib import clock
from medsync.lib.jobs import enqueue
from scheduling import deadlines, opened, operations


@shared_task(name="scheduling.expire_all_requests", ignore_result=True)  # type: ignore[untyped-decorator]
def expire_all_requests() -> None:
    """Start `expire_requests` in every clinic whose clock says that something ran out; visits no other."""
    _ring(clocks.REQUESTS, "scheduling.expire_requests")


@shared_task(name="scheduling.announce_all_again", ignore_result=True)  # type: ignore[untyped-decorator]
def announce_all_again() -> None:
    """Start `announce_again` in every clinic where a receiver failed; visits no other."""
    _ring(clocks.UNTOLD, "scheduling.announce_again")


@shared_task(name="scheduling.forget_all_old_views", ignore_result=True)  # type: ignore[untyped-decorator]
def forget_all_old_views() -> None:
    """Start `forget_old_views` in every clinic that keeps one for too long; visits no other."""
    _ring(clocks.OLD_VIEWS, "scheduling.forget_old_views")


def _ring(job: str, task: str) -> None:
    for clinic in clocks.due(job, clock.real_now()):
        enqueue(task, schema=clinic.schema_name)


@shared_task(name="scheduling.forget_old_views", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def forget_old_views() -> None:
    """Forget who opened patients' pages more than six years ago, in this clinic. Idempotent."""
    now = clock.now()
    opened.forget_old(now=now)
    deadlines.note_old_views(now=now)


@shared_task(name="scheduling.expire_requests", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def expire_requests() -> None:
    """End what ran out in this clinic: requests, offers of other times, holds, declined visits. Idempotent."""
    now = clock.now()
    operations.expire_counters(now=now)  # first: a request outlives what was offered instead
    operations.expire_requests(now=now)
    operations.cancel_declined(now=now)
    operations.nudge_requests(now=now)
    operations.forget_expired_holds(now=now)
    deadlines.note_requests(now=now)


@shared_task(name="scheduling.announce_again", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def announce_again() -> None:
    """Tell receivers once more what they failed at. Idempotent."""
    now = clock.now()
    operations.announce_again(now=now)
    deadlines.note_untold(now=now)
