"""On the day of a visit: late, or here. The desk sees it at once; the patient hears that it does."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from messaging.dialogue import attending, coming
from messaging.dialogue.turn import Turn
from messaging.models import Message
from scheduling.errors import SchedulingError
from scheduling.models import Appointment, Patient, Status
from scheduling.operations import says_here, says_late
from scheduling.queries import visits_of_day


def understood(turn: Turn) -> bool:
    """Mark the next visit of today as late or as here when the message says so; False when it does not."""
    if turn.stored.event.kind != "text" or (turn.reading.late is None and not turn.reading.here):
        return False
    visit = _visit_of_today(turn, turn.patients)
    if visit is None:
        return False
    turn.plain = True
    here = turn.reading.here
    if visit.status == Status.CONFIRMED:
        try:
            if here:
                visit = says_here(visit, source=turn.channel, now=turn.now)
            else:
                visit = says_late(visit, minutes=turn.reading.late or 0, source=turn.channel, now=turn.now)
        except SchedulingError:  # moved or cancelled in this very moment
            return False
        coming.answered_by_deed(turn, visit.pk)
        attending.coming_after_all([visit], now=turn.now)
    turn.answered_by_bot()
    turn.stored.message.appointment = visit
    Message.objects.filter(pk=turn.stored.message.pk).update(appointment=visit)
    turn.say("here_told" if here else "late_told")
    return True


def _visit_of_today(turn: Turn, patients: Sequence[Patient]) -> Appointment | None:
    """Return the visit of today that is meant: the first that is not over. The day is the place's."""
    coming = visits_of_day([patient.pk for patient in patients], now=turn.now)
    for visit in coming:
        zone = ZoneInfo(visit.zone)
        if visit.starts_at.astimezone(zone).date() == turn.now.astimezone(zone).date():
            return visit
    return None
