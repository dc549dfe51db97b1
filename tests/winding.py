"""Clocks of clinics as tests want them: none that the world left, and rows that wake before a commit which never comes."""

from datetime import datetime

from django.db import connection

from clinics.models import Clinic, ClinicClock


def without_clocks() -> None:
    """Take away every clock, as if each wake-up had been lost."""
    ClinicClock.objects.all().delete()


def at_commit() -> None:
    """Fire the triggers that wait for a commit; in tests that are rolled back it never comes."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def clock_of(clinic: Clinic, job: str) -> datetime | None:
    """Return when the clinic is to be visited for a job, in real time; None when it is not."""
    return ClinicClock.objects.filter(clinic=clinic, job=job).values_list("next_at", flat=True).first()
