"""Who may post to us: Ed25519 over the timestamp, a bar and the raw body, no older than five minutes."""

from collections.abc import Sequence
from datetime import datetime

from medsync.lib import ed25519

HEADER = "telnyx-signature-ed25519"
TIMESTAMP = "telnyx-timestamp"
TOLERANCE_SECONDS = 300


def verify(signature: str, timestamp: str, body: bytes, keys: Sequence[str], *, now: datetime) -> bool:
    """Tell whether one of the public keys (base64) signed this body at about this time."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    text = timestamp.encode() + b"|" + body
    return any(ed25519.verify(key, signature, text) for key in keys)
