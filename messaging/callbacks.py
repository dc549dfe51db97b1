"""Where providers report what became of a message, and how that report names our attempt."""

from uuid import UUID

from django.conf import settings

from clinics.tenancy import base_url
from messaging import providers
from messaging.providers.base import Webhooks

#: Whose webhooks carry the answers of a message, and so the callbacks of inline replies.
TWILIO = "twilio"


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


def status_url(channel: str, clinic_id: UUID, attempt_id: UUID, *, provider: str = TWILIO) -> str:
    """Return the absolute URL that an attempt's status callbacks go to."""
    hooks = _hooks(provider, channel)
    return f"{webhook_base_url()}{hooks.status}?a={ref(clinic_id, attempt_id)}{hooks.retries}"


def status_base_url(channel: str, *, provider: str = TWILIO) -> str:
    """Return the URL to paste at the provider for a number's status callbacks; a message names its own besides."""
    hooks = _hooks(provider, channel)
    return f"{webhook_base_url()}{hooks.status}{hooks.retries}"


def inbound_url(channel: str, *, provider: str = TWILIO) -> str:
    """Return the URL to paste at the provider for a number's messages."""
    hooks = _hooks(provider, channel)
    return f"{webhook_base_url()}{hooks.message}{hooks.retries}"


def _hooks(provider: str, channel: str) -> Webhooks:
    return providers.get(provider).webhooks(channel)
