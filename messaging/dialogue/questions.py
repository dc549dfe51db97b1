"""Answers to what we asked: whose they are, and what they mean there."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from medsync.lib.ids import id_in
from messaging.confirming import about_message
from messaging.dialogue import booking, coming, counters, keywords, moving, offers
from messaging.dialogue.handover import hand_over
from messaging.dialogue.turn import Turn
from messaging.models import Attempt, Question, QuestionKind, QuestionOutcome
from messaging.replies import Meaning, Option, Part, Reading, Wish, choose, pick, read
from scheduling.models import HoldPurpose
from scheduling.operations import release_holds
from scheduling.queries import next_visits

SLOTS = frozenset({QuestionKind.PICK_SLOT, QuestionKind.PICK_DAY})
AGAIN_AFTER = timedelta(seconds=60)  # never a second offer sooner, unless it was asked for


def answer_staff(turn: Turn) -> bool:
    """Take the answer to times that staff offered, whatever the bot may do here; False when it is no clear one."""
    if turn.stored.event.kind != "text":
        return False
    asked = next((question for question in turn.questions if counters.is_counter(question)), None)
    if asked is None or asked.expires_at <= turn.now:
        return False
    if any(coming.is_asked(other) and coming.fits(turn, other) for other in turn.questions):
        return False  # which of the two is meant is asked
    return _take_staffs(turn, asked)


def _take_staffs(turn: Turn, asked: Question) -> bool:
    """Take the answer to times that staff offered; False when it is no clear one."""
    found = _picked(turn, asked)
    if len(found) == 1:
        counters.take(turn, asked, asked.items[found[0]])
    elif len(found) > 1:
        turn.plain = True
        _ask_which_day(turn, asked, [asked.items[at] for at in found])
    elif turn.reading.other or Meaning.NO in turn.reading.meanings:
        counters.none(turn, asked)
    else:
        return False
    return True


def answer_open(turn: Turn) -> bool:
    """Answer in the light of what is asked; False when nothing is, or the message begins something else."""
    aimed = aimed_at(turn)
    if aimed is not None:
        return _answer(turn, aimed)
    if not turn.questions:
        return False
    newest = turn.questions[0]
    if newest.expires_at <= turn.now:
        return _answer_late(turn, newest)
    if len(turn.questions) > 1:
        fitting = [question for question in turn.questions if _fits(turn, question)]
        if len(fitting) > 1 and QuestionKind.PICK_QUESTION not in {question.kind for question in fitting}:
            _ask_which(turn, fitting)
            return True
        newest = fitting[0] if fitting else newest
    return _answer(turn, newest)


def aimed_at(turn: Turn) -> Question | None:
    """Return the question that a quoted message asked or a button belongs to, while it can still be answered."""
    event = turn.stored.event
    question_id, _, _key = (event.button_payload or "").partition(":")
    asked = Question.objects.filter(conversation=turn.stored.conversation, expires_at__gt=turn.now)
    asked = asked.exclude(outcome=QuestionOutcome.EXPIRED)
    # Who said yes to a reminder may think better of it; other answers are final.
    asked = asked.exclude(~Q(kind=QuestionKind.CONFIRM_VISIT), outcome=QuestionOutcome.ANSWERED)
    if event.button_payload and id_in(question_id):
        return asked.filter(pk=question_id).first()
    if event.replied_to_id:
        quoted = Attempt.objects.filter(
            provider_id=event.replied_to_id, message__conversation=turn.stored.conversation
        )
        message_id = quoted.values_list("message_id", flat=True).first()
        return asked.filter(about_message(message_id)).first() if message_id else None
    return None


def may_call(turn: Turn) -> bool:
    """Say whether CALL means a call here, as our text says, and not just a person."""
    return any(coming.is_asked(question) or moving.is_move(question) for question in turn.questions)


def _answer(turn: Turn, question: Question) -> bool:
    if question.kind in SLOTS:
        return _answer_slots(turn, question)
    if coming.is_asked(question):
        return coming.answer(turn, question)
    if question.kind == QuestionKind.PICK_QUESTION:
        return _answer_which(turn, question)
    return _answer_choice(turn, question)


def _answer_slots(turn: Turn, question: Question) -> bool:
    """Take a time, show others, or say once what the answers are."""
    if counters.is_counter(question):
        counters.other_words(turn)
        return True
    found = _picked(turn, question)
    if len(found) == 1:
        booking.take(turn, question, question.items[found[0]])
    elif len(found) > 1:
        _ask_which_day(turn, question, [question.items[at] for at in found])
    elif turn.reading.wants_times:
        turn.stored.conversation.handed_over_at = None
        offers.more(turn, _context_of(turn, question), _wish(turn.reading))
    elif Meaning.BOOK in turn.reading.meanings and turn.reading.wish:
        offers.more(turn, _context_of(turn, question), turn.reading.wish)
    else:
        return _other_words(turn, question)
    return True


def _answer_choice(turn: Turn, question: Question) -> bool:
    """Go on with the doctor, kind of visit or person that was chosen."""
    found = choose(_words(turn, question), [str(item["label"]) for item in question.items])
    if len(found) == 1:
        booking.chosen(turn, question, question.items[found[0]])
        return True
    return _other_words(turn, question)


def _other_words(turn: Turn, question: Question) -> bool:
    """Deal with what is no answer to the question; False when it begins something of its own."""
    meanings = turn.reading.meanings
    if moving.is_move(question) and moving.other_words(turn, question):
        return True
    if meanings & {Meaning.BOOK, Meaning.GREETING}:
        if turn.now - question.asked_at < AGAIN_AFTER:
            turn.answered_by_bot()  # the list is on its way; "hola" and "a visit please" came in two messages
            return True
        return False
    if Meaning.MY_VISITS in meanings:
        keywords.tell_visits(turn)
    elif Meaning.NO in meanings or (Meaning.CANCEL_VISIT in meanings and not _has_visits(turn)):
        turn.close_all(QuestionOutcome.ANSWERED)
        release_holds(turn.owner, purpose=HoldPurpose.OFFER)
        turn.answered_by_bot()
        turn.say("offer_dropped")
    elif meanings & {Meaning.CHANGE, Meaning.CANCEL_VISIT} or question.misses:
        hand_over(turn)
    elif turn.stored.conversation.handed_over_at is not None:
        turn.needs_person()
    else:
        Question.objects.filter(pk=question.pk).update(misses=F("misses") + 1)
        turn.answered_by_bot()
        key = "offer_help" if question.kind in SLOTS else "choice_help"
        turn.say(key, last=len(question.items))
    return True


def _answer_late(turn: Turn, question: Question) -> bool:
    """Answer who comes back after an offer has ended: with fresh times when a time was meant."""
    meant = bool(_picked(turn, question)) if question.kind in SLOTS else False
    context = dict(question.context)
    if counters.is_counter(question):  # the clock tells staff; until then the times are theirs to give
        counters.other_words(turn)
        return True
    turn.close_all(QuestionOutcome.EXPIRED)
    if coming.is_asked(question):  # the visit has begun
        return False
    if not meant and not turn.reading.wants_times:
        return False
    fresh = {name: context[name] for name in ("patient", "type", "practitioner") if name in context}
    offers.offer(turn, fresh, head="offer_fresh")
    return True


def _ask_which_day(turn: Turn, question: Question, items: list[dict[str, Any]]) -> None:
    """Ask which of several offered times is meant."""
    listed = [{**item, "key": str(number)} for number, item in enumerate(items, 1)]
    lines = [
        turn.when(datetime.fromisoformat(item["starts_at"]), UUID(item["location_id"])) for item in listed
    ]
    turn.ask_back("which_day", choices=turn.numbered(lines))
    until = question.expires_at if counters.is_counter(question) else None
    turn.put(QuestionKind.PICK_DAY, listed, dict(question.context), until=until)
    turn.answered_by_bot()


def _ask_which(turn: Turn, fitting: list[Question]) -> None:
    """Ask which of several open questions the answer belongs to; they stay open."""
    labels = [turn.text(f"question_{question.kind}") for question in fitting]
    turn.ask_back("which_question", choices=turn.numbered(labels))
    turn.put(
        QuestionKind.PICK_QUESTION,
        [
            {"key": str(number), "question_id": str(question.pk), "label": label}
            for number, (question, label) in enumerate(zip(fitting, labels, strict=True), 1)
        ],
        {"text": turn.body},
    )
    turn.keep_open = True
    turn.answered_by_bot()


def _answer_which(turn: Turn, question: Question) -> bool:
    """Give the answer from before to the question that is named now."""
    found = choose(turn.body, [str(item["label"]) for item in question.items])
    if len(found) != 1:
        return _other_words(turn, question)
    wanted = question.items[found[0]]["question_id"]
    target = next((other for other in turn.questions if str(other.pk) == wanted), None)
    turn.close(question, QuestionOutcome.ANSWERED)
    if target is None:
        hand_over(turn)
        return True
    turn.body = str(question.context["text"])
    turn.reading = read(turn.body)
    if counters.is_counter(target) and _take_staffs(turn, target):
        return True
    return _answer(turn, target)


def _fits(turn: Turn, question: Question) -> bool:
    """Say whether the message is one of the question's answers."""
    if question.kind in SLOTS:
        return bool(_picked(turn, question))
    if coming.is_asked(question):
        return coming.fits(turn, question)
    return bool(choose(turn.body, [str(item["label"]) for item in question.items]))


def _picked(turn: Turn, question: Question) -> tuple[int, ...]:
    """Return the positions of the offered times that the message means."""
    reading = turn.reading
    key = _button_key(turn, question)
    if key is not None:
        reading = Reading(number=key)
    elif reading.affirmative and len(question.items) == 1:
        return (0,)
    today = turn.now.astimezone(turn.facts.zone).date()
    options = [
        Option(
            int(item["key"]),
            datetime.fromisoformat(item["starts_at"]).astimezone(
                ZoneInfo(turn.facts.zones.get(UUID(item["location_id"]), turn.facts.zone.key))
            ),
        )
        for item in question.items
    ]
    return pick(reading, options, today=today)


def _words(turn: Turn, question: Question) -> str:
    key = _button_key(turn, question)
    return turn.body if key is None else str(key)


def _button_key(turn: Turn, question: Question) -> int | None:
    """Return the key that a button of this question stands for; its payload is "<question id>:<key>"."""
    question_id, _, key = (turn.stored.event.button_payload or "").partition(":")
    if question_id != str(question.pk) or not (key.isascii() and key.isdigit() and len(key) < 3):
        return None
    return int(key)


def _wish(reading: Reading) -> Wish | None:
    """Return which other times are meant; a time that was not offered means that part of the day."""
    if reading.clock is None or (reading.wish and reading.wish.part):
        return reading.wish
    hour = reading.clock.hour
    part = Part.MORNING if 7 <= hour < 12 else Part.AFTERNOON if hour < 18 else Part.EVENING
    if reading.clock.exact and hour < 12:
        part = Part.MORNING
    known = reading.wish or Wish()
    return Wish(weekday=known.weekday, days_ahead=known.days_ahead, next_week=known.next_week, part=part)


def _context_of(turn: Turn, question: Question) -> dict[str, Any]:
    """Close the question for another list; return what is decided so far."""
    turn.close(question, QuestionOutcome.REPLACED)
    turn.replacing = True
    return dict(question.context)


def _has_visits(turn: Turn) -> bool:
    return next_visits([patient.pk for patient in turn.patients], now=turn.now).exists()
