"""Which patient is meant; another clinic's id is unknown here."""

from uuid import UUID

from django.http import Http404

from scheduling.models import Patient


def patient_or_404(patient_id: UUID) -> Patient:
    """Return a patient of this clinic who was not merged into another."""
    found = Patient.objects.filter(pk=patient_id, merged_into=None).first()
    if found is None:
        raise Http404
    return found
