"""The room of every word in and out."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Connects the receivers."""

    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the rooms below and register the system checks."""
        from messaging import receivers  # noqa: F401
