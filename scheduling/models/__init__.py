"""People, places, time and promises of one clinic; has never heard of a message."""

from scheduling.models.appointment import (
    ALLOWED,
    LIVE,
    TAKEN_BACK,
    Appointment,
    AppointmentEvent,
    Attendance,
    Cancellation,
    EventKind,
    Source,
    Status,
)
from scheduling.models.booking import Hold, HoldPurpose, Resource, ResourceBooking, ResourceKind
from scheduling.models.contact import ContactAddress, ContactPoint
from scheduling.models.hours import OpeningHours, TimeOff, WeeklyHours
from scheduling.models.patient import Patient, PatientContact, PatientView, Relation
from scheduling.models.place import Location, Room
from scheduling.models.practitioner import AppointmentType, Practitioner
from scheduling.models.settings import SchedulingSettings
from scheduling.models.task import Task, TaskKind

__all__ = [
    "ALLOWED",
    "LIVE",
    "TAKEN_BACK",
    "Appointment",
    "AppointmentEvent",
    "AppointmentType",
    "Attendance",
    "Cancellation",
    "ContactAddress",
    "ContactPoint",
    "EventKind",
    "Hold",
    "HoldPurpose",
    "Location",
    "OpeningHours",
    "Patient",
    "PatientContact",
    "PatientView",
    "Practitioner",
    "Relation",
    "Resource",
    "ResourceBooking",
    "ResourceKind",
    "Room",
    "SchedulingSettings",
    "Source",
    "Status",
    "Task",
    "TaskKind",
    "TimeOff",
    "WeeklyHours",
]
