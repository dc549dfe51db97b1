"""How each played phone of the entered clinic behaves, and all of them at once; kept for a week at most."""

import hashlib
from dataclasses import asdict, replace

from django.core.cache import cache

from messaging.providers.local.script import Behaviour

_KEPT_FOR = 7 * 24 * 3600
_ALL = "local-phones"


def behaviour_of(channel: str, address: str) -> Behaviour:
    """Return how a phone behaves: as it was set, unless all phones of the clinic were set otherwise."""
    own, everybody = own_behaviour(channel, address), common_behaviour()
    return own if everybody is None else replace(everybody, reads=own.reads)


def own_behaviour(channel: str, address: str) -> Behaviour:
    """Return how a phone was set."""
    kept = cache.get(_key(channel, address))
    return Behaviour(**kept) if kept else Behaviour()


def set_behaviour(channel: str, address: str, behaviour: Behaviour) -> None:
    """Make a phone slow, broken or well again."""
    cache.set(_key(channel, address), asdict(behaviour), _KEPT_FOR)


def common_behaviour() -> Behaviour | None:
    """Return how all phones behave together, None when each has its own way."""
    kept = cache.get(_ALL)
    return Behaviour(**kept) if kept else None


def set_common_behaviour(behaviour: Behaviour | None) -> None:
    """Make all phones behave alike; None gives each its own way back."""
    if behaviour is None:
        cache.delete(_ALL)
    else:
        cache.set(_ALL, asdict(behaviour), _KEPT_FOR)


def _key(channel: str, address: str) -> str:
    # The cache's keys carry the clinic already, and must not carry a phone number.
    return f"local-phone:{hashlib.sha256(f'{channel}:{address}'.encode()).hexdigest()[:32]}"
