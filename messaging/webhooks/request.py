"""A Django request as the providers see requests."""

import dataclasses
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest

from medsync.lib import clock
from messaging.providers.base import InboundRequest
from messaging.providers.forms import FORM, TooManyFields, request_of

MAX_BODY_BYTES = 256 * 1024


class TooBig(Exception):
    """The body is over the limit, in bytes or in fields."""


class NotAForm(Exception):
    """The body is something else than what this provider sends: a form, or JSON."""


def read(request: HttpRequest, *, wants: str = FORM) -> InboundRequest:
    """Return the webhook in a request of the content type wanted. Raises NotAForm (415), TooBig (413)."""
    content_type = request.content_type or ""
    if content_type != wants:
        raise NotAForm
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise TooBig
    body = request.body
    if len(body) > MAX_BODY_BYTES:
        raise TooBig
    path = request.get_full_path()
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in request.META.items()
        if name.startswith("HTTP_")
    }
    try:
        urls = tuple(f"{base}{path}" for base in _bases(request))
        found = request_of(body, urls=urls, headers=headers, content_type=content_type)
        return dataclasses.replace(found, received_at=clock.real_now())
    except TooManyFields as error:
        raise TooBig from error


def _bases(request: HttpRequest) -> Sequence[str]:
    """Return scheme and host that the provider may have called: what is configured wins over what a proxy shows."""
    bases = [settings.TWILIO_WEBHOOK_BASE_URL.rstrip("/")] if settings.TWILIO_WEBHOOK_BASE_URL else []
    if not bases:
        bases = [origin.rstrip("/") for origin in settings.ALLOWED_ORIGINS]
    if not bases:
        # Django has checked the host against ALLOWED_HOSTS.
        bases = [f"{request.scheme}://{request.get_host()}"]
    return bases
