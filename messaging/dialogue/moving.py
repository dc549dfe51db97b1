"""Another time for a visit that stands: free times are offered, one is taken, the old one is free again.

A question of these times carries `move` in its context, the visit's id, and its `version`. A visit that was cancelled
meanwhile is asked for anew, as any other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging import noticing
from messaging.asking import next_day_end
from messaging.confirming import item_of
from messaging.dialogue import asked as about
from messaging.dialogue import calling, offers
from messaging.dialogue.asked import Asked
from messaging.dialogue.turn import Turn
from messaging.models import Message, Question, QuestionKind, QuestionOutcome
from messaging.replies import Meaning
from scheduling.errors import SchedulingError, TimeRefused
from scheduling.models import Appointment, HoldPurpose, Status
from scheduling.operations import attend, move, release_holds

KEY = offers.MOVE


def begin(turn: Turn, question: Question, one: Asked) -> None:
    """Offer other times for the visit; of another system's appointment we know none, so somebody calls."""
    visit = one.visit
    if visit is None:
        calling.call_back(turn, None)
        return
    turn.close(question, QuestionOutcome.REPLACED)
    turn.replacing = True
    context: dict[str, Any] = {
        "patient": str(visit.patient_id),
        "type": str(visit.type_id),
        "practitioner": str(visit.practitioner_id),
        "visit": str(visit.pk),
    }
    if visit.status == Status.CONFIRMED:
        context |= {KEY: str(visit.pk), "version": visit.version}
    offers.offer(turn, context, head="offer_first")
    if turn.ask is None:  # nothing is free: the visit stays, and can still be answered
        _ask_again(turn, visit)


def is_move(question: Question) -> bool:
    """Say whether these times are for a visit that stands."""
    return KEY in question.context


def take(turn: Turn, question: Question, item: Mapping[str, Any]) -> bool:
    """Move the visit to the chosen time; False when it is cancelled by now, so that the time is asked for anew."""
    visit = _visit(question)
    if visit.status == Status.CANCELLED:
        return False
    turn.plain = True
    turn.close(question, QuestionOutcome.ANSWERED)
    turn.answered_by_bot()
    before = visit.starts_at
    try:
        moved = move(
            visit,
            starts_at=datetime.fromisoformat(item["starts_at"]),
            practitioner=UUID(item["practitioner_id"]),
            by=None,
            expected_version=int(question.context["version"]),
            source=turn.channel,
            owner=turn.owner,
            now=turn.now,
        )
    except TimeRefused:
        offers.ask_to_call(turn)
        _ask_again(turn, visit)
        return True
    except SchedulingError:  # staff were faster
        turn.needs_person()
        turn.say("counter_gone")
        return True
    turn.stored.message.appointment = moved
    Message.objects.filter(pk=turn.stored.message.pk).update(appointment=moved)
    turn.parts.append(
        noticing.moved_words(moved, before=before, language=turn.language, channel=turn.channel)
    )
    return True


def other_words(turn: Turn, question: Question) -> bool:
    """Deal with what is no choice among the times: a call, or the visit stays as it is; False for anything else."""
    meanings = turn.reading.meanings
    visit = _visit(question)
    turn.plain = True
    if Meaning.CALL in meanings:
        calling.call_back(turn, visit)
        return True
    stands = visit.status == Status.CONFIRMED and visit.starts_at > turn.now
    if not stands or not meanings & {Meaning.YES, Meaning.NO}:
        return False
    turn.close(question, QuestionOutcome.ANSWERED)
    release_holds(turn.owner, purpose=HoldPurpose.OFFER)
    turn.answered_by_bot()
    if Meaning.YES in meanings and not turn.reading.nodding:
        attend(visit, source=turn.channel, now=turn.now)
        turn.say("coming_yes", when=turn.when(visit.starts_at, visit.location_id))
    elif visit.declined_at is None:
        turn.say("move_kept", when=turn.when(visit.starts_at, visit.location_id))
    else:
        turn.say("offer_dropped")
    return True


def _ask_again(turn: Turn, visit: Appointment) -> None:
    """Let the visit, which stays as it is, still be answered."""
    if visit.status == Status.CONFIRMED:
        until = max(visit.starts_at, next_day_end(turn.now, turn.facts.zone))
        turn.put(QuestionKind.CONFIRM_VISIT, [item_of(1, visit, None)], {}, until=until)


def _visit(question: Question) -> Appointment:
    return Appointment.objects.select_related(*about.RELATED).get(pk=question.context["visit"])
