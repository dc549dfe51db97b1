"""The Django app that carries `manage.py up`, `prepare` and `doctor`."""

from django.apps import AppConfig


class StackConfig(AppConfig):
    """Commands only: no models, no signals."""

    name = "medsync.stack"
    label = "stack"
    verbose_name = "Stack"

    def ready(self) -> None:
        """Register the system checks; they belong to no app of their own."""
        from medsync import checks  # noqa: F401
