"""Who hears of a visit: at which contact point, in which thread, in which language."""

from datetime import datetime

from messaging import threads
from messaging.facts import facts
from messaging.language import nearest
from messaging.models import Conversation
from scheduling.models import Appointment, ContactPoint, PatientContact


def point_of(visit: Appointment) -> ContactPoint | None:
    """Return who asked for the visit, else the patient's own contact; None when nobody can be reached."""
    return visit.contact_point or _starred(visit)


def thread_of(visit: Appointment, *, now: datetime | None = None) -> Conversation | None:
    """Return the thread of who asked for the visit, else of the patient's own contact; made when `now` is given."""
    point = point_of(visit)
    if point is None:
        return None
    if now is not None:
        thread = threads.thread_of(point.pk, now=now)
        thread.contact_point = point
        return thread
    if "conversation" in point._state.fields_cache:  # read together with the visit
        return point.conversation
    return Conversation.objects.select_related("contact_point").filter(contact_point=point).first()


def language_of(visit: Appointment) -> str:
    """Return the language in which the patient hears of a visit."""
    point = point_of(visit)
    return language_for(visit, point) if point else nearest(visit.patient.preferred_language)


def language_for(visit: Appointment, point: ContactPoint) -> str:
    """Return the language in which a visit is told at a contact point."""
    return nearest(visit.patient.preferred_language, point.language, facts().clinic.language)


def _starred(visit: Appointment) -> ContactPoint | None:
    contact = (
        PatientContact.objects.filter(patient_id=visit.patient_id, not_theirs_at=None)
        .select_related("contact_point")
        .order_by("-starred", "created_at", "id")
        .first()
    )
    return contact.contact_point if contact else None
