"""Who may post to us: Ed25519 over the timestamp, a bar and the raw body, no older than five minutes."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER = "telnyx-signature-ed25519"
TIMESTAMP = "telnyx-timestamp"
TOLERANCE_SECONDS = 300


def is_public_key(value: str) -> bool:
    """Tell whether this is base64 of a key's 32 bytes."""
    return len(_decoded(value)) == 32


def verify(signature: str, timestamp: str, body: bytes, keys: Sequence[str], *, now: datetime) -> bool:
    """Tell whether one of the public keys (base64) signed this body at about this time."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    given = _decoded(signature)
    if len(given) != 64:
        return False
    return any(_signed(given, timestamp.encode() + b"|" + body, _decoded(key)) for key in keys if key)


def _signed(signature: bytes, text: bytes, key: bytes) -> bool:
    if len(key) != 32:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(value: str) -> bytes:
    """Return what base64 says, b"" for what is none."""
    try:
        return base64.b64decode(value.encode("ascii"), validate=True) if len(value) <= 128 else b""
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return b""
