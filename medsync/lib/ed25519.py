"""Ed25519 as providers hand it out: keys and signatures as base64."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_KEY_BYTES, _SIGNATURE_BYTES, _LONGEST = 32, 64, 128


def is_public_key(value: str) -> bool:
    """Tell whether this is base64 of a key's 32 bytes."""
    return len(_decoded(value)) == _KEY_BYTES


def verify(key: str, signature: str, text: bytes) -> bool:
    """Tell whether the key's owner signed the text; never raises."""
    public, given = _decoded(key), _decoded(signature)
    if len(public) != _KEY_BYTES or len(given) != _SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(given, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(value: str) -> bytes:
    """Return what base64 says, b"" for what is none."""
    try:
        return base64.b64decode(value.encode("ascii"), validate=True) if len(value) <= _LONGEST else b""
    except (UnicodeEncodeError, binascii.Error):
        return b""
