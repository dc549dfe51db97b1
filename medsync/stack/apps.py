"""The Django app that carries `manage.py up`, `prepare` and `doctor`."""

from django.apps import AppConfig


class StackConfig(AppConfig):
    """Commands only: no models, no signals."""

    name = "medsync.stack"
    label = "stack"
    verbose_name = "Stack"
