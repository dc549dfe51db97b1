"""A demo clinic's clock: moved forward, windows close, requests run out and snoozes end while one looks on."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from clinics.models import Clinic
from clinics.tenancy import forget_clinics

FURTHEST = timedelta(days=366)
_NONE, _MINUTE = timedelta(0), timedelta(minutes=1)


class NotADemo(Exception):
    """The clinic is a real one: its clock stands at the real time and stays there."""


class OutOfReach(Exception):
    """The time lies before the real one, or more than FURTHEST after it."""


def move_clock(clinic: Clinic, to: Callable[[datetime], datetime], *, now: datetime) -> timedelta:
    """Move a demo clinic's clock; return by how much.

    `to` is given the time that the clock shows and returns the one that it is to show; `now` is the real time. What
    has happened stays, also when the clock is moved back. This process knows at once, the others within some
    seconds. Raises NotADemo, OutOfReach.
    """
    with transaction.atomic():
        row = Clinic.objects.select_for_update().filter(pk=clinic.pk, is_demo=True).first()
        if row is None:
            raise NotADemo
        stood: timedelta = row.clock_offset
        offset = to(now + stood) - now
        if -_MINUTE < offset < _NONE:  # the minute that is now was chosen
            offset = _NONE
        if not _NONE <= offset <= FURTHEST:
            raise OutOfReach
        Clinic.objects.filter(pk=row.pk).update(clock_offset=offset)
        transaction.on_commit(forget_clinics)
    # The clinic that is entered here may be this very object: what follows happens at the new time.
    clinic.clock_offset = offset
    return offset - stood
