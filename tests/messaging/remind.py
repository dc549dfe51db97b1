"""A visit that a patient was reminded of, for tests of the answers. Played on the days of `talk`."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging import outbox, threads
from messaging.confirming import ask_coming
from messaging.models import Attempt, AttemptKind, Message, MessageStatus
from scheduling import operations
from scheduling.models import (
    Appointment,
    AppointmentType,
    ContactPoint,
    Patient,
    PatientContact,
    Practitioner,
    Relation,
)
from tests.messaging.talk import Talk

ZONE = ZoneInfo("America/New_York")
TOMORROW_10 = datetime(2026, 11, 24, 15, 0, tzinfo=ZoneInfo("UTC"))  # Tuesday 10:00 in New York


def known(talk: Talk, *names: str) -> list[Patient]:
    """Let the patient write once, and give the phone these people, who live there together."""
    talk.say("gracias")
    with in_clinic(talk.clinic):
        point = ContactPoint.objects.get(addresses__address=talk.sender, addresses__channel=talk.channel)
        people = list(Patient.objects.filter(contacts__contact_point=point).order_by("created_at", "id"))
        for at, name in enumerate(names):
            if at < len(people):
                Patient.objects.filter(pk=people[at].pk).update(name=name, preferred_language="en")
                continue
            child = Patient.objects.create(name=name, preferred_language="en")
            PatientContact.objects.create(
                patient=child, contact_point=point, relation=Relation.MOTHER, created_at=talk.now
            )
        wanted = {patient.name: patient for patient in Patient.objects.filter(contacts__contact_point=point)}
        return [wanted[name] for name in names]


def visit_for(
    talk: Talk, patient: Patient, starts_at: datetime = TOMORROW_10, *, doctor: Practitioner | None = None
) -> Appointment:
    """Book an accepted visit."""
    with in_clinic(talk.clinic):
        return operations.book(
            patient,
            type=AppointmentType.objects.earliest("rank"),
            practitioner=doctor or Practitioner.objects.earliest("rank"),
            starts_at=starts_at,
            actor=None,
            contact_point=ContactPoint.objects.get(
                addresses__address=talk.sender, addresses__channel=talk.channel
            ),
            silent=True,
            now=talk.now,
        )


def remind(talk: Talk, *visits: Appointment, provider_id: str | None = None) -> Message:
    """Ask whether they come, as a reminder does; return the message, which the provider has as `provider_id`."""
    with in_clinic(talk.clinic):
        rows = list(
            Appointment.objects.select_related("patient")
            .filter(pk__in=[v.pk for v in visits])
            .order_by("starts_at")
        )
        thread = talk.thread
        message = outbox.queue(
            thread,
            body="Will you come?",
            purpose="notice",
            author="system",
            now=talk.now,
            touch=False,
        )
        operations.mark_asked(rows, now=talk.now)
        changes = ask_coming(thread, rows, asked_by=message, now=talk.now)
        threads.touch(thread.pk, now=talk.now, message=message, **changes)
        Message.objects.filter(pk=message.pk).update(status=MessageStatus.SENT, next_attempt_at=None)
        if provider_id:
            Attempt.objects.create(
                message=message,
                n=1,
                account_id=message.account_id,
                kind=AttemptKind.REST,
                provider_id=provider_id,
                state="sent",
                created_at=talk.now,
            )
        return message


def reminded(
    clinic: Clinic, *names: str, starts_at: datetime = TOMORROW_10, **talk: Any
) -> tuple[Talk, list[Appointment]]:
    """Return a patient who was asked about a visit for each name, half an hour apart, the first at `starts_at`."""
    person = Talk(clinic, **talk)
    people = known(person, *(names or ("Ana Pérez",)))
    visits = [
        visit_for(person, patient, starts_at + at * timedelta(minutes=30))
        for at, patient in enumerate(people)
    ]
    remind(person, *visits)
    return person, visits


def fresh(talk: Talk, visit: Appointment) -> Appointment:
    """Return the visit as it is now."""
    with in_clinic(talk.clinic):
        return Appointment.objects.get(pk=visit.pk)


def sweep(talk: Talk, after: timedelta = timedelta(0)) -> int:
    """Let the clock do what it does each minute with declined visits."""
    talk.now += after
    with in_clinic(talk.clinic):
        return operations.cancel_declined(now=talk.now)
