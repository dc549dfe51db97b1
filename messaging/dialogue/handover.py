"""Giving a thread to a person, and telling the patient so once."""

from datetime import timedelta

from messaging.dialogue.turn import Turn

TOLD_FOR = timedelta(hours=12)


def hand_over(turn: Turn) -> None:
    """Leave the message to staff; the patient hears it once, and when the clinic is closed, when it opens."""
    conversation = turn.stored.conversation
    turn.needs_person()
    first = conversation.handed_over_at is None
    if turn.facts.open_at(turn.now):
        if first:
            turn.say("handover")
    elif conversation.handover_told_at is None or turn.now - conversation.handover_told_at >= TOLD_FOR:
        opens = turn.facts.opens_after(turn.now)
        if opens is None:
            turn.say("handover")
        else:
            turn.say("handover_closed", opens=turn.when(opens))
        conversation.handover_told_at = turn.now
    if first:
        conversation.handed_over_at = turn.now


def wordless(turn: Turn) -> None:
    """Leave a voice message, a picture or a document to staff; the patient hears once an episode what helps."""
    conversation = turn.stored.conversation
    turn.needs_person()
    if conversation.wordless_told_at is None and conversation.handed_over_at is None:
        conversation.wordless_told_at = turn.now
        turn.say("wordless")
