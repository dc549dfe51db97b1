"""Web push: encrypted to the browser (RFC 8291), signed by us (VAPID, RFC 8292), taken by the browser's own service."""

from __future__ import annotations

import base64
import json
from functools import cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from clinics.models import PushSubscription

#: Where browsers let themselves be told. An address anywhere else would make us call whom somebody names.
SERVICES = (
    "fcm.googleapis.com",
    ".push.services.mozilla.com",
    ".notify.windows.com",
    ".push.apple.com",
)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
_TTL = 600  # seconds that a service keeps it for a browser that is off: later it is no news
_TIMEOUT = 10


class Gone(Exception):
    """The browser is no longer there, or has taken its permission back."""


class NotTaken(Exception):
    """The push service did not take it; `code` is its HTTP status, or "unreachable"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_service(endpoint: str) -> bool:
    """Tell whether an address belongs to a push service that we know."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    host = parts.hostname or ""
    known = (*SERVICES, *settings.PUSH_HOSTS)
    return parts.scheme == "https" and any(
        host == one or (one.startswith(".") and host.endswith(one)) for one in known
    )


@cache
def _private_key(secret: str) -> ec.EllipticCurvePrivateKey:
    # Made from the secret key: one secret less to keep. A new secret key makes browsers subscribe anew.
    derived = HKDF(hashes.SHA256(), 48, salt=None, info=b"medsync web push").derive(secret.encode())
    return ec.derive_private_key(int.from_bytes(derived) % (_ORDER - 1) + 1, ec.SECP256R1())


def public_key() -> str:
    """Return the key that browsers subscribe with: the uncompressed point, base64url without padding."""
    point = _private_key(settings.SECRET_KEY).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def send(browser: PushSubscription, title: str, body: str, url: str, tag: str) -> None:
    """Tell one browser. Raises Gone, NotTaken."""
    from py_vapid import Vapid02  # these two load slowly, and few processes need them
    from pywebpush import WebPushException, webpush

    vapid = Vapid02(_private_key(settings.SECRET_KEY))
    try:
        webpush(
            {"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}},
            json.dumps({"title": title, "body": body, "url": url, "tag": tag}),
            vapid_private_key=vapid,
            vapid_claims={"sub": settings.PUSH_CONTACT},
            ttl=_TTL,
            timeout=_TIMEOUT,
        )
    except WebPushException as error:
        status = getattr(error.response, "status_code", None)
        if status in (404, 410):
            raise Gone from error
        raise NotTaken(str(status or "refused")) from error
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a broken key is a ValueError
        raise NotTaken("unreachable") from error
