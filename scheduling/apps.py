"""The room of people, places and promises."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """Connects the receivers."""

    name = "scheduling"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the room below."""
        from scheduling import receivers  # noqa: F401
