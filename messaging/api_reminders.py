"""Reminders of callers that keep their own calendar: made, moved, deleted, sent once for each version.

What was sent, and whether our answer to the patient's reply went out, is read from the messages. A deleted reminder
is never sent after that, and stays as history.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from clinics import clocks
from clinics.models import User
from messaging import api_words, catalog, confirming, gate, outbox, threads
from messaging.api_retracting import ANSWERED, DELETED, MOVED, take_back, take_unsaid
from messaging.facts import facts
from messaging.language import nearest
from messaging.models import (
    ApiReminder,
    Attempt,
    Author,
    Conversation,
    Direction,
    Message,
    MessageStatus,
    ReminderClaim,
    ReminderSubject,
)
from messaging.outbox.routes import route_for_beginning
from scheduling import contacts
from scheduling.locks import operation

logger = logging.getLogger(__name__)

SENT = "sent"
STEP = 0  # there is one a version

#: The provider took it, whatever became of it then.
TAKEN = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.UNDELIVERED)
_BATCH = 200
_AGAIN = timedelta(minutes=5)


class Past(ValueError):
    """The appointment has begun already."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller wants to be reminded of; `number` is E.164, `given` as the caller wrote it."""

    given: str
    number: str
    appointment_at: datetime
    utc_offset: int  # minutes east
    notify_window: int  # hours
    location: str = ""
    participant: str = ""

    @property
    def notify_at(self) -> datetime:
        """Return when it is due."""
        return self.appointment_at - timedelta(hours=self.notify_window)


class Changes(TypedDict, total=False):
    """What of a reminder is to be otherwise; what is not named stays as it is by then."""

    given: str
    number: str
    appointment_at: datetime
    utc_offset: int
    notify_window: int
    location: str
    participant: str


@operation
def create(wanted: Wanted, *, by: User | None, now: datetime) -> ApiReminder:
    """Store a reminder; one whose time has come already is queued at once. Raises Past."""
    if wanted.appointment_at <= now:
        raise Past
    reminder = ApiReminder.objects.create(
        **_columns(wanted, now), created_by=by, created_at=now, updated_at=now
    )
    _arm(reminder, now)
    return reminder


@operation
def change(reminder_id: UUID, changes: Changes, *, now: datetime) -> ApiReminder:
    """Change a reminder: another time or number makes it a new version, reminded anew. Raises Past, LookupError.

    Only who is met, or where, or how long before, changes what is said next, also what waits for the morning; what was
    said stays said.
    """
    known = _locked(reminder_id)
    wanted = replace(_as_wanted(known), **changes)  # under the lock: two changes at once both count
    if wanted.appointment_at <= now:
        raise Past
    columns = _columns(wanted, now)
    anew = (known.appointment_at, known.contact_point_id) != (
        wanted.appointment_at,
        columns["contact_point"].pk,  # type: ignore[attr-defined]
    )
    if anew:
        columns |= {"version": known.version + 1, "will_attend": None, "answered_by": None}
        take_back(known, MOVED, now)
    unsaid = take_unsaid(known, now) if not anew and _says_more(known, wanted, now) else None
    for name, value in columns.items():
        setattr(known, name, value)
    known.updated_at = now
    known.save()
    # What the clock began goes on waiting for the morning.
    _arm(known, now, purpose=gate.REMINDER if unsaid and not unsaid.by_hand else gate.NOTICE)
    return known


def answer(reminder: ApiReminder, *, will_attend: bool, by: Message | None, now: datetime) -> bool:
    """Keep what the patient said, for the caller; a text that would ask again is taken back.

    `by` is the message that said so, which we answer. False when the reminder was moved or deleted meanwhile.
    """
    same = ApiReminder.objects.filter(pk=reminder.pk, version=reminder.version, deleted_at=None)
    if same.update(will_attend=will_attend, answered_by=by, updated_at=now):
        take_back(reminder, ANSWERED, now)
        return True
    return False


@operation
def delete(reminder_id: UUID, *, now: datetime) -> None:
    """Delete a reminder: what is not sent yet never goes. Raises LookupError."""
    known = _locked(reminder_id)
    ApiReminder.objects.filter(pk=known.pk).update(deleted_at=now, updated_at=now)
    take_back(known, DELETED, now)


def shown() -> QuerySet[ApiReminder]:
    """Return the reminders that stand, each with `reminder_sent` and `confirm_sent`."""
    sent = _claims().filter(Q(message__status__in=TAKEN) | _was_taken("message"))
    answers = Message.objects.filter(answers=OuterRef("answered_by"), direction=Direction.OUTBOUND)
    answers = answers.filter(Q(status__in=TAKEN) | _was_taken("pk"))
    return ApiReminder.objects.filter(deleted_at=None).annotate(
        reminder_sent=Exists(sent), confirm_sent=Exists(answers)
    )


def _was_taken(message: str) -> Exists:
    """Return what says that a provider had a message once, though it broke since or waits to go again."""
    return Exists(Attempt.objects.filter(message=OuterRef(message), provider_id__isnull=False))


def sweep(*, now: datetime) -> int:
    """Queue what is due in the entered clinic, set its clock to the next; return how many. Idempotent.

    After an outage a late one still goes, as long as its appointment has not begun.
    """
    tried: list[UUID] = []
    failed = False
    while ids := list(_due(now).exclude(pk__in=tried).values_list("pk", flat=True)[:_BATCH]):
        for reminder_id in ids:
            tried.append(reminder_id)
            try:
                _send(reminder_id, now=now)
            except Exception as error:  # one reminder must not keep the rest from going
                logger.error("reminder %s not sent: %s", reminder_id, type(error).__name__)
                failed = True
    with clocks.visit(clocks.API_REMINDERS, now=now) as visit:
        coming = _unclaimed(now).filter(notify_at__gt=now).aggregate(at=Min("notify_at"))["at"]
        visit.next_at = min(filter(None, (coming, now + _AGAIN if failed else None)), default=None)
    return len(tried)


def _due(now: datetime) -> QuerySet[ApiReminder]:
    return _unclaimed(now).filter(notify_at__lte=now).order_by("appointment_at", "id")


def _unclaimed(now: datetime) -> QuerySet[ApiReminder]:
    """Return the reminders of what is still to come whose version was not taken up."""
    return ApiReminder.objects.filter(~Exists(_claims()), deleted_at=None, appointment_at__gt=now)


def _claims() -> QuerySet[ReminderClaim]:
    return ReminderClaim.objects.filter(
        subject=ReminderSubject.API, subject_id=OuterRef("pk"), version=OuterRef("version"), step=STEP
    )


def _columns(wanted: Wanted, now: datetime) -> dict[str, object]:
    return {
        "contact_number": wanted.given,
        "contact_point": contacts.point_for_phone(wanted.number, now=now).contact_point,
        "participant": wanted.participant,
        "location": wanted.location,
        "appointment_at": wanted.appointment_at,
        "utc_offset": wanted.utc_offset,
        "notify_window": wanted.notify_window,
        "notify_at": wanted.notify_at,
    }


def _as_wanted(known: ApiReminder) -> Wanted:
    return Wanted(
        given=known.contact_number,
        number=known.contact_point.phone or "",
        appointment_at=known.appointment_at,
        utc_offset=known.utc_offset,
        notify_window=known.notify_window,
        location=known.location,
        participant=known.participant,
    )


def _locked(reminder_id: UUID) -> ApiReminder:
    known = ApiReminder.objects.select_for_update().filter(pk=reminder_id, deleted_at=None).first()
    if known is None:
        raise LookupError
    return known


def _arm(reminder: ApiReminder, now: datetime, *, purpose: str = gate.NOTICE) -> None:
    """Queue it when its time has come, in the transaction of its cause; else have the clock look at it then."""
    if reminder.notify_at > now:
        clocks.wake(clocks.API_REMINDERS, reminder.notify_at)
        return
    claim = ReminderClaim.objects.filter(
        subject=ReminderSubject.API, subject_id=reminder.pk, version=reminder.version, step=STEP
    )
    if not claim.exists():
        # The caller begins it, not the clock: it waits for no morning.
        _take_up(reminder, purpose=purpose, now=now)


@operation
def _send(reminder_id: UUID, *, now: datetime) -> None:
    """Take up a reminder that is due, unless another was faster or it is not what it was."""
    if not ApiReminder.objects.select_for_update().filter(pk=reminder_id).exists():
        return
    due = _due(now).filter(pk=reminder_id).first()  # under the lock: what another has claimed is seen
    if due is not None:
        _take_up(due, purpose=gate.REMINDER, now=now)


def _take_up(reminder: ApiReminder, *, purpose: str, now: datetime) -> None:
    """Claim the version, queue its text and ask the question; the claim's constraint lets one of two do it."""
    claim = ReminderClaim.objects.create(
        subject=ReminderSubject.API,
        subject_id=reminder.pk,
        version=reminder.version,
        step=STEP,
        by_hand=purpose == gate.NOTICE,
        claimed_at=now,
    )
    thread = threads.thread_of(reminder.contact_point_id, now=now)
    conversation = Conversation.objects.select_related("contact_point").get(pk=thread.pk)
    known = facts()
    language = nearest(conversation.contact_point.language, known.clinic.language)
    values = api_words.values(reminder, language, known.clinic.name, known.clinic.country)
    # Its approved text tells no detail, so a neutral clinic has no other.
    said = replace(catalog.said("api_reminder", language, values), key="api_reminder")
    route = route_for_beginning(conversation, now=now, purpose=purpose, said=said)
    message = outbox.queue(
        conversation,
        body=api_words.body(
            reminder,
            language=language,
            channel=route.channel,
            clinic_name=known.clinic.name,
            country=known.clinic.country,
        ),
        purpose=purpose,
        author=Author.SYSTEM,
        dedupe_key=f"api_reminder:{reminder.pk}:{claim.pk}",
        language=language,
        route=route,
        said=said,
        expires_at=reminder.appointment_at,
        touch=False,
        now=now,
    )
    blocked = message.status == MessageStatus.BLOCKED
    ReminderClaim.objects.filter(pk=claim.pk).update(
        message=message, outcome=message.reason if blocked else SENT
    )
    if blocked:
        changes = {"failed_count": F("failed_count") + 1}
    else:
        changes = confirming.ask_about_reminder(conversation, reminder, asked_by=message, now=now)
    threads.touch(conversation.pk, now=now, message=message, **changes)


def _says_more(known: ApiReminder, wanted: Wanted, now: datetime) -> bool:
    """Tell whether a text that waits would be other words by now, or would not be due yet."""
    said = (known.participant, known.location, known.utc_offset)
    return said != (wanted.participant, wanted.location, wanted.utc_offset) or wanted.notify_at > now
