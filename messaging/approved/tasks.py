"""What the worker does for approved texts. Arguments are ids only; what is to be done stands in the rows."""

from celery import shared_task

from clinics import clocks
from clinics.tasks import ClinicTask
from medsync.lib import clock
from medsync.lib.jobs import enqueue
from messaging.approved import holding, submitting, syncing
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


@shared_task(name="messaging.sweep_held_replies", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_held_replies() -> None:
    """Release the replies of this clinic that a patient's message missed; end what waited too long. Idempotent."""
    holding.sweep(now=clock.now())


@shared_task(name="messaging.sweep_all_held_replies", ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_all_held_replies() -> None:
    """Start `sweep_held_replies` where replies wait for patients and it is time to look."""
    for clinic in clocks.due(clocks.HELD_REPLIES, clock.real_now()):
        enqueue("messaging.sweep_held_replies", schema=clinic.schema_name)
