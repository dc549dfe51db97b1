"""What the worker does in this room. Arguments are ids only; what is to be done stands in the outbox."""

from uuid import UUID

from celery import shared_task

from clinics import clocks
from clinics.tasks import ClinicTask
from clinics.tenancy import in_clinic
from medsync.lib import clock
from medsync.lib.jobs import enqueue
from messaging import api_reminders, demo_clock, held, local_phone, outbox, snoozing, written
from messaging.alerts import telling, watching
from messaging.approved import tasks as approved_texts
from messaging.attachments import drawing, fetching, tidying
from messaging.numbers import checking
from messaging.reminders import tasks as reminders

__all__ = [
    "approved_texts",
    "ask_all_when_written",
    "ask_when_written",
    "check_number",
    "deliver_outbox",
    "demo_clock",
    "draw_pages",
    "fetch_all_media",
    "fetch_due_media",
    "fetch_media",
    "held",
    "local_phone",
    "reminders",
    "send_all_api_reminders",
    "send_api_reminders",
    "sweep_outbox",
    "sweep_outboxes",
    "sweep_phones",
    "tell_all_staff",
    "tell_staff",
    "tidy_all_files",
    "tidy_files",
    "wake_all_snoozed",
    "wake_snoozed",
]


@shared_task(name="messaging.deliver_outbox", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def deliver_outbox() -> None:
    """Send what is due in this clinic. Idempotent, in any number at once."""
    outbox.work(now=clock.now())


@shared_task(name="messaging.sweep_outbox", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_outbox() -> None:
    """Find what got lost in this clinic's outbox. Idempotent."""
    outbox.sweep(now=clock.now())


@shared_task(name="messaging.sweep_phones", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_phones() -> None:
    """Play what the built-in phones of this clinic still owe. Idempotent."""
    local_phone.sweep(now=clock.now())


@shared_task(name="messaging.sweep_outboxes", ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_outboxes() -> None:
    """Start `sweep_outbox` where the clock says that something is due, `sweep_phones` where a tick is overdue."""
    for clinic in clocks.due(clocks.OUTBOX, clock.real_now()):
        enqueue("messaging.sweep_outbox", schema=clinic.schema_name)
    for clinic in local_phone.clinics_with_phones():
        with in_clinic(clinic):
            ticks = local_phone.is_due(clock.now())
        if ticks:
            enqueue("messaging.sweep_phones", schema=clinic.schema_name)


@shared_task(name="messaging.wake_snoozed", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def wake_snoozed() -> None:
    """Bring back the snoozed threads of this clinic whose time has come. Idempotent."""
    snoozing.wake_all(now=clock.now())


@shared_task(name="messaging.wake_all_snoozed", ignore_result=True)  # type: ignore[untyped-decorator]
def wake_all_snoozed() -> None:
    """Start `wake_snoozed` in every clinic whose clock says that a thread's time has come; visits no other."""
    for clinic in clocks.due(clocks.SNOOZED, clock.real_now()):
        enqueue("messaging.wake_snoozed", schema=clinic.schema_name)


@shared_task(name="messaging.send_api_reminders", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def send_api_reminders() -> None:
    """Send what is due of other systems' calendars in this clinic. Idempotent, in any number at once."""
    api_reminders.sweep(now=clock.now())


@shared_task(name="messaging.send_all_api_reminders", ignore_result=True)  # type: ignore[untyped-decorator]
def send_all_api_reminders() -> None:
    """Start `send_api_reminders` in every clinic whose clock says that something is due; visits no other."""
    for clinic in clocks.due(clocks.API_REMINDERS, clock.real_now()):
        enqueue("messaging.send_api_reminders", schema=clinic.schema_name)


@shared_task(name="messaging.tell_staff", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def tell_staff() -> None:
    """Tell the members of this clinic what waits for them. Idempotent, in any number at once."""
    now = clock.now()
    watching.find(now=now)
    telling.tell_all(now=now)
    watching.note_next(now=now)


@shared_task(name="messaging.tell_all_staff", ignore_result=True)  # type: ignore[untyped-decorator]
def tell_all_staff() -> None:
    """Start `tell_staff` where the clock says that somebody waits, and where an account has stopped of late."""
    now = clock.real_now()
    due = clocks.due(clocks.ALERTS, now)
    for clinic in dict.fromkeys([*due, *watching.with_stopped_accounts(now=now)]):
        enqueue("messaging.tell_staff", schema=clinic.schema_name)


@shared_task(name="messaging.check_number", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def check_number(sender_id: str) -> None:
    """Ask the provider whether it takes the token of a number's account. Idempotent."""
    checking.check(UUID(sender_id), now=clock.real_now())


@shared_task(name=fetching.TASK, base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def fetch_media(attachment_id: str) -> None:
    """Fetch a file of a message from its provider. Idempotent, in any number at once."""
    fetching.fetch(UUID(attachment_id), now=clock.now())


@shared_task(name=drawing.TASK, base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def draw_pages(attachment_id: str) -> None:
    """Draw the first pages of a PDF. Idempotent, in any number at once."""
    drawing.draw(UUID(attachment_id), now=clock.now())


@shared_task(name="messaging.fetch_due_media", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def fetch_due_media() -> None:
    """Wake `fetch_media` or `draw_pages` for each file of this clinic that is due. Idempotent."""
    fetching.ring_due(now=clock.now())


@shared_task(name="messaging.fetch_all_media", ignore_result=True)  # type: ignore[untyped-decorator]
def fetch_all_media() -> None:
    """Start `fetch_due_media` in every clinic with a file that is due."""
    for clinic in clocks.due(clocks.MEDIA, clock.real_now()):
        enqueue("messaging.fetch_due_media", schema=clinic.schema_name)


@shared_task(name="messaging.tidy_files", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def tidy_files() -> None:
    """Take away the files of this clinic that no row names; have old papers drawn. Idempotent."""
    tidying.take_away(now=clock.real_now())
    tidying.draw_old_papers(now=clock.now())
    tidying.note_next(now=clock.now())


@shared_task(name="messaging.tidy_all_files", ignore_result=True)  # type: ignore[untyped-decorator]
def tidy_all_files() -> None:
    """Start `tidy_files` in every clinic where a day has passed since."""
    for clinic in clocks.due(clocks.FILES, clock.real_now()):
        enqueue("messaging.tidy_files", schema=clinic.schema_name)


@shared_task(name="messaging.ask_when_written", base=ClinicTask, ignore_result=True)  # type: ignore[untyped-decorator]
def ask_when_written() -> None:
    """Ask the provider when the messages were written whose windows end soon in this clinic. Idempotent."""
    written.ask(now=clock.now())


@shared_task(name="messaging.ask_all_when_written", ignore_result=True)  # type: ignore[untyped-decorator]
def ask_all_when_written() -> None:
    """Start `ask_when_written` where an hour has passed since."""
    written.keep_clocks()
    for clinic in clocks.due(written.JOB, clock.real_now()):
        enqueue("messaging.ask_when_written", schema=clinic.schema_name)
