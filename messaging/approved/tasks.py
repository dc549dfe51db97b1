"""What the worker does for approved texts. Arguments are ids only; what is to be done stands in the rows."""

from celery import shared_task

from clinics import clocks
from clinics.tasks import ClinicTask
from medsync.lib import clock
from medsync.lib.jobs import enqueue
from messaging.approved import submitting, syncing
from messaging.approved.writing import SUBMIT, SYNC


@shared_task(name=SUBMIT, base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def submit_approved_texts() -> None:
    """Submit what waits in this clinic. Idempotent, in any number at once."""
    submitting.submit_waiting(now=clock.now())


@shared_task(name=SYNC, base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def sync_approved_texts() -> None:
    """Read how this clinic's texts stand at the provider. Idempotent."""
    submitting.submit_waiting(now=clock.now())
    syncing.sync(now=clock.now())


@shared_task(name="messaging.sync_all_approved_texts", ignore_result=True)  # type: ignore[untyped-decorator]
def sync_all_approved_texts() -> None:
    """Start `sync_approved_texts` where texts are being reviewed or in use and half an hour has passed."""
    for clinic in clocks.due(submitting.JOB, clock.real_now()):
        enqueue(SYNC, schema=clinic.schema_name)
