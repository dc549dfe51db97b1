"""The room of people, places and promises."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """Connects the receivers."""

    name = "scheduling"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the room below; add this room's settings to the page of all."""
        from clinics import panels
        from scheduling import booking_panel, receivers  # noqa: F401

        panels.register(20, booking_panel.PANEL)
