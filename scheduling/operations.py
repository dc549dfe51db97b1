"""The only writers of the calendar, by their public name.

Each works in a transaction of its own that joins an open one, and is repeated once by the outermost caller
after a deadlock. What each raises stands in :mod:`scheduling.errors`.
"""

from scheduling.booking import book, request
from scheduling.deciding import accept, cancel, expire_requests, reject
from scheduling.events import announce_again
from scheduling.holding import forget_expired_holds, hold_slots, release_holds
from scheduling.moving import move

__all__ = [
    "accept",
    "announce_again",
    "book",
    "cancel",
    "expire_requests",
    "forget_expired_holds",
    "hold_slots",
    "move",
    "reject",
    "release_holds",
    "request",
]
