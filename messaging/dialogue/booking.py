"""From "I need a visit" to a request that waits for staff: for whom, what kind, which doctor, which time.

What is decided so far travels as plain data in a question's context: `type`, `practitioner`, `patient` (ids, "any"
or absent), `wish`, the number of lists shown (`lists`) and the times on them (`shown`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging import noticing
from messaging.dialogue import moving, offers
from messaging.dialogue.handover import hand_over
from messaging.dialogue.turn import Turn
from messaging.models import ConversationState, Message, Question, QuestionKind, QuestionOutcome
from messaging.replies import Wish
from scheduling.errors import NotBookable, PastTime, TimeRefused
from scheduling.models import Appointment, Patient, Status
from scheduling.operations import request

ANY = "any"
MOST_CHOICES = 9


def begin(turn: Turn, wish: Wish | None) -> None:
    """Start anew: forget what was chosen before and ask, or offer, from the beginning."""
    proceed(turn, {"wish": offers.wish_to_json(wish)})


def proceed(turn: Turn, context: dict[str, Any]) -> None:
    """Ask for what is not decided yet, else offer times."""
    facts = turn.facts
    if "patient" not in context:
        if len(turn.patients) > 1:
            _ask(turn, QuestionKind.PICK_PATIENT, _patient_choices(turn), context)
            return
        context = {**context, "patient": str(turn.patients[0].pk) if turn.patients else ANY}
    if "type" not in context:
        if len(facts.types) > 1:
            first = {"id": ANY, "label": turn.text("any_type")}
            kinds = [{"id": str(kind.id), "label": kind.name_in(turn.language)} for kind in facts.types]
            _ask(turn, QuestionKind.PICK_TYPE, [first, *kinds], context)
            return
        context = {**context, "type": str(facts.types[0].id) if facts.types else ANY}
    if "practitioner" not in context:
        doctors = facts.practitioners_for(as_id(context["type"]))
        if (
            len(doctors) > 1
        ):  # who chooses sees the names, on every channel; what is said of the choice hides them
            first = {"id": ANY, "label": turn.text("any_practitioner")}
            names = [{"id": str(doctor.id), "label": doctor.name_in(turn.language)} for doctor in doctors]
            _ask(turn, QuestionKind.PICK_PRACTITIONER, [first, *names], context)
            return
        context = {**context, "practitioner": ANY}
    offers.offer(turn, context, head="offer_first")


def chosen(turn: Turn, question: Question, item: Mapping[str, Any]) -> None:
    """Go on with the doctor, the kind of visit or the person that was chosen."""
    part = {
        QuestionKind.PICK_PATIENT: "patient",
        QuestionKind.PICK_TYPE: "type",
        QuestionKind.PICK_PRACTITIONER: "practitioner",
    }[QuestionKind(question.kind)]
    turn.close(question, QuestionOutcome.ANSWERED)
    if (
        part == "patient" and item["id"] == ANY
    ):  # somebody whom the clinic does not know: staff make the patient
        hand_over(turn)
        return
    proceed(turn, {**question.context, part: item["id"]})


def take(turn: Turn, question: Question, item: Mapping[str, Any]) -> None:
    """Ask for the chosen time; when it cannot be had, say why and offer others."""
    context = question.context
    if moving.is_move(question) and moving.take(turn, question, item):
        return
    patient = _patient(turn, context)
    if patient is None:
        hand_over(turn)
        return
    practitioner = as_id(context.get("practitioner"))
    try:
        visit = request(
            patient,
            type=UUID(item["type_id"]),
            starts_at=datetime.fromisoformat(item["starts_at"]),
            practitioner=practitioner,
            source=turn.channel,
            owner=turn.owner,
            contact_point=turn.contact_point,
            now=turn.now,
        )
    except TimeRefused as refusal:
        turn.close(question, QuestionOutcome.ANSWERED)
        turn.replacing = True
        offers.offer(turn, context, head=_head_of(refusal), slots=refusal.alternatives)
        return
    turn.close(question, QuestionOutcome.ANSWERED)
    conversation = turn.stored.conversation
    conversation.offers_in_row = 0
    conversation.last_offer_at = None
    turn.stored.message.appointment = visit
    Message.objects.filter(pk=turn.stored.message.pk).update(appointment=visit)
    _tell(turn, visit)


def as_id(value: str | None) -> UUID | None:
    """Return the id that a context keeps; None for "any" and for what is not decided."""
    return UUID(value) if value and value != ANY else None


def _tell(turn: Turn, visit: Appointment) -> None:
    """Say what became of the wish; the words for a visit that stands are those of `noticing`."""
    if visit.status == Status.CONFIRMED:
        turn.answered_by_bot()
        turn.parts.append(noticing.confirmation(visit, language=turn.language, channel=turn.channel))
        return
    turn.needs_person()  # the request waits for staff
    doctor = turn.facts.practitioner_name(visit.practitioner_id) or visit.practitioner.name
    turn.say("requested", when=turn.when(visit.starts_at, visit.location_id), doctor_name=doctor)
    if visit.respond_by and not turn.facts.open_at(turn.now):
        turn.say("requested_closed", answer_by=turn.when(visit.respond_by))


def _head_of(refusal: TimeRefused) -> str:
    if isinstance(refusal, NotBookable | PastTime):
        return "offer_busy" if refusal.code == "patient_busy" else "offer_fresh"
    return "offer_taken"


def _patient(turn: Turn, context: Mapping[str, Any]) -> Patient | None:
    """Return the patient of the request, only ever one of those on this phone."""
    wanted = as_id(context.get("patient"))
    return next((patient for patient in turn.patients if patient.pk == wanted), None)


def _patient_choices(turn: Turn) -> list[dict[str, Any]]:
    named = [patient for patient in turn.patients if patient.name or patient.called][: MOST_CHOICES - 1]
    choices = [{"id": str(patient.pk), "label": patient.called or patient.name} for patient in named]
    return [*choices, {"id": ANY, "label": turn.text("someone_else")}]


def _ask(
    turn: Turn, kind: QuestionKind, choices: Sequence[Mapping[str, Any]], context: dict[str, Any]
) -> None:
    """Ask a numbered question."""
    listed = [{**choice, "key": str(number)} for number, choice in enumerate(choices[:MOST_CHOICES], 1)]
    key = {
        QuestionKind.PICK_PATIENT: "ask_patient",
        QuestionKind.PICK_TYPE: "ask_type",
        QuestionKind.PICK_PRACTITIONER: "ask_practitioner",
    }[kind]
    turn.say(key, choices=turn.numbered([str(choice["label"]) for choice in listed]))
    turn.put(kind, listed, context)
    turn.answered_by_bot()
    turn.stored.conversation.state = ConversationState.AWAITING_SLOT
