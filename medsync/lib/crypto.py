"""Secrets at rest: Fernet with a list of keys, so that keys can be rotated."""

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class Undecryptable(Exception):
    """None of the configured keys opens this secret."""


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def encrypt(plain: str) -> str:
    """Return the text encrypted under the first key."""
    return _fernet().encrypt(plain.encode()).decode()


def decrypt(token: str) -> str:
    """Return the plain text. Raises Undecryptable."""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable from error


def rotate(token: str) -> str:
    """Return the same secret encrypted under the first key. Raises Undecryptable."""
    try:
        return _fernet().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable from error


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that is encrypted in the database and plain in Python; "" stays ""."""

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way in."""
        plain = super().get_prep_value(value)
        return encrypt(plain) if plain else plain

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Decrypt on the way out."""
        return decrypt(value) if value else value
