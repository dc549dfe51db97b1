"""What the reminder of another system's appointment says: when on the caller's clock, where, with whom. No statement."""

from datetime import timedelta

from messaging import catalog, datewords
from messaging.models import ApiReminder


def when(reminder: ApiReminder, *, language: str, country: str) -> str:
    """Return date and time as the caller gave them."""
    local = reminder.appointment_at + timedelta(minutes=reminder.utc_offset)
    return datewords.when(local, zone="UTC", language=language, country=country)


def body(reminder: ApiReminder, *, language: str, channel: str, clinic_name: str, country: str) -> str:
    """Return the reminder with its question."""
    known = values(reminder, language, clinic_name, country)
    first = catalog.text("api_reminder", language, channel=channel, **known)
    return f"{first}\n{catalog.text('api_ask', language, channel=channel)}"


def values(reminder: ApiReminder, language: str, clinic_name: str, country: str) -> dict[str, str]:
    """Return what fills the reminder's placeholders."""
    return {
        "clinic_name": clinic_name,
        "when": when(reminder, language=language, country=country),
        "location": _sentence(reminder.location),
        "participant": _sentence(reminder.participant),
    }


def _sentence(text: str) -> str:
    """Return any text as a sentence of its own: whatever a caller wrote does not run into what follows."""
    words = " ".join(text.split())
    return words if not words or words[-1] in ".!?。！？" else f"{words}."
