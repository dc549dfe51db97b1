"""Sessions in the database, found by keys that we may have made. Named by SESSION_ENGINE; pages and sockets use it."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Django's own, without asking the database for what is no key."""

    def _validate_session_key(self, key: str | None) -> bool:
        # A cookie in quotes can spell any byte ("\\000"), and the database refuses NUL with an error.
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()
