"""Where providers report what became of a message, and how that report names our attempt."""

from uuid import UUID

from django.conf import settings

from clinics.tenancy import base_url

#: Twilio forgets a callback that got a 5xx or timed out unless told to repeat it; not part of what is signed.
RETRIES = "#rc=2&rp=5xx,ct,rt"
_CHANNELS = {"whatsapp", "sms"}


def webhook_base_url() -> str:
    """Return scheme and host under which providers reach us, without a closing slash."""
    return (settings.TWILIO_WEBHOOK_BASE_URL or base_url()).rstrip("/")


def ref(clinic_id: UUID, attempt_id: UUID) -> str:
    """Return the name of an attempt in a callback URL."""
    return f"{clinic_id}.{attempt_id}"


def parse_ref(value: str) -> tuple[UUID, UUID] | None:
    """Return clinic and attempt that a callback names, None when it is no name of ours."""
    clinic, _, attempt = value.partition(".")
    try:
        return UUID(clinic), UUID(attempt)
    except ValueError:
        return None


def status_url(channel: str, clinic_id: UUID, attempt_id: UUID) -> str:
    """Return the absolute URL that an attempt's status callbacks go to."""
    path = channel if channel in _CHANNELS else "whatsapp"
    return f"{webhook_base_url()}/api/webhooks/{path}/status?a={ref(clinic_id, attempt_id)}{RETRIES}"


def status_base_url(channel: str) -> str:
    """Return the URL to paste at the provider for a number's status callbacks; a message names its own besides."""
    path = channel if channel in _CHANNELS else "whatsapp"
    return f"{webhook_base_url()}/api/webhooks/{path}/status{RETRIES}"


def inbound_url(channel: str) -> str:
    """Return the URL to paste at the provider for a number's messages."""
    return f"{webhook_base_url()}/api/webhooks/{channel}{RETRIES}"
