"""A patient who writes to the clinic by signed webhooks, with a clock that the test moves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging.facts import forget_facts
from messaging.models import Conversation, Message, MessagingSettings, Question
from scheduling.models import (
    Appointment,
    AppointmentType,
    Location,
    Practitioner,
    Resource,
    ResourceKind,
    WeeklyHours,
)
from tests.messaging.hooks import PATIENT, replies_in, write

MONDAY_10 = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 10:00 in New York, the clinic is open
MONDAY_22 = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 22:00, closed


class Talk:
    """One patient's side of a thread."""

    def __init__(
        self, clinic: Clinic, *, at: datetime = MONDAY_10, channel: str = "whatsapp", sender: str = PATIENT
    ) -> None:
        self.clinic, self.now, self.channel, self.sender = clinic, at, channel, sender

    def say(self, body: str = "", *, after: timedelta = timedelta(seconds=90), **fields: str) -> str:
        """Write, some time later, and return the answer in the webhook's response ("" for none)."""
        self.now += after
        with time_machine.travel(self.now, tick=False):
            response = write(self.clinic, body, channel=self.channel, sender=self.sender, **fields)
        assert response.status_code == 200
        bodies = [text for text, _ in replies_in(response)]
        assert len(bodies) <= 1
        return bodies[0] if bodies else ""

    @property
    def thread(self) -> Conversation:
        with in_clinic(self.clinic):
            return Conversation.objects.select_related("contact_point").get(
                contact_point__addresses__address=self.sender, contact_point__addresses__channel=self.channel
            )

    @property
    def open_questions(self) -> list[Question]:
        with in_clinic(self.clinic):
            return list(Question.objects.filter(closed_at=None).order_by("-asked_at", "-id"))

    @property
    def visits(self) -> list[Appointment]:
        with in_clinic(self.clinic):
            return list(Appointment.objects.select_related("practitioner", "patient").order_by("created_at"))

    def offered(self) -> list[datetime]:
        """Return the times of the open offer."""
        question = next(q for q in self.open_questions if q.kind in {"pick_slot", "pick_day"})
        return [datetime.fromisoformat(item["starts_at"]) for item in question.items]

    def notes(self) -> list[Message]:
        with in_clinic(self.clinic):
            return list(Message.objects.filter(channel="note"))


def settings(clinic: Clinic, **values: Any) -> None:
    """Set the clinic's rules of talking."""
    with in_clinic(clinic):
        MessagingSettings.objects.update_or_create(pk=1, defaults=values)
    forget_facts()


def add_doctor(clinic: Clinic, name: str, **fields: Any) -> Practitioner:
    """Give the clinic another doctor, who works on weekdays from 9 to 17."""
    with in_clinic(clinic):
        doctor = Practitioner.objects.create(
            resource=Resource.objects.create(kind=ResourceKind.PRACTITIONER), name=name, rank=2, **fields
        )
        place = Location.objects.get()
        WeeklyHours.objects.bulk_create(
            WeeklyHours(practitioner=doctor, location=place, weekday=day, starts="09:00", ends="17:00")
            for day in range(5)
        )
    forget_facts()
    return doctor


def add_type(clinic: Clinic, name: str, **fields: Any) -> AppointmentType:
    """Give the clinic another type of visit."""
    with in_clinic(clinic):
        kind = AppointmentType.objects.create(names={"en": name}, rank=2, **fields)
    forget_facts()
    return kind
