"""The reminder API under its short path."""

from clinics.api.paths import both
from messaging.api import reminders

urlpatterns = [
    *both("reminder", reminders.Reminders.as_view(), "reminders"),
    *both("reminder/<str:id>", reminders.OneReminder.as_view(), "reminder"),
]
