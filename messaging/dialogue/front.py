"""The order in which a message is understood, and how its answer leaves."""

from datetime import datetime, timedelta

from django.db import transaction

from messaging import gate, outbox, storing
from messaging.approved.holding import release
from messaging.asking import ask
from messaging.conversations import bot_is_silent
from messaging.dialogue import coming, courtesy, keywords, late, questions, wrongnumber
from messaging.dialogue.handover import hand_over, wordless
from messaging.dialogue.optout import obey, obey_late
from messaging.dialogue.turn import Turn
from messaging.models import (
    Author,
    BotMode,
    ConversationState,
    Direction,
    Kind,
    Message,
    MessageStatus,
    QuestionKind,
    QuestionOutcome,
    WorkState,
)
from messaging.replies import Meaning
from messaging.stored import Stored

HOUR = timedelta(hours=1)
MOST_IN_AN_HOUR = 20  # automatic answers to one address; whoever gets more is likely a machine too
SUGGESTIBLE = frozenset({Meaning.BOOK, Meaning.GREETING, Meaning.MY_VISITS})


def answer(stored: Stored, *, now: datetime) -> list[Message]:
    """Answer a message that was just stored; return the answers, none or one, as they stand in the outbox.

    Must be called inside the transaction that stored it, with the conversation's advisory lock. Changes
    `stored.conversation` (and `stored.consent`) in memory; the caller writes it.
    """
    turn = Turn(stored, now)
    if stored.contact_point.blocked_at is not None:
        return _ignore(turn)
    if obey(turn):
        return [*_deliver(turn), *(release(stored, now=now) if stored.has_held else ())]
    if wrongnumber.says_so(turn):
        stopped = release(stored, now=now, refuse=gate.WRONG_NUMBER) if stored.has_held else ()
        return [*_deliver(turn), *stopped]
    if stored.has_held and (released := release(stored, now=now)):
        return released  # staff's own words are the answer
    if turn.channel == "sms" and not turn.facts.settings.sms_inbound_enabled:
        _take_silently(turn)  # the clinic takes SMS without answering them
        return []
    if courtesy.needs_no_answer(turn):
        turn.not_waiting()
        return []
    if not _is_refused(turn) and _answers_clinic(turn):
        return _deliver(turn)
    mode = turn.facts.bot_mode(now)
    if _must_be_silent(turn) or mode == BotMode.STAFF_ONLY:
        return []
    if mode == BotMode.SUGGEST:
        _suggest(turn)
        return []
    if _too_many(turn):
        return []
    _respond(turn)
    return _deliver(turn)


def take(stored: Stored, *, now: datetime) -> list[Message]:
    """Take in a message that comes too late for an answer; return the reply of a member's that it ended, if any.

    Called as `answer` is. What it says of consent, or of a wrong number, counts; the rest is for staff.
    """
    turn = Turn(stored, now)
    blocked = stored.contact_point.blocked_at is not None
    obeyed = obey_late(turn)
    wrong = not obeyed and not blocked and wrongnumber.says_so(turn)
    turn.parts.clear()
    turn.settle()
    if blocked or not stored.has_held or not (obeyed or wrong):
        return []
    return release(stored, now=now, refuse=gate.WRONG_NUMBER if wrong else "")


def _ignore(turn: Turn) -> list[Message]:
    """Keep what a blocked person writes, and what they say of consent; nobody answers, and nobody is called."""
    obey(turn)
    turn.parts.clear()
    turn.settle()
    conversation = turn.stored.conversation
    conversation.work_state, conversation.waiting_since = WorkState.DONE, None
    return []


def _answers_clinic(turn: Turn) -> bool:
    """Take what is a clear answer to the clinic itself, whatever the bot may do; False when it is none."""
    return (
        questions.answer_staff(turn)
        or late.understood(turn)
        or coming.answer_asked(turn, questions.aimed_at(turn))
    )


def _take_silently(turn: Turn) -> None:
    """Take a clear answer to the clinic itself without a word; what would have to be asked back is left to staff."""
    if _is_refused(turn):
        return
    conversation = turn.stored.conversation
    before = storing.snapshot(conversation)
    turn.dry = True
    with transaction.atomic():
        if _answers_clinic(turn) and turn.ask is None and not turn.unclear:
            turn.settle()
            return
        transaction.set_rollback(True)
    for name, value in before.items():
        setattr(conversation, name, value)


def _respond(turn: Turn) -> None:
    """Find what the message means here, the surest first."""
    if turn.stored.event.kind != "text":
        wordless(turn)
    elif Meaning.PERSON in turn.reading.meanings and not _means_call(turn):
        turn.plain = True
        hand_over(turn)
    elif not questions.answer_open(turn):
        keywords.react(turn)


def _means_call(turn: Turn) -> bool:
    return Meaning.CALL in turn.reading.meanings and questions.may_call(turn)


def _must_be_silent(turn: Turn) -> bool:
    """Say whether this person, or this thread, gets no automatic answer."""
    return _is_refused(turn) or bot_is_silent(turn.stored.conversation, now=turn.now)


def _is_refused(turn: Turn) -> bool:
    """Say whether this person wants no texts."""
    return turn.stored.consent.opted_out_at is not None


def _too_many(turn: Turn) -> bool:
    """Say whether this address has had its share of automatic answers; staff are shown why it is silent."""
    conversation = turn.stored.conversation
    since = conversation.automatic_since
    if since is None or turn.now - since >= HOUR:
        conversation.automatic_since, conversation.automatic_count = turn.now, 0
    if conversation.automatic_count < MOST_IN_AN_HOUR:
        return False
    conversation.machine_suspected_at = conversation.machine_suspected_at or turn.now
    turn.needs_person()
    return True


def _deliver(turn: Turn) -> list[Message]:
    """Put the one answer into the outbox, with the question that it asks."""
    turn.settle()
    if not turn.parts or _too_many(turn):
        if turn.first_words:  # nothing was said yet
            turn.stored.conversation.automatic_since = None
        return []
    stored, conversation = turn.stored, turn.stored.conversation
    if conversation.introduced_at is None and not turn.plain:
        conversation.introduced_at = turn.now
        turn.parts.insert(0, turn.text("intro"))
    if turn.first_words and turn.purpose == gate.ANSWER and turn.facts.settings.privacy_url:
        turn.say("privacy", privacy_url=turn.facts.settings.privacy_url)
    body = "\n\n".join(turn.parts)[: gate.LONGEST_BODY]
    known = gate.answering_facts(
        sender_id=stored.route.sender_id,
        account_id=stored.route.account_id,
        consent=stored.consent,
        last_inbound_at=min(
            stored.message.occurred_at or stored.message.created_at, stored.message.created_at
        ),
    )
    if stored.inline:
        message = outbox.queue_inline(
            conversation,
            body=body,
            purpose=turn.purpose,
            author=Author.BOT,
            answers=stored.message,
            language=turn.language,
            facts=known,
            now=turn.now,
        )
    else:
        message = outbox.queue(
            conversation,
            body=body,
            purpose=turn.purpose,
            author=Author.BOT,
            answers=stored.message,
            language=turn.language,
            facts=known,
            touch=False,
            now=turn.now,
        )
    conversation.automatic_count += 1
    if message.status == MessageStatus.BLOCKED:
        turn.needs_person()
    _open(turn, message)
    return [message]


def _open(turn: Turn, message: Message) -> None:
    """Open the question that the answer asks; it takes the place of those before it."""
    if turn.ask is None:
        return
    if not turn.keep_open:
        turn.close_all(QuestionOutcome.REPLACED)
        turn.settle()
    ask(
        turn.stored.conversation,
        kind=turn.ask.kind,
        items=turn.ask.items,
        context=turn.ask.context,
        asked_by=message,
        zone=turn.facts.zone,
        until=turn.ask.until,
        now=turn.now,
    )
    turn.stored.conversation.state = (
        ConversationState.AWAITING_CONFIRM
        if turn.ask.kind == QuestionKind.CONFIRM_VISIT
        else ConversationState.AWAITING_SLOT
    )


def _suggest(turn: Turn) -> None:
    """Leave what the bot would say as a note for staff; nothing is asked, held or sent."""
    conversation = turn.stored.conversation
    if turn.questions or not turn.reading.meanings & SUGGESTIBLE:
        return
    kept = ("state", "offers_in_row", "last_offer_at", "handed_over_at", "handover_told_at")
    before = {name: getattr(conversation, name) for name in kept}
    turn.dry = True
    keywords.react(turn)
    for name, value in before.items():
        setattr(conversation, name, value)
    conversation.work_state = WorkState.NEEDS_REPLY
    conversation.waiting_since = turn.stored.waiting_since_before or turn.now
    if turn.parts:
        Message.objects.bulk_create(
            [
                Message(
                    conversation=conversation,
                    direction=Direction.OUTBOUND,
                    channel="note",
                    kind=Kind.NOTE,
                    author=Author.BOT,
                    body="\n\n".join(turn.parts),
                    status=MessageStatus.RECEIVED,
                    created_at=turn.now,
                )
            ]
        )
