"""Which clinics have something due: periodic work visits only those.

A change that makes something due calls `wake`; a visit does the work, then reads what is due next and writes it
under the row's lock. Both lock, so no wake-up is lost between the read and the write. The rows keep real time, as
all that is shared does; callers inside a clinic speak in the time that its clock shows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from clinics.models import Clinic, ClinicClock, ClinicState
from clinics.tenancy import current_clinic
from medsync.lib import clock
from medsync.lib.ids import new_id

REMINDERS, API_REMINDERS = "reminders", "api_reminders"
MEDIA, HELD_REPLIES = "media", "held_replies"

#: A clinic is looked at again after this at the latest, whatever was forgotten.
LONGEST = timedelta(hours=1)
MOST = 2_000


@dataclass(slots=True)
class Visit:
    """What a visit found: when something is due next, None when nothing is known to be."""

    next_at: datetime | None = None
    asleep: bool = False

    def sleep(self) -> None:
        """Let the clinic be until something wakes it: the job is switched off there."""
        self.asleep = True


def wake(job: str, at: datetime) -> None:
    """Have the entered clinic visited at `at` (its own time), or earlier if it would be anyway.

    Comes last in its transaction: the clock is locked after everything else.
    """
    _write("LEAST(kept.next_at, EXCLUDED.next_at)", job, at - clock.offset())


def needs_waking(at: datetime, *, now: datetime) -> bool:
    """Say whether the visit that comes anyway would be too late. Pure.

    Where a job is on, a visit comes within LONGEST; who asks first spares the row's lock. The minute is for a
    transaction that takes its time.
    """
    return at < now + LONGEST + timedelta(minutes=1)


def due(job: str, now: datetime, limit: int = MOST) -> list[Clinic]:
    """Return the ready clinics with something due, who waits longest first; `now` is the real time. One statement."""
    rows = ClinicClock.objects.filter(job=job, next_at__lte=now, clinic__state=ClinicState.READY)
    return [row.clinic for row in rows.select_related("clinic").order_by("next_at")[:limit]]


@contextmanager
def visit(job: str, *, now: datetime) -> Iterator[Visit]:
    """Lock the entered clinic's clock, let the caller read what is due next, and write it.

    The block only reads: the work is done before, for whoever changes a visit locks the clock last. Written is the
    earlier of what the caller sets and LONGEST from `now`, both in the clinic's time.
    """
    with transaction.atomic():
        shift = clock.offset()
        latest = now + LONGEST
        _write("kept.next_at", job, latest - shift)
        found = Visit()
        yield found
        mine = ClinicClock.objects.filter(clinic_id=current_clinic().pk, job=job)
        if found.asleep:
            mine.delete()
        else:
            mine.update(next_at=min(found.next_at or latest, latest) - shift)


def _write(keep: str, job: str, at: datetime) -> None:
    """Insert or lock the row in one statement; of two at once the second waits."""
    table = connection.ops.quote_name(ClinicClock._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS kept (id, clinic_id, job, next_at) VALUES (%s, %s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (clinic_id, job) DO UPDATE SET next_at = {keep}",
            [new_id(), current_clinic().pk, job, at],
        )
