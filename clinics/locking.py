"""The lock of a screen that nobody uses: kept in the session, so that the server refuses what the page hides."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.contrib.auth import logout
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from clinics.models import User

LOCKED, ACTIVE, MINUTES, WRONG = "locked_at", "active_at", "idle_minutes", "unlock_failures"
MAX_WRONG = 5
NOTE_EVERY = timedelta(minutes=1)


class Unlocked(Enum):
    """How an attempt to open a locked screen ended."""

    OPEN = auto()
    WRONG = auto()
    LOGGED_OUT = auto()  # too many wrong words: only a log-in helps now


def lock(session: Any, *, now: datetime) -> None:
    """Lock this browser's session until it is opened again."""
    session.setdefault(LOCKED, now.timestamp())


def is_locked(session: Any, *, now: datetime) -> bool:
    """Tell whether the session is locked; one that was left alone too long locks now."""
    if LOCKED in session:
        return True
    minutes, active = session.get(MINUTES), session.get(ACTIVE)
    if minutes is None or active is None or now.timestamp() - active < minutes * 60:
        return False
    lock(session, now=now)
    return True


def note_activity(session: Any, *, minutes: int, now: datetime) -> None:
    """Remember that a person is there, at most once a minute; `minutes` is the clinic's limit."""
    active = session.get(ACTIVE)
    if active is None or now.timestamp() - active >= NOTE_EVERY.total_seconds():
        session[ACTIVE] = now.timestamp()
    if session.get(MINUTES) != minutes:
        session[MINUTES] = minutes


def unlock(request: HttpRequest, secret: str, *, now: datetime) -> Unlocked:
    """Open the screen with the password or the PIN; after MAX_WRONG wrong ones the session ends."""
    user = request.user
    assert isinstance(user, User)
    if (user.lock_pin and check_password(secret, user.lock_pin)) or user.check_password(secret):
        _open(request.session, now)
        return Unlocked.OPEN
    wrong = request.session.get(WRONG, 0) + 1
    if wrong >= MAX_WRONG:
        logout(request)
        return Unlocked.LOGGED_OUT
    request.session[WRONG] = wrong
    return Unlocked.WRONG


def unlock_by_passkey(request: HttpRequest, *, now: datetime) -> bool:
    """Open the screen if a passkey was shown since it was locked."""
    locked_at = request.session.get(LOCKED)
    if locked_at is None:
        return True
    shown: bool = any(
        record.get("type") == Authenticator.Type.WEBAUTHN and record.get("at", 0) >= locked_at
        for record in get_authentication_records(request, request.user)
    )
    if shown:
        _open(request.session, now)
    return shown


def has_passkey(user: User) -> bool:
    """Tell whether the user can open the screen with a passkey."""
    known: bool = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists()
    return known


def set_pin(user: User, pin: str) -> None:
    """Keep the hash of a PIN that opens the locked screen; "" takes it away."""
    user.lock_pin = make_password(pin) if pin else ""
    user.save(update_fields=["lock_pin"])


def _open(session: Any, now: datetime) -> None:
    session.pop(LOCKED, None)
    session.pop(WRONG, None)
    session[ACTIVE] = now.timestamp()
