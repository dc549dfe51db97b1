"""Answers to the times that staff offered to a request: one is taken, or none, else a person reads them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging import counters, noticing
from messaging.dialogue.handover import hand_over
from messaging.dialogue.turn import Turn
from messaging.models import Message, Question, QuestionOutcome
from scheduling.errors import SchedulingError
from scheduling.models import Appointment
from scheduling.operations import end_counter, take_counter


def is_counter(question: Question) -> bool:
    """Say whether staff asked this, about a request."""
    return counters.KEY in question.context


def take(turn: Turn, question: Question, item: Mapping[str, Any]) -> None:
    """Move the request to the chosen time; it stands at once, for staff offered it."""
    visit = _visit(question)
    turn.plain = True
    try:
        taken = take_counter(
            visit,
            starts_at=datetime.fromisoformat(item["starts_at"]),
            practitioner=UUID(item["practitioner_id"]),
            source=turn.channel,
            now=turn.now,
        )
    except SchedulingError:  # decided, ended, or the time is gone: a person says what is so now
        turn.close(question, QuestionOutcome.HANDED_OVER)
        turn.say("counter_gone")
        turn.needs_person()
        return
    turn.close(question, QuestionOutcome.ANSWERED)
    turn.answered_by_bot()
    turn.stored.message.appointment = taken
    Message.objects.filter(pk=turn.stored.message.pk).update(appointment=taken)
    turn.parts.append(noticing.confirmation(taken, language=turn.language, channel=turn.channel))


def none(turn: Turn, question: Question) -> None:
    """Give the request back to staff: none of the times suits."""
    turn.plain = True
    turn.close(question, QuestionOutcome.ANSWERED)
    turn.needs_person()
    try:
        end_counter(_visit(question), source=turn.channel, now=turn.now)
    except SchedulingError:  # staff decided, or the clock was faster
        return
    turn.say("counter_none")


def other_words(turn: Turn) -> None:
    """Leave to staff what is no answer; the times stay offered."""
    turn.plain = True
    hand_over(turn)


def _visit(question: Question) -> Appointment:
    related = ("patient", "practitioner", "type", "location", "contact_point")
    return Appointment.objects.select_related(*related).get(pk=question.context[counters.KEY])
