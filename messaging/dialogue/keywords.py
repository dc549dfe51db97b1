"""Words that begin something when nothing is asked; what is not understood goes to a person."""

from messaging.dialogue import booking
from messaging.dialogue.handover import hand_over
from messaging.dialogue.turn import Turn
from messaging.models import Author
from messaging.replies import Meaning
from scheduling.models import Status
from scheduling.queries import next_visits

MOST_VISITS = 5


def react(turn: Turn) -> None:
    """Do what the message asks for by itself."""
    reading = turn.reading
    staff_wrote_last = turn.stored.conversation.last_author == Author.STAFF
    if Meaning.BOOK in reading.meanings:
        booking.begin(turn, reading.wish)
    elif Meaning.MY_VISITS in reading.meanings:
        tell_visits(turn)
    elif staff_wrote_last or reading.meanings & {Meaning.NO, Meaning.YES}:
        turn.needs_person()  # it is a person whom this answers
    elif Meaning.GREETING in reading.meanings:
        if turn.stored.conversation.handed_over_at is None:
            booking.begin(turn, None)
        else:
            turn.needs_person()
    elif reading.wish:  # a day or a part of the day; "later" alone says nothing when nothing was offered
        booking.begin(turn, reading.wish)
    else:
        hand_over(turn)


def tell_visits(turn: Turn) -> None:
    """List the coming visits of the people on this phone."""
    visits = list(next_visits([patient.pk for patient in turn.patients], now=turn.now)[:MOST_VISITS])
    turn.answered_by_bot()
    if not visits:
        turn.say("no_visits")
        return
    lines = []
    for visit in visits:
        line = turn.text(
            "visit", when=turn.when(visit.starts_at, visit.location_id), doctor_name=visit.practitioner.name
        )
        if len(turn.patients) > 1 and visit.patient.call_name:
            line = f"{visit.patient.call_name}: {line}"
        if visit.status == Status.PENDING_REVIEW:
            line = f"{line} {turn.text('visit_pending')}"
        lines.append(line)
    turn.say("visits", visits="\n".join(f"• {line}" for line in lines))
