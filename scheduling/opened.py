"""Who opened a patient's page: written once a member, patient and hour, kept for six years."""

from datetime import datetime, timedelta

from clinics.models import User
from scheduling.models import Patient, PatientView

KEPT = timedelta(days=6 * 365 + 2)  # six years hold one or two leap days


def note(patient: Patient, *, by: User, now: datetime) -> None:
    """Keep that a member opened the page; again in the same hour changes nothing. One statement."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    PatientView.objects.bulk_create(
        [PatientView(patient=patient, user=by, hour=hour, at=now)], ignore_conflicts=True
    )


def forget_old(*, now: datetime) -> int:
    """Delete what is older than six years; return how many."""
    deleted, _ = PatientView.objects.filter(at__lt=now - KEPT).delete()
    return deleted
