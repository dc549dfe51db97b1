"""Who has a thread open, and who writes in it: ids in the cache, gone by themselves, never in Postgres."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache

#: Seconds; pages say again every 15 that they are there.
HERE_FOR = 30
_OPEN, _TYPING = "open", "typing"


@dataclass(frozen=True, slots=True)
class Present:
    """The users who are at a thread; who writes has it open too."""

    open: tuple[str, ...]
    typing: tuple[str, ...]


def note(conversation_id: UUID, user_id: UUID, *, typing: bool) -> bool:
    """Keep that a user is at a thread of the entered clinic; return whether that is news for the others."""
    key, state = _key(conversation_id, user_id), _TYPING if typing else _OPEN
    known = cache.get(key)
    cache.set(key, state, HERE_FOR)
    return bool(known != state)


def forget(conversation_id: UUID, user_id: UUID) -> bool:
    """Drop a user who left a thread; return whether anybody may have seen them there."""
    return cache.delete(_key(conversation_id, user_id))


def at(conversation_id: UUID, user_ids: Iterable[UUID]) -> Present:
    """Return which of these users are at a thread of the entered clinic; one look into the cache."""
    keys = {_key(conversation_id, user_id): str(user_id) for user_id in user_ids}
    found = cache.get_many(keys)
    return Present(
        open=tuple(sorted(keys[key] for key in found)),
        typing=tuple(sorted(keys[key] for key, state in found.items() if state == _TYPING)),
    )


def _key(conversation_id: UUID, user_id: UUID) -> str:
    return (
        f"here:{conversation_id}:{user_id}"  # the cache's own key function puts the clinic's schema before it
    )
