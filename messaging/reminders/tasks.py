"""What the worker does for reminders. Twice at once does no harm: each step is claimed in a table."""

from celery import shared_task

from clinics import clocks
from clinics.tasks import ClinicTask
from medsync.lib import clock
from medsync.lib.jobs import enqueue
from messaging.reminders import sweeping


@shared_task(name="messaging.remind", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def remind() -> None:
    """Send what is due in this clinic. Idempotent, in any number at once."""
    sweeping.sweep(now=clock.now())


@shared_task(name="messaging.remind_all", ignore_result=True)  # type: ignore[untyped-decorator]
def remind_all() -> None:
    """Start `remind` in every clinic whose clock says that something is due; visits no other."""
    for clinic in clocks.due(clocks.REMINDERS, clock.real_now()):
        enqueue("messaging.remind", schema=clinic.schema_name)
