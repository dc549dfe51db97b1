"""STOP, START and HELP, before anything else: the ledger changes at once, whatever the bot may do."""

from datetime import timedelta

from messaging import consent, outbox
from messaging.dialogue import coming
from messaging.dialogue.handover import hand_over
from messaging.dialogue.turn import Turn
from messaging.models import ConsentSource, QuestionOutcome
from messaging.replies import Meaning, OptOut, carrier_answers, may_mean_the_visit, opt_out
from scheduling.models import HoldPurpose, Task, TaskKind
from scheduling.operations import release_holds
from scheduling.queries import next_visits

#: A word that took longer to come may have been overtaken by the next one.
OVERTAKEN_AFTER = timedelta(minutes=1)


def obey(turn: Turn) -> bool:
    """Carry out a reserved word; return whether the message was one, and so is dealt with."""
    event = turn.stored.event
    text = turn.stored.message.body
    told = OptOut(event.opt_out) if event.opt_out else None
    word = told or opt_out(text, event.channel)
    # A carrier answers its own words; a second text from us would be refused, or read as not having listened.
    answered = told is not None or (event.channel == "sms" and carrier_answers(text))
    source = ConsentSource.PROVIDER if told else ConsentSource.KEYWORD
    if word is None and _means_start(turn):
        word, answered = OptOut.START, True
    if word in (OptOut.STOP, OptOut.START) and _is_overtaken(turn):
        turn.not_waiting()
    elif told is OptOut.START and turn.questions and Meaning.YES in turn.reading.meanings:
        # A provider's lists may have YES for START; whoever was asked something has answered it.
        if turn.stored.consent.opted_out_at is not None:
            _lift(turn, source)
        return False
    elif word is OptOut.STOP:
        _stop(turn, source, answered=answered)
    elif word is OptOut.START:
        _start(turn, source, answered=answered)
    elif word is OptOut.HELP and not coming.ask_for_help(turn, answered=answered) and not answered:
        hand_over(turn)
    return word is not None


def obey_late(turn: Turn) -> bool:
    """Carry out a STOP or START that comes too late to be answered, as `obey`; HELP is for staff by then."""
    event = turn.stored.event
    return (event.opt_out or opt_out(turn.stored.message.body, event.channel)) != OptOut.HELP and obey(turn)


def _is_overtaken(turn: Turn) -> bool:
    """Say whether a word that comes late was written before one that is obeyed already: the newer counts."""
    written_at = turn.stored.message.occurred_at
    if written_at is None or turn.now - written_at < OVERTAKEN_AFTER:
        return False
    return consent.changed_since(turn.contact_point, turn.channel, since=written_at)


def _means_start(turn: Turn) -> bool:
    """Say whether YES by SMS lifts the carrier's block: only for who opted out, and only when nothing is asked."""
    return (
        turn.channel == "sms"
        and turn.stored.consent.opted_out_at is not None
        and carrier_answers(turn.stored.message.body)
        and not turn.questions
    )


def _stop(turn: Turn, source: ConsentSource, *, answered: bool) -> None:
    stored = turn.stored
    again = stored.consent.opted_out_at is not None
    if not again:
        outbox.wait_for_sends(turn.contact_point.pk, now=turn.now)
    stored.consent = consent.opt_out(
        turn.contact_point,
        turn.channel,
        source=source,
        now=turn.now,
        message=stored.message,
        wording=stored.message.body,
        known=stored.consent,
    )
    if turn.questions:
        turn.close_all(QuestionOutcome.EXPIRED)
        release_holds(turn.owner, purpose=HoldPurpose.OFFER)
    turn.not_waiting()
    if (turn.channel == "sms" or answered) and _may_mean_the_visit(turn):
        _ask_staff_what_was_meant(turn)
    if turn.channel != "sms" and not answered and not again:
        turn.purpose, turn.plain = "consent", True
        turn.say("opted_out")


def _lift(turn: Turn, source: ConsentSource) -> None:
    stored = turn.stored
    stored.consent = consent.opt_in(
        turn.contact_point,
        turn.channel,
        source=source,
        now=turn.now,
        message=stored.message,
        wording=stored.message.body,
        known=stored.consent,
    )


def _start(turn: Turn, source: ConsentSource, *, answered: bool) -> None:
    was_out = turn.stored.consent.opted_out_at is not None
    _lift(turn, source)
    turn.not_waiting()
    if was_out and not answered:
        turn.purpose, turn.plain = "consent", True
        turn.say("opted_in")


def _may_mean_the_visit(turn: Turn) -> bool:
    """Say whether what a carrier, or a provider's own list of words, took as STOP may have meant "cancel my visit"."""
    cancels = Meaning.CANCEL_VISIT in turn.reading.meanings
    return cancels or may_mean_the_visit(turn.stored.message.body)


def _ask_staff_what_was_meant(turn: Turn) -> None:
    """Give staff a task for each coming visit: the word stops the messages, but may have meant the visit."""
    visits = next_visits([patient.pk for patient in turn.patients], now=turn.now)[:5]
    Task.objects.bulk_create(
        [
            Task(
                kind=TaskKind.MAY_HAVE_MEANT_CANCEL,
                patient=visit.patient,
                contact_point=turn.contact_point,
                appointment=visit,
                dedupe_key=f"meant_cancel:{visit.pk}:{visit.version}",
                due_at=turn.now,
            )
            for visit in visits
        ],
        ignore_conflicts=True,
    )
