"""`Idempotency-Key`: a creating request that is sent again has its effect once.

The key's row is inserted in the effect's own transaction: both stay or neither. The unique constraint lets the
second of two at once wait for the first. Only the id of what was made is kept; the answer is read again from it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from clinics.models import Clinic, IdempotencyKey, User

KEPT_FOR = timedelta(hours=48)
MAX_LENGTH = 255


class BadKey(ValueError):
    """The key is empty, too long, or has control characters."""


class KeyReused(Exception):
    """The key came before with another request."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a request made: the row to answer with, and whether this call made it."""

    object_id: UUID
    repeated: bool = False


def checked(key: str) -> str:
    """Return the key. Raises BadKey."""
    if not 1 <= len(key) <= MAX_LENGTH or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in key):
        raise BadKey
    return key


def fingerprint(method: str, path: str, document: Any) -> str:
    """Return what tells two requests apart; the order of names does not matter, nor a closing slash."""
    text = json.dumps([method, path.rstrip("/"), document], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def once(
    *,
    clinic: Clinic,
    user: User,
    key: str,
    request_hash: str,
    status: int,
    effect: Callable[[], UUID],
    now: datetime,
) -> Effect:
    """Run the effect unless the key has had it; an effect that raises leaves no key behind.

    `effect` returns the id of what it made; `status` is kept beside it. Raises KeyReused.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                row = IdempotencyKey.objects.create(
                    clinic=clinic,
                    user=user,
                    key=key,
                    request_hash=request_hash,
                    status=status,
                    created_at=now,
                )
        except IntegrityError:
            row = IdempotencyKey.objects.get(clinic=clinic, user=user, key=key)
            if row.request_hash != request_hash or row.object_id is None:
                raise KeyReused from None
            return Effect(row.object_id, repeated=True)
        made = effect()
        IdempotencyKey.objects.filter(pk=row.pk).update(object_id=made)
        return Effect(made)


def forget_old(*, now: datetime) -> int:
    """Delete the keys that are older than KEPT_FOR; return how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]
