"""Answers to "will you come?": yes, no, another time, a call; for one visit, or for each of a family's.

What is clear counts whatever the bot may do here, for it was the clinic that asked. After a no the question stays
open: a "sorry, yes" takes it back, and 3 finds another time.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import F

from messaging.dialogue import asked as about
from messaging.dialogue import attending, calling, keywords, moving
from messaging.dialogue.asked import PENDING, Asked
from messaging.dialogue.handover import hand_over
from messaging.dialogue.turn import Turn
from messaging.models import Author, Direction, Kind, Message, Question, QuestionKind, QuestionOutcome
from messaging.replies import Meaning, choose
from messaging.reply_each import each, everyone

YES, NO, MOVE = "yes", "no", "move"
_KEYS = {1: YES, 2: NO, 3: MOVE}
_AGAIN = {Meaning.NO, Meaning.CANCEL_VISIT, Meaning.CHANGE}


def is_asked(question: Question) -> bool:
    """Say whether this is the question of a reminder."""
    return question.kind == QuestionKind.CONFIRM_VISIT


def answer_asked(turn: Turn, aimed: Question | None) -> bool:
    """Take a clear answer to a reminder, whatever the bot may do; False when it is none, or not surely ours."""
    if turn.stored.event.kind != "text":
        return False
    question = aimed
    if question is None:
        if _staff_wrote_last(turn):
            return False  # it is a member whom a bare word answers
        question = turn.questions[0] if len(turn.questions) == 1 else _answered_before(turn)
    if question is None or not is_asked(question) or question.expires_at <= turn.now:
        return False
    return fits(turn, question) and answer(turn, question, sure=True)


def fits(turn: Turn, question: Question) -> bool:
    """Say whether the message is an answer to the question, without a look at the visits."""
    if _said(turn, question, several=len(question.items) > 1) or Meaning.CALL in turn.reading.meanings:
        return True
    labels = [str(item["label"]) for item in about.distinct(about.every(question))]
    if len(labels) < 2:
        return False
    listed = labels[: len(question.items)]  # the numbers are those of one text
    one_by_one = len(listed) > 1 and each(turn.body, listed)
    return bool(one_by_one or everyone(turn.body) is not None or _names_one(turn, question, labels))


def answered_by_deed(turn: Turn, visit_id: UUID) -> None:
    """Take a reminder's question about a visit for answered: who is late, or here, comes."""
    for question in [one for one in turn.questions if is_asked(one)]:
        for item in question.items:
            if item.get("appointment_id") == str(visit_id):
                item["answer"] = YES
        _finish(turn, question, aloud=False)


def ask_for_help(turn: Turn, *, answered: bool) -> bool:
    """Let HELP after a reminder be a call, silently where the carrier has `answered`; False when nothing was asked."""
    question = next((one for one in turn.questions if is_asked(one) and one.expires_at > turn.now), None)
    items = about.of(turn, question) if question else []
    if not items:
        return False
    calling.call_back(turn, items[0].visit, silent=answered)
    return True


def answer(turn: Turn, question: Question, *, sure: bool = False) -> bool:
    """Do what the message says of the visits that were asked about; False when it begins something of its own."""
    turn.plain = True
    if not sure and _staff_wrote_last(turn):
        turn.needs_person()
        return True
    items = about.of(turn, question)
    if not items:
        if question.expires_at <= turn.now or not about.waits_to_be_read(question):
            turn.close(question, QuestionOutcome.EXPIRED)
        return False
    if Meaning.CALL in turn.reading.meanings:
        calling.call_back(turn, items[0].visit)
        return True
    said = _said(turn, question, several=len(items) > 1 and not about.is_clash(items))
    if len(items) == 1:
        for_all = everyone(turn.body) if len(about.distinct(about.every(question))) > 1 else None
        whole = said or (NO if for_all is False else YES if for_all else "")
        return _one(turn, question, items[0], whole)
    return _several(turn, question, items, said)


def _one(turn: Turn, question: Question, one: Asked, said: str) -> bool:
    if not said:
        return _unclear(turn, question, [one])
    if one.answer == NO and said == YES and turn.reading.nodding:
        turn.answered_by_bot()  # "ok" to "it is cancelled" takes nothing back
        return True
    _carry_out(turn, question, {YES: [one]} if said == YES else {said: [one]})
    return True


def _several(turn: Turn, question: Question, items: list[Asked], said: str) -> bool:
    labels = [str(one.item["label"]) for one in items]
    pending = str(question.context.get(PENDING, ""))
    for_all = everyone(turn.body)
    one_by_one = each(turn.body, labels) if for_all is None else None
    if one_by_one:
        _carry_out(
            turn,
            question,
            {
                YES: [items[at] for at, comes in one_by_one.items() if comes],
                NO: [items[at] for at, comes in one_by_one.items() if not comes],
            },
        )
    elif pending and (chosen := _chosen(turn, question, items)):
        question.context.pop(PENDING)
        _carry_out(turn, question, {pending: chosen})
    elif for_all or (for_all is False and pending != MOVE):  # "none" of those to move is no no
        _carry_out(turn, question, {YES if for_all else NO: items})
    elif said == MOVE:
        left = [one for one in items if one.answer == NO]
        if len(left) == 1:  # "reply 3 for another time" was said of this one
            _carry_out(turn, question, {MOVE: left})
        else:
            _ask_which(turn, question, items, said)
    elif said and about.is_clash(items):
        if said == YES and turn.reading.nodding:
            turn.answered_by_bot()  # "ok" to what was said of the one is no answer for the other
        else:
            _ask_which(turn, question, items, said)
    elif said:
        _plain(turn, question, items, said)
    else:
        return _unclear(turn, question, items)
    return True


def _plain(turn: Turn, question: Question, items: list[Asked], said: str) -> None:
    """Take a yes or no that names nobody: for all, as our text says; a nod only when one is left to answer for."""
    left = [one for one in items if one.answer is None] or items
    if said == YES and turn.reading.nodding:
        if all(one.answer for one in items):
            turn.answered_by_bot()
        elif len(left) > 1:
            _ask_which(turn, question, items, said)
        else:
            _carry_out(turn, question, {YES: left})
        return
    _carry_out(turn, question, {said: left})


def _carry_out(turn: Turn, question: Question, decided: dict[str, list[Asked]]) -> None:
    """Write what was said, each visit by itself, and say so; ask anew about what was moved meanwhile."""
    touched = [one for ones in decided.values() for one in ones]
    moved = [one for one in touched if one.is_moved]
    turn.answered_by_bot()
    for said, ones in decided.items():
        sound = [one for one in ones if not one.is_moved]
        if said == MOVE and sound:
            moving.begin(turn, question, sound[0])
        elif said == YES and sound:
            attending.yes(turn, sound)
        elif said == NO and sound:
            attending.no(turn, sound)
    if moved:
        attending.changed(turn, moved)
    _finish(turn, question, aloud=True)


def _finish(turn: Turn, question: Question, *, aloud: bool) -> None:
    """Keep what was said; who comes to all is asked about what an earlier reminder left open, else all is answered."""
    about.spread(question)
    done = all(item["answer"] == YES for item in question.items)
    if question.closed_at is None and turn.ask is None and done:
        left = about.after(turn, question)
        if left:
            about.ask_next(question, left)
            if aloud:
                _say_next(turn, left)
        else:
            turn.close(question, QuestionOutcome.ANSWERED)
    about.keep(question)


def _say_next(turn: Turn, ones: Sequence[Asked]) -> None:
    lines = [about.label(turn, one) for one in ones]
    if len(lines) == 1:
        turn.say("coming_and", when=lines[0])
    else:
        turn.say("coming_and_several", visits="\n".join(f"• {line}" for line in lines))


def _said(turn: Turn, question: Question, *, several: bool) -> str:
    """Return what the message says as a whole: "yes", "no", "move", or ""."""
    payload = turn.stored.event.button_payload or ""
    question_id, _, key = payload.rpartition(":")
    if payload and question_id in {"", str(question.pk)}:
        if key in _KEYS.values():
            return key
        if key.isascii() and key.isdigit():
            return _KEYS.get(int(key), "")
    reading = turn.reading
    if reading.affirmative:
        return YES
    if reading.meanings & {Meaning.NO, Meaning.CANCEL_VISIT}:
        return NO
    if Meaning.CHANGE in reading.meanings or (reading.other and not reading.wish):
        return MOVE
    if several and not (reading.number == 3 and any(item["answer"] == NO for item in question.items)):
        return ""
    return _KEYS.get(reading.number or 0, "")


def _chosen(turn: Turn, question: Question, items: list[Asked]) -> list[Asked]:
    """Return the visits that are named after we asked which: by number, name, or all of them."""
    labels = [about.label(turn, one) for one in items]
    found = choose(turn.body, [*labels, turn.text("coming_everyone")])
    if everyone(turn.body) or found == (len(items),):
        return items
    return [items[found[0]]] if len(found) == 1 else []


def _names_one(turn: Turn, question: Question, labels: Sequence[str]) -> bool:
    if PENDING not in question.context:
        return False
    return turn.reading.number is not None or bool(choose(turn.body, labels))


def _ask_which(turn: Turn, question: Question, items: list[Asked], said: str) -> None:
    lines = [about.label(turn, one) for one in items]
    if said != MOVE:
        lines.append(turn.text("coming_everyone"))
    turn.ask_back("coming_which", choices=turn.numbered(lines))
    question.context[PENDING] = said
    about.keep(question)
    turn.answered_by_bot()


def _unclear(turn: Turn, question: Question, items: Sequence[Asked]) -> bool:
    """Deal with what is no answer: say once what the answers are, then leave it to staff."""
    meanings = turn.reading.meanings
    if Meaning.MY_VISITS in meanings:
        keywords.tell_visits(turn)
        return True
    if all(one.answer for one in items):  # it was answered; this is about something else
        turn.close(question, QuestionOutcome.ANSWERED)
        return False
    if Meaning.BOOK in meanings:
        turn.keep_open = True
        return False
    if question.misses:
        hand_over(turn)
    elif turn.stored.conversation.handed_over_at is not None:
        turn.needs_person()
    else:
        Question.objects.filter(pk=question.pk).update(misses=F("misses") + 1)
        turn.answered_by_bot()
        api = items[0].reminder is not None
        turn.ask_back("api_help" if api else "coming_help" if len(items) == 1 else "coming_help_several")
    return True


def _answered_before(turn: Turn) -> Question | None:
    """Return the reminder's question that was answered with yes, for who cannot come after all."""
    if turn.questions or not turn.reading.meanings & _AGAIN:
        return None
    return (
        Question.objects.filter(
            conversation=turn.stored.conversation,
            kind=QuestionKind.CONFIRM_VISIT,
            outcome=QuestionOutcome.ANSWERED,
            expires_at__gt=turn.now,
            closed_at__gt=turn.now - timedelta(days=7),
        )
        .order_by("-closed_at", "-id")
        .first()
    )


def _staff_wrote_last(turn: Turn) -> bool:
    """Say whether a member has written to the patient since we asked; a note between them says nothing."""
    conversation = turn.stored.conversation
    if conversation.last_author != Author.STAFF or conversation.last_kind != Kind.NOTE:
        return conversation.last_author == Author.STAFF
    said = Message.objects.filter(conversation=conversation, direction=Direction.OUTBOUND)
    last = (
        said.exclude(kind=Kind.NOTE).order_by("-created_at", "-id").values_list("author", flat=True).first()
    )
    return last == Author.STAFF
