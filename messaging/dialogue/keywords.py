"""Words that begin something when nothing is asked; what is not understood goes to a person."""

from messaging import api_words, details
from messaging.dialogue import booking
from messaging.dialogue.handover import hand_over
from messaging.dialogue.turn import Turn
from messaging.models import ApiReminder, Author
from messaging.replies import Meaning
from scheduling.models import Appointment, Status
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
    """List the coming visits of the people on this phone, also those that another calendar keeps."""
    visits = next_visits([patient.pk for patient in turn.patients], now=turn.now)[:MOST_VISITS]
    elsewhere = ApiReminder.objects.filter(
        contact_point=turn.contact_point,
        contact_point__wrong_at=None,  # else it is nobody's that we know
        deleted_at=None,
        appointment_at__gt=turn.now,
    ).exclude(will_attend=False)
    coming = [(visit.starts_at, _visit(turn, visit)) for visit in visits]
    coming += [
        (one.appointment_at, _elsewhere(turn, one))
        for one in elsewhere.order_by("appointment_at", "id")[:MOST_VISITS]
    ]
    turn.answered_by_bot()
    if not coming:
        turn.say("no_visits")
        return
    coming.sort(key=lambda known: known[0])
    turn.say("visits", visits="\n".join(f"• {line}" for _, line in coming[:MOST_VISITS]))


def _visit(turn: Turn, visit: Appointment) -> str:
    line = turn.text(
        "visit", when=turn.when(visit.starts_at, visit.location_id), doctor_name=visit.practitioner.name
    )
    if len(turn.patients) > 1 and visit.patient.call_name:
        line = f"{visit.patient.call_name}: {line}"
    return f"{line} {turn.text('visit_pending')}" if visit.status == Status.PENDING_REVIEW else line


def _elsewhere(turn: Turn, reminder: ApiReminder) -> str:
    when = api_words.when(reminder, language=turn.language, country=turn.clinic.country)
    known = "" if details.hidden_on(turn.channel) else " ".join(reminder.participant.split())
    return f"{known}: {when}" if known else when
