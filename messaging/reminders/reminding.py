"""Taking up a step of a visit: the claim and the message in one transaction, so that neither is without the other.

The visit's row is locked and read again first: who moved or cancelled it was faster, or comes after and takes the
message back (`taking_back`). The claim's constraint is the judge; of two beats the second finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from messaging import gate, outbox, threads
from messaging.confirming import ask_coming
from messaging.facts import facts
from messaging.models import (
    Author,
    Conversation,
    Message,
    MessageStatus,
    ReminderClaim,
    ReminderSettings,
    ReminderSubject,
    Solved,
)
from messaging.reminders import due, queries, ways
from messaging.threads import NOT_REACHED
from scheduling import operations
from scheduling.locks import operation
from scheduling.models import Appointment, Attendance, Status

SENT = "sent"  # the outcome of what was queued
_KEY = "reminder"
#: A text in one of these will not arrive: it reminds of nothing.
_LOST = NOT_REACHED | {MessageStatus.CANCELLED}

#: Why a member's "send now" is refused.
NOT_ACCEPTED, OVER, ANSWERED, ALREADY = "not_accepted", "over", "answered", "already_reminded"


class NotReminded(Exception):
    """A member's "send now" is refused; `code` is one of this module or of the gate."""

    def __init__(self, code: str, channel: str = "", message: Message | None = None) -> None:
        super().__init__(code)
        self.code, self.channel, self.message = code, channel, message


@dataclass(frozen=True, slots=True)
class Reminded:
    """What came of it: the visits that one message settles, the message (None: nobody can be reached)."""

    visits: Sequence[Appointment]
    message: Message | None
    outcome: str
    channel: str


@operation
def remind(visit_id: UUID, *, step: int, rules: ReminderSettings, now: datetime) -> Reminded | None:
    """Take up a step that is due, for a visit and for what else that person has on that day.

    One that was missed is only noted, so that somebody calls. None when there is nothing to do any more: another was
    faster, or the visit is not what it was.
    """
    seen = queries.one(visit_id)
    if seen is None:
        return None
    visits = _unclaimed(_locked(seen, now=now), step)
    mine = next((visit for visit in visits if visit.pk == visit_id), None)
    if (
        mine is None
        or mine.version != seen.version
        or due.newest(rules.steps, mine.starts_at, now=now) != step
    ):
        return None
    if now > due.latest(mine.starts_at, step):
        return _miss(mine, step=step, now=now)
    return _take_up(seen, visits, step=step, rules=rules, by_hand=False, now=now)


@operation
def send_now(visit_id: UUID, *, now: datetime) -> Reminded:
    """Send what the next step would, at once; that step does not come again. Raises NotReminded, LookupError.

    Also where reminders are switched off, for that is a decision of a member. A step whose text did not arrive goes
    anew, and the lost text is settled by that. Nothing is stored when it is refused.
    """
    seen = queries.one(visit_id)
    if seen is None:
        raise LookupError
    rules = ReminderSettings.load()
    locked = _locked(seen, now=now)
    mine = next((visit for visit in locked if visit.pk == visit_id), None)
    if mine is None:
        raise NotReminded(_why_not(seen, now))
    taken = [c for c in queries.claimed([visit_id]) if c.version == mine.version and _stands(c)]
    step = due.by_hand(
        rules.steps,
        mine.starts_at,
        sent=frozenset(claim.step for claim in taken),
        since=seen.since,  # type: ignore[attr-defined]
        now=now,
    )
    if step is None:
        raise NotReminded(ALREADY, message=taken[-1].message if taken else None)
    visits = _unclaimed(locked, step, again=True)
    reminded = _take_up(seen, visits, step=step, rules=rules, by_hand=True, now=now)
    if reminded.outcome != SENT:
        raise NotReminded(reminded.outcome, reminded.channel)
    return reminded


def step_of(message: Message) -> int | None:
    """Return how many hours before the visit a message was to remind, None for one that is no reminder. Pure."""
    kind, _, rest = (message.dedupe_key or "").partition(":")
    step = rest.rpartition(":")[2]
    return int(step) if kind == _KEY and step.isdecimal() else None


def _why_not(visit: Appointment, now: datetime) -> str:
    """Return why a visit is not one that may be reminded of."""
    if visit.status == Status.PENDING_REVIEW:
        return NOT_ACCEPTED
    if visit.status != Status.CONFIRMED or visit.starts_at <= now:
        return OVER
    return ANSWERED if visit.attendance in (Attendance.ATTENDING, Attendance.DECLINED) else OVER


def _locked(seen: Appointment, *, now: datetime) -> list[Appointment]:
    """Lock the visits that one message would name, ascending, and return them as they are now, by time."""
    point_id: UUID | None = seen.point_id  # type: ignore[attr-defined]
    if point_id is None:
        rows = queries.standing(after=now, until=seen.starts_at).filter(pk=seen.pk)
    else:
        rows = queries.together(point_id, queries.day_of(seen.starts_at, facts().clinic.zone), now=now)
    locked = queries.named(rows).select_for_update(of=("self",)).order_by("pk")
    return sorted(locked, key=lambda visit: (visit.starts_at, visit.pk))


def _unclaimed(visits: Sequence[Appointment], step: int, *, again: bool = False) -> list[Appointment]:
    """Return those whose step was not taken up; `again` counts what reached nobody as not taken up."""
    taken = {
        (claim.subject_id, claim.version)
        for claim in queries.claimed([visit.pk for visit in visits])
        if claim.step == step and (_stands(claim) or not again)
    }
    return [visit for visit in visits if (visit.pk, visit.version) not in taken]


def _stands(claim: ReminderClaim) -> bool:
    """Tell whether something went for a claim, or still may."""
    return claim.outcome == SENT and (claim.message is None or claim.message.status not in _LOST)


def _take_up(
    seen: Appointment,
    visits: Sequence[Appointment],
    *,
    step: int,
    rules: ReminderSettings,
    by_hand: bool,
    now: datetime,
) -> Reminded:
    point_id: UUID | None = seen.point_id  # type: ignore[attr-defined]
    conversation = _thread(point_id, now=now) if point_id else None
    first = visits[0]
    expires_at = first.starts_at if by_hand else due.expires_at(first.starts_at, step)
    way = ways.way_to(conversation, visits, rules=rules, expires_at=expires_at, by_hand=by_hand, now=now)
    outcome = SENT if way.allowed else way.code
    claims = [
        _claim(visit, step=step, outcome=outcome, channel=way.channel, by_hand=by_hand, now=now)
        for visit in visits
    ]
    lost = _lost(visits) if by_hand else []
    _store(claims, again=by_hand)
    if not way.allowed or conversation is None:
        return Reminded(visits, None, way.code, way.channel)
    message = outbox.queue(
        conversation,
        body=way.words.body,
        purpose=gate.NOTICE if by_hand else gate.REMINDER,
        author=Author.SYSTEM,
        appointment=seen,
        # Of this taking-up: the same step comes again where the first text was taken back for another's visit.
        dedupe_key=f"{_KEY}:{claims[0].pk}:{step}",
        language=way.words.language,
        route=way.route,
        said=way.words.said,
        expires_at=expires_at,
        touch=False,
        now=now,
    )
    settled = SENT if message.status != MessageStatus.BLOCKED else message.reason
    keys = {"subject": ReminderSubject.VISIT, "step": step, "subject_id__in": [v.pk for v in visits]}
    ReminderClaim.objects.filter(**keys, claimed_at=now).update(message=message, outcome=settled)
    if settled == SENT:
        operations.mark_asked(visits, now=now)
        changes = ask_coming(conversation, visits, asked_by=message, now=now)
    else:
        changes = {"failed_count": F("failed_count") + 1}
    made_good = _make_good(lost, now=now) if settled == SENT else []
    threads.touch(conversation.pk, now=now, message=message, **changes)
    for thread_id in made_good:
        threads.solved(thread_id, now=now)
    return Reminded(visits, message, settled, message.channel)


def _lost(visits: Sequence[Appointment]) -> list[UUID]:
    """Return the reminders of these visits, as they are now, that did not arrive."""
    versions = {visit.pk: visit.version for visit in visits}
    return [
        claim.message.pk
        for claim in queries.claimed(list(versions))
        if claim.message
        and claim.message.status in NOT_REACHED
        and claim.version == versions[claim.subject_id]
    ]


def _make_good(lost: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Settle texts in whose place another goes, so that none of them is tried again; return the thread of each."""
    rows = Message.objects.filter(pk__in=lost, status__in=NOT_REACHED, solved="")
    locked = dict(rows.select_for_update().order_by("pk").values_list("pk", "conversation_id"))
    Message.objects.filter(pk__in=locked).update(solved=Solved.OTHERWISE, updated_at=now)
    return sorted(locked.values())


def _miss(visit: Appointment, *, step: int, now: datetime) -> Reminded:
    """Note that a step was never taken up in time."""
    claim = _claim(visit, step=step, outcome=gate.TOO_LATE, channel="", by_hand=False, now=now)
    _store([claim], again=False)
    return Reminded([visit], None, gate.TOO_LATE, "")


def _claim(
    visit: Appointment, *, step: int, outcome: str, channel: str, by_hand: bool, now: datetime
) -> ReminderClaim:
    return ReminderClaim(
        subject=ReminderSubject.VISIT,
        subject_id=visit.pk,
        version=visit.version,
        step=step,
        outcome=outcome,
        channel=channel,
        by_hand=by_hand,
        claimed_at=now,
    )


def _thread(point_id: UUID, *, now: datetime) -> Conversation:
    """Return the person's thread with its contact point at hand, made when nothing was ever said."""
    threads.thread_of(point_id, now=now)
    return Conversation.objects.select_related("contact_point").get(contact_point=point_id)


def _store(claims: Sequence[ReminderClaim], *, again: bool) -> None:
    if not again:
        ReminderClaim.objects.bulk_create(claims)
        return
    ReminderClaim.objects.bulk_create(
        claims,
        update_conflicts=True,
        unique_fields=["subject", "subject_id", "version", "step"],
        update_fields=["outcome", "channel", "by_hand", "claimed_at"],
    )
