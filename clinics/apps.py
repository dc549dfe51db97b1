"""The shared room: clinics, people, senders."""

from django.apps import AppConfig


class ClinicsConfig(AppConfig):
    """Names the app."""

    name = "clinics"
    default_auto_field = "django.db.models.BigAutoField"
