"""What this room does when something happens in the room below."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from clinics.models import Clinic
from clinics.signals import clinic_created
from scheduling import defaults


@receiver(clinic_created, dispatch_uid="scheduling.seed")
def seed_new_clinic(*, clinic_id: UUID, owner_user_id: UUID | None = None, **_: Any) -> None:
    """Give a new clinic a place, a doctor, hours and a type; safe to run again."""
    defaults.seed(Clinic.objects.get(pk=clinic_id), owner_user_id=owner_user_id)
