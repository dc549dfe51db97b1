"""What a yes and a no to a reminder do: written by the calendar's own operations, and told in one answer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from messaging import api_reminders
from messaging.dialogue import asked as about
from messaging.dialogue.asked import Asked
from messaging.dialogue.turn import Turn
from messaging.models import Message
from scheduling.errors import SchedulingError
from scheduling.models import Appointment, Task, TaskKind
from scheduling.operations import attend, decline

SHORT_NOTICE = timedelta(hours=3)  # who says no later than this is told to the desk at once


def yes(turn: Turn, ones: Sequence[Asked]) -> None:
    """Note that they come; a no that is not carried out yet is taken back."""
    told: list[Asked] = []
    for one in ones:
        if one.reminder is not None:
            _answer_reminder(turn, one, will_attend=True)
        elif one.visit is not None and _written(turn, one, attend):
            one.item["answer"] = "yes"
            told.append(one)
    _say_visits(turn, "coming_yes", told)
    coming_after_all([one.visit for one in told if one.visit is not None], now=turn.now)


def no(turn: Turn, ones: Sequence[Asked]) -> None:
    """Note that they do not come; the visits are cancelled a little later. Shortly before it the desk is told."""
    told: list[Asked] = []
    for one in ones:
        if one.reminder is not None:
            _answer_reminder(turn, one, will_attend=False)
        elif one.visit is not None and _written(turn, one, decline):
            one.item["answer"] = "no"
            told.append(one)
    _say_visits(turn, "coming_no", told)
    _tell_desk(turn, [one.visit for one in told if one.visit is not None])


def changed(turn: Turn, ones: Sequence[Asked]) -> None:
    """Say that something has another time than the one that was asked about, and ask about that."""
    for one in ones:
        if one.visit is None:
            _reminder_changed(turn, one)
        elif one.given_up:
            _say_gone(turn, one)
        else:
            turn.ask_back("coming_changed", when=about.when(turn, one))
            one.item.update(version=one.visit.version, starts_at=one.visit.starts_at.isoformat(), answer=None)


def _reminder_changed(turn: Turn, one: Asked) -> None:
    reminder = one.reminder
    if reminder is None or reminder.contact_point_id != turn.contact_point.pk:  # it is somebody else's by now
        one.item["answer"] = "gone"
        turn.needs_person()
        return
    turn.ask_back("api_changed", when=about.when(turn, one))
    one.item.update(version=reminder.version, starts_at=one.starts_at.isoformat(), answer=None)


def _written(turn: Turn, one: Asked, say: Any) -> bool:
    """Write one answer; False when the visit does not stand any more, which is said."""
    assert one.visit is not None
    try:
        one.visit = say(one.visit, source=turn.channel, now=turn.now)
    except SchedulingError:  # decided, moved or begun in this very moment
        one.visit = Appointment.objects.select_related(*about.RELATED).get(pk=one.visit.pk)
        if one.given_up:
            _say_gone(turn, one)
        elif one.is_moved:
            changed(turn, [one])
        else:
            turn.needs_person()
        return False
    if turn.stored.message.appointment_id is None:
        turn.stored.message.appointment = one.visit
        Message.objects.filter(pk=turn.stored.message.pk).update(appointment=one.visit)
    return True


def _say_gone(turn: Turn, one: Asked) -> None:
    turn.say("coming_gone", when=about.when(turn, one))
    one.item["answer"] = "no"


def _say_visits(turn: Turn, key: str, ones: Sequence[Asked]) -> None:
    if len(ones) == 1:
        turn.say(key, when=about.when(turn, ones[0]))
    elif ones:
        lines = [about.label(turn, one) for one in ones]
        turn.say(f"{key}_several", visits="\n".join(f"• {line}" for line in lines))


def coming_after_all(visits: Sequence[Appointment], *, now: datetime) -> None:
    """Take from the desk what a no, shortly before a visit, gave it to do."""
    keys = [_desk_key(visit) for visit in visits if visit.starts_at - now < SHORT_NOTICE]
    if keys:
        Task.objects.filter(dedupe_key__in=keys, done_at=None).update(done_at=now)


def _desk_key(visit: Appointment) -> str:
    return f"not_coming:{visit.pk}:{visit.version}"


def _tell_desk(turn: Turn, visits: Sequence[Appointment]) -> None:
    """Give the desk a task for each visit that begins soon: its time is free, and nobody will come."""
    soon = [visit for visit in visits if visit.starts_at - turn.now < SHORT_NOTICE]
    if not soon:
        return
    turn.needs_person()
    Task.objects.bulk_create(
        [
            Task(
                kind=TaskKind.NOT_COMING,
                patient=visit.patient,
                contact_point=turn.contact_point,
                appointment=visit,
                dedupe_key=_desk_key(visit),
                due_at=visit.starts_at,
                created_at=turn.now,
            )
            for visit in soon
        ],
        update_conflicts=True,  # who says no, yes and no again is not coming
        unique_fields=["dedupe_key"],
        update_fields=["done_at", "due_at"],
    )


def _answer_reminder(turn: Turn, one: Asked, *, will_attend: bool) -> None:
    """Keep the answer for the caller of the API, by which message it was given."""
    assert one.reminder is not None
    api_reminders.answer(one.reminder, will_attend=will_attend, by=turn.stored.message, now=turn.now)
    one.item["answer"] = "yes" if will_attend else "no"
    turn.say("api_yes" if will_attend else "api_no", when=about.when(turn, one))
