"""Who answers a patient's message, and what: opt-out words, the open question, keywords, courtesy, else staff.

`answer` runs inside the transaction that stored the message (lock order 2–5). It changes the conversation in
memory; `inbound.store` writes it. Every answer is one message, and goes out through the outbox, so that the
gate decides.
"""

from messaging.dialogue.front import answer, take

__all__ = ["answer", "take"]
