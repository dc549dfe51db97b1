"""Somebody says that we have the wrong number: one apology without any name, and nothing more is begun to it."""

from collections.abc import Iterator
from datetime import timedelta

from messaging import gate, outbox
from messaging.dialogue.turn import Turn
from messaging.models import (
    ConversationEvent,
    ConversationEventKind,
    Direction,
    Kind,
    Message,
    MessageStatus,
    QuestionOutcome,
)
from messaging.replies import Meaning
from messaging.reply_wrong import wrong_number
from messaging.stored import Stored
from scheduling import reach
from scheduling.models import HoldPurpose, Task, TaskKind
from scheduling.operations import release_holds

#: Our answer in between does not make it the patient's own conversation, for so long.
STILL_OURS = timedelta(hours=48)
#: A member's message begins something when the patient has not written for so long before it.
OWN_TALK = timedelta(hours=48)

_NEVER_LEFT = (MessageStatus.BLOCKED, MessageStatus.CANCELLED, MessageStatus.HELD)
_ANSWERS = (gate.ANSWER, gate.CONSENT)
_BEGUN = (gate.NOTICE, gate.REMINDER, gate.KNOCK)


def says_so(turn: Turn) -> bool:
    """Believe a wrong number when we began; return whether the message was one, and so is dealt with.

    Who asks for a visit at such a number is somebody of their own: it is no wrong number any more.
    """
    point = turn.contact_point
    if point.wrong_at is not None and Meaning.BOOK in turn.reading.meanings:
        reach.mark_right(point, patient=True)
        turn.__dict__.pop("patients", None)  # they are somebody now
    if not turn.body:
        return False
    name = wrong_number(turn.body, _names(turn))
    if name is None or (name and len(turn.patients) > 1) or not _begun_by_us(turn.stored):
        return False
    if point.wrong_at is None:
        _believe(turn)
    turn.not_waiting()
    return True


def _names(turn: Turn) -> Iterator[str]:
    """Yield whom we look for there; they are read only when somebody says who they are not."""
    for patient in turn.patients:
        yield patient.name


def _believe(turn: Turn) -> None:
    stored, point = turn.stored, turn.contact_point
    outbox.wait_for_sends(point.pk, now=turn.now)
    patients = list(turn.patients)
    if turn.questions:
        turn.close_all(QuestionOutcome.EXPIRED)
        release_holds(turn.owner, purpose=HoldPurpose.OFFER)
    turn.purpose, turn.plain = gate.CONSENT, True
    turn.say("wrong_number")  # before the people are nobody's: it is said in the language that we spoke
    contacts = reach.mark_wrong(point, now=turn.now)
    Task.objects.bulk_create(
        [
            Task(
                kind=TaskKind.WRONG_NUMBER,
                patient=patients[0] if len(patients) == 1 else None,
                contact_point=point,
                dedupe_key=f"wrong_number:{stored.message.pk}",
                due_at=turn.now,
                created_at=turn.now,
            )
        ],
        ignore_conflicts=True,
    )
    ConversationEvent.objects.create(
        conversation=stored.conversation,
        kind=ConversationEventKind.WRONG_NUMBER,
        before={"contacts": [str(pk) for pk in contacts]},
        created_at=turn.now,
    )


def _begun_by_us(stored: Stored) -> bool:
    """Say whether what the patient answers was begun by the clinic: two statements at most."""
    said = (
        Message.objects.filter(conversation=stored.conversation, direction=Direction.OUTBOUND)
        .exclude(kind=Kind.NOTE)
        .exclude(status__in=_NEVER_LEFT)
        .order_by("-created_at", "-id")
    )
    last = said.values_list("purpose", "created_at").first()
    if last is not None and last[0] in _ANSWERS:
        since = stored.message.created_at - STILL_OURS
        last = (
            said.exclude(purpose__in=_ANSWERS)
            .filter(created_at__gte=since)
            .values_list("purpose", "created_at")
            .first()
        )
    if last is None:
        return False
    purpose, at = last
    if purpose in _BEGUN:
        return True
    heard = Message.objects.filter(
        conversation=stored.conversation,
        direction=Direction.INBOUND,
        created_at__lt=at,
        created_at__gte=at - OWN_TALK,
    )
    return purpose == gate.STAFF and not heard.exists()
