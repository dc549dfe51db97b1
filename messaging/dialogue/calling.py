"""CALL after a reminder: a task to call back, and the patient hears so."""

from messaging.dialogue.turn import Turn
from scheduling.models import Appointment, Task, TaskKind


def call_back(turn: Turn, visit: Appointment | None, *, silent: bool = False) -> None:
    """Give staff a call to make, once while it is open; `silent` where the carrier has answered already."""
    key = f"call_back:{visit.pk}:{visit.version}" if visit else f"call_back:{turn.contact_point.pk}"
    known = Task.objects.filter(dedupe_key=key, done_at=None).exists()
    if not known:
        Task.objects.bulk_create(
            [
                Task(
                    kind=TaskKind.CALL_BACK,
                    patient=visit.patient if visit else None,
                    contact_point=turn.contact_point,
                    appointment=visit,
                    # One that was done and is asked for again is a call of its own.
                    dedupe_key=key if not Task.objects.filter(dedupe_key=key).exists() else None,
                    due_at=turn.now,
                    created_at=turn.now,
                )
            ],
            ignore_conflicts=True,
        )
    turn.plain = True
    turn.answered_by_bot()
    if silent:
        return
    opens = None if turn.facts.open_at(turn.now) else turn.facts.opens_after(turn.now)
    if opens is None:
        turn.say("call_back")
    else:
        turn.say("call_back_closed", opens=turn.when(opens))
