"""Which clinics have something due: periodic work visits only those.

What makes something due wakes the clinic's clock: by `wake`, or by the row itself, whose trigger does the same at the
end of its transaction. A visit does the work, then reads what is due next and writes that. Who wakes holds a lock that
others who wake share and that a visit has for itself, until the commit: so no wake-up is lost between the visit's read
and its write, and nobody who wakes waits for another, unless a clock must really be moved. The rows keep real time, as
all that is shared does; callers inside a clinic speak in the time that its clock shows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from clinics.models import Clinic, ClinicClock, ClinicState
from clinics.tenancy import current_clinic
from medsync.lib import clock
from medsync.lib.ids import new_id

REMINDERS, API_REMINDERS = "reminders", "api_reminders"
MEDIA, HELD_REPLIES, FILES = "media", "held_replies", "files"
OUTBOX, SNOOZED, ALERTS = "outbox", "snoozed", "alerts"
REQUESTS, UNTOLD, OLD_VIEWS = "requests", "untold", "old_views"

#: These every ready clinic has: were a wake-up ever lost, the visit that comes anyway finds what is due.
EVERYWHERE = (OUTBOX, SNOOZED, ALERTS, REQUESTS, UNTOLD, OLD_VIEWS, FILES)

#: The task that gives clinics the clocks that they lack: by the beat, and when a worker starts.
KEEP = "clinics.keep_clocks"

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
    """Have the entered clinic visited at `at` (its own time), or earlier if it would be anyway. One statement.

    Comes last in its transaction: the clock is locked after everything else.
    """
    _wake([job], at)


def wake_all(at: datetime) -> None:
    """Have the entered clinic visited for all that it has, as `wake` does: its time was moved. One statement."""
    _wake([*EVERYWHERE, REMINDERS, API_REMINDERS, MEDIA, HELD_REPLIES], at)


def keep(*, first: datetime) -> None:
    """Give every ready clinic the clocks that it lacks; `first` is when it is visited, in real time. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.clinics_clinicclock (id, clinic_id, job, next_at) "
            "SELECT gen_random_uuid(), clinic.id, wanted.job, %(first)s "
            "FROM public.clinics_clinic AS clinic CROSS JOIN unnest(%(jobs)s::text[]) AS wanted (job) "
            "WHERE clinic.state = %(ready)s AND NOT EXISTS (SELECT 1 FROM public.clinics_clinicclock AS kept "
            "WHERE kept.clinic_id = clinic.id AND kept.job = wanted.job) ON CONFLICT DO NOTHING",
            {"first": first, "jobs": list(EVERYWHERE), "ready": ClinicState.READY.value},
        )


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
def visit(job: str, *, now: datetime, longest: timedelta = LONGEST) -> Iterator[Visit]:
    """Lock the entered clinic's clocks, let the caller read what is due next, and write it.

    The block only reads: the work is done before, for whoever changes a visit locks the clock last. Written is the
    earlier of what the caller sets and `longest` from `now`, both in the clinic's time.
    """
    clinic_id = current_clinic().pk
    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever has woken and not committed is waited for; whoever wakes from now on waits for this.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('clinics_clock'), hashtext(%s::uuid::text))", [clinic_id]
        )
        found = Visit()
        yield found
        if found.asleep:
            ClinicClock.objects.filter(clinic_id=clinic_id, job=job).delete()
            return
        latest = now + longest
        cursor.execute(
            "INSERT INTO public.clinics_clinicclock (id, clinic_id, job, next_at) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (clinic_id, job) DO UPDATE SET next_at = EXCLUDED.next_at",
            [new_id(), clinic_id, job, min(found.next_at or latest, latest) - clock.offset()],
        )


def _wake(jobs: Sequence[str], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.clinics_wake(%s, job, %s, %s) FROM unnest(%s::text[]) AS job",
            [current_clinic().pk, at - clock.offset(), len(jobs) > 1, list(jobs)],
        )
