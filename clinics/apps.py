"""The shared room: clinics, people, senders."""

from django.apps import AppConfig


class ClinicsConfig(AppConfig):
    """Adds this room's places to the rail."""

    name = "clinics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the set-up pages that this room owns."""
        from clinics import panels, set_up
        from clinics.rail import Group, register

        register(Group.SET_UP, 50, set_up.places)
        panels.register(0, panels.CLINIC)
        panels.register(90, panels.SAFETY)
