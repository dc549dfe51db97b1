"""One turn of the dialogue: what was written, by whom, in which language, and what will be answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from clinics.models import Clinic
from messaging import catalog, conversations, datewords, language
from messaging.confirming import EARLIER, not_gone
from messaging.facts import Facts, facts
from messaging.models import ConversationState, Question, QuestionKind, QuestionOutcome, WorkState
from messaging.replies import Reading, read
from messaging.slotlists import numbered
from messaging.stored import Stored
from scheduling import contacts
from scheduling.models import ContactPoint, Patient


@dataclass(slots=True)
class Ask:
    """A question to be opened together with the message that asks it."""

    kind: QuestionKind
    items: list[dict[str, Any]]
    context: dict[str, Any]
    until: datetime | None = None  # else the end of the next day


@dataclass
class Turn:
    """A message being answered. `parts` become one reply; `ask` is opened with it."""

    stored: Stored
    now: datetime
    dry: bool = False  # only a suggestion for staff: nothing may be held, booked or asked
    parts: list[str] = field(default_factory=list)
    ask: Ask | None = None
    closed: list[Question] = field(default_factory=list)
    purpose: str = "answer"
    plain: bool = False  # goes without the introduction
    keep_open: bool = False  # the questions before stay open beside the new one
    replacing: bool = False  # another list takes the place of one, whose times are held
    unclear: bool = False  # the reply asks back: nothing was decided
    first_words: bool = False  # nothing was ever answered automatically in this thread

    def __post_init__(self) -> None:
        self.first_words = self.stored.conversation.automatic_since is None

    @cached_property
    def facts(self) -> Facts:
        """Return what is known of the clinic."""
        return facts()

    @property
    def clinic(self) -> Clinic:
        """Return the clinic that answers."""
        return self.facts.clinic

    @property
    def contact_point(self) -> ContactPoint:
        """Return who wrote."""
        return self.stored.contact_point

    @property
    def channel(self) -> str:
        """Return the channel of the message."""
        return self.stored.event.channel

    @property
    def owner(self) -> str:
        """Return the name under which times are held for this person."""
        return conversations.holder(self.stored.conversation)

    @cached_property
    def body(self) -> str:
        """Return the words of the message; a message without words has none, whatever its caption."""
        return self.stored.message.body if self.stored.event.kind == "text" else ""

    @cached_property
    def reading(self) -> Reading:
        """Return what the message means as a whole."""
        return read(self.body)

    @cached_property
    def patients(self) -> Sequence[Patient]:
        """Return the people on this phone."""
        return contacts.patients_of(self.contact_point)

    @cached_property
    def language(self) -> str:
        """Return the language to answer in: the patient's own, else what was seen, else the clinic's."""
        chosen = {patient.preferred_language for patient in self.patients if patient.preferred_language}
        if len(chosen) == 1:
            return language.nearest(chosen.pop())
        known = self.contact_point.language
        seen = language.detect(self.body)
        if seen and seen != known and (not known or len(self.body.split()) > 1 or seen == "zh"):
            self.contact_point.language = known = seen
            ContactPoint.objects.filter(pk=self.contact_point.pk).update(language=seen)
        return language.nearest(known, self.stored.route.language)

    @cached_property
    def questions(self) -> list[Question]:
        """Return the open questions, the newest first, also one that has run out; none is open in an idle thread.

        A reminder's is not asked as long as its text waits.
        """
        return [question for question in self._stored_questions if not _waits(question)]

    @cached_property
    def _stored_questions(self) -> list[Question]:
        conversation = self.stored.conversation
        if conversation.state == ConversationState.IDLE:
            return []
        unheard = Exists(not_gone().filter(pk=OuterRef("asked_by")))
        rows = Question.objects.filter(conversation=conversation, closed_at=None).annotate(unheard=unheard)
        return list(rows.order_by("-asked_at", "-id"))

    def say(self, key: str, **values: object) -> None:
        """Add a text of the catalog to the reply."""
        self.parts.append(self.text(key, **values))

    def ask_back(self, key: str, **values: object) -> None:
        """Add a text that asks what was meant."""
        self.unclear = True
        self.say(key, **values)

    def text(self, key: str, **values: object) -> str:
        """Return a text of the catalog in the patient's language; the clinic's name is always at hand."""
        known = {"clinic_name": self.clinic.name, **values}
        return catalog.text(key, self.language, channel=self.channel, **known)

    def when(self, at: datetime, location_id: UUID | None = None) -> str:
        """Return a time as the patient reads it, on the clock of the place."""
        zone = self.facts.zones.get(location_id) if location_id else None
        return datewords.when(
            at, zone=zone or self.facts.zone, language=self.language, country=self.clinic.country
        )

    def numbered(self, lines: Sequence[str]) -> str:
        """Return lines with their keys, from 1."""
        return numbered(lines)

    def close(self, question: Question, outcome: QuestionOutcome) -> None:
        """End a question; the state that the API shows follows. Stored by `settle`."""
        if question.closed_at is not None:
            return
        question.closed_at, question.outcome = self.now, outcome
        self.closed.append(question)
        self.questions[:] = [other for other in self.questions if other.pk != question.pk]
        if not self.questions:
            waits = any(_waits(other) for other in self._stored_questions)
            self.stored.conversation.state = (
                ConversationState.AWAITING_CONFIRM if waits else ConversationState.IDLE
            )

    def settle(self) -> None:
        """Store what was closed: only now, for questions are locked after times and visits."""
        for question in self.closed:
            answered = question.outcome == QuestionOutcome.ANSWERED
            row = Question.objects.filter(pk=question.pk, closed_at=None)
            # What was asked anew meanwhile, by a reminder or a member, is another question: nobody has answered it.
            same = row.filter(asked_at__lte=question.asked_at)
            if not same.update(
                closed_at=self.now,
                outcome=question.outcome,
                answered_by=self.stored.message if answered else None,
            ):
                self._leave_open(row)
        self.closed.clear()

    def _leave_open(self, row: QuerySet[Question]) -> None:
        kind = row.values_list("kind", flat=True).first()
        if kind is not None:
            self.stored.conversation.state = (
                ConversationState.AWAITING_CONFIRM
                if kind == QuestionKind.CONFIRM_VISIT
                else ConversationState.AWAITING_SLOT
            )

    def close_all(self, outcome: QuestionOutcome) -> None:
        """End every open question."""
        for question in list(self.questions):
            self.close(question, outcome)

    def put(
        self,
        kind: QuestionKind,
        items: list[dict[str, Any]],
        context: dict[str, Any],
        *,
        until: datetime | None = None,
    ) -> None:
        """Ask a question with this reply; it takes the place of those that are open."""
        self.ask = Ask(kind, items, context, until)

    def answered_by_bot(self) -> None:
        """Note that nobody at the clinic need do anything now."""
        conversation = self.stored.conversation
        conversation.work_state = WorkState.BOT
        conversation.waiting_since = None

    def not_waiting(self) -> None:
        """Put the work state back: this message wants no answer. A snoozed thread wakes up all the same."""
        conversation = self.stored.conversation
        if self.stored.work_state_before == WorkState.SNOOZED:
            return
        conversation.work_state = self.stored.work_state_before
        conversation.waiting_since = self.stored.waiting_since_before

    def needs_person(self) -> None:
        """Leave the message to staff."""
        conversation = self.stored.conversation
        conversation.work_state = WorkState.NEEDS_REPLY
        conversation.waiting_since = conversation.waiting_since or self.now


def _waits(question: Question) -> bool:
    """Say whether nobody has read yet what a reminder asks, in this text or in one before it."""
    unheard: bool = question.unheard  # type: ignore[attr-defined]
    return unheard and question.kind == QuestionKind.CONFIRM_VISIT and not question.context.get(EARLIER)
