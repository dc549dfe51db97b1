"""The outbox: every word that leaves. A message's row is the record of what is owed; the broker only rings.

`queue` and `queue_inline` store in the caller's transaction, `send_reply` and `add_note` are a member's.
`work` delivers what is due, `sweep` finds what got lost on the way. The module names follow a message's life:
numbers, routes, queueing, replying, later, pacing, claiming, calls, sending, settling, breaker, resolving,
reconciling, sweeping.
"""

from messaging.outbox.breaker import works as account_works
from messaging.outbox.later import FULL, PAST, TOO_FAR, Gone, TimeRefused, send_later, take_back, waiting_in
from messaging.outbox.queueing import KeyReused, answers_inline, queue, queue_inline
from messaging.outbox.replying import AnsweredMeanwhile, BodyRefused, GateRefused, add_note, send_reply
from messaging.outbox.resolving import (
    NothingToSolve,
    can_send_sms,
    send_again,
    send_by_sms,
    settle_otherwise,
)
from messaging.outbox.sending import work
from messaging.outbox.stopping import wait_for_sends
from messaging.outbox.sweeping import is_due, sweep

__all__ = [
    "FULL",
    "PAST",
    "TOO_FAR",
    "AnsweredMeanwhile",
    "BodyRefused",
    "GateRefused",
    "Gone",
    "KeyReused",
    "NothingToSolve",
    "TimeRefused",
    "account_works",
    "add_note",
    "answers_inline",
    "can_send_sms",
    "is_due",
    "queue",
    "queue_inline",
    "send_again",
    "send_by_sms",
    "send_later",
    "send_reply",
    "settle_otherwise",
    "sweep",
    "take_back",
    "wait_for_sends",
    "waiting_in",
    "work",
]
