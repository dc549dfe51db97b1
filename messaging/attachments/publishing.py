"""Links by which a provider fetches what a member sends: nobody can guess one, it says nothing, and it ends."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from clinics.models import Clinic, ClinicState
from clinics.tenancy import public_path
from messaging import callbacks

#: A provider fetches within seconds; one that queues a message may come in hours.
KEPT_FOR = timedelta(hours=24)
_SALT = "messaging.attachments.publishing"
_SIGNED = 16 + 16 + 4
_SIGN = 20


def url_of(clinic_id: UUID, attachment_id: UUID, *, now: datetime) -> str:
    """Return the absolute public link to a file of a clinic; `now` is the real time."""
    until = int((now + KEPT_FOR).timestamp())
    body = clinic_id.bytes + attachment_id.bytes + until.to_bytes(4, "big")
    token = urlsafe_b64encode(body + _sign(body, settings.SECRET_KEY)).decode().rstrip("=")
    return callbacks.webhook_base_url() + public_path("public-file", token)


def opened(token: str, *, now: datetime) -> tuple[Clinic, UUID] | None:
    """Return clinic and file of a link that was made here and has not ended, else None."""
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    body, sign = data[:_SIGNED], data[_SIGNED:]
    if len(body) != _SIGNED:
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(sign, _sign(body, key)) for key in keys):
        return None
    if int.from_bytes(body[32:], "big") <= now.timestamp():
        return None
    clinic = Clinic.objects.filter(pk=UUID(bytes=body[:16]), state=ClinicState.READY).first()
    return (clinic, UUID(bytes=body[16:32])) if clinic else None


def _sign(body: bytes, secret: str | bytes) -> bytes:
    return salted_hmac(_SALT, body, secret=secret, algorithm="sha256").digest()[:_SIGN]
