"""The only writers of the calendar, by their public name.

Each works in a transaction of its own that joins an open one, and is repeated once by the outermost caller
after a deadlock. What each raises stands in :mod:`scheduling.errors`.
"""

from scheduling.attendance import attend, cancel_declined, decline, mark_asked, says_here, says_late
from scheduling.attending import arrive, close_day, complete, mark_no_show, take_back
from scheduling.booking import book, request
from scheduling.countering import counter_offer, end_counter, expire_counters, take_counter
from scheduling.deciding import accept, cancel, expire_requests, nudge_requests, reject
from scheduling.events import announce_again
from scheduling.holding import forget_expired_holds, hold_slots, release_holds
from scheduling.moving import move
from scheduling.todo import add_task, finish_task, put_away_first_day, reopen_task

__all__ = [
    "accept",
    "add_task",
    "announce_again",
    "arrive",
    "attend",
    "book",
    "cancel",
    "cancel_declined",
    "close_day",
    "complete",
    "counter_offer",
    "decline",
    "end_counter",
    "expire_counters",
    "expire_requests",
    "finish_task",
    "forget_expired_holds",
    "hold_slots",
    "mark_asked",
    "mark_no_show",
    "move",
    "nudge_requests",
    "put_away_first_day",
    "reject",
    "release_holds",
    "reopen_task",
    "request",
    "says_here",
    "says_late",
    "take_back",
    "take_counter",
]
