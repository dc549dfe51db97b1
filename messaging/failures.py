"""Why a message did not arrive, and what helps: one plain sentence each, for every code that a member can meet.

A code is the provider's number, a word of the outbox ("absent", "gave_up") or one of the gate. What is not known
yet is shown with its number, so that it can be looked up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from messaging import gate, providers
from messaging.failure_words import BY_CAUSE, BY_WHAT, UNKNOWN, Sentences
from messaging.providers.causes import Cause, KnownError, Retry


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened and what helps, in the active language."""

    what: str
    helps: str
    again: bool  # the same message may arrive when it is sent once more


#: What a provider's answer says when it brings no number of its own.
_HTTP: Mapping[str, str] = {"401": "credentials", "403": "credentials", "429": "too_fast"}
#: What the gate refused may go later without other words; the gate is asked again then.
_GATE_MAY_OPEN = frozenset({gate.NO_SENDER, gate.NO_CONSENT, gate.NO_ADDRESS, gate.ACCOUNT_REFUSED})
#: Somebody puts it right elsewhere, and then the same message may go.
_SETTLED_ELSEWHERE = frozenset({Cause.ACCOUNT, Cause.CONFIG})


def explain(*, error_code: str, reason: str = "", channel: str = "") -> Failure:
    """Return what happened to a message that did not arrive, and what helps."""
    refused, remedy = gate.sentences(reason, channel)
    if refused:
        return Failure(refused, remedy, again=reason in _GATE_MAY_OPEN)
    known = providers.known_error(error_code)
    what, helps = _of(known) if known else _ours(error_code, reason)
    return Failure(str(what), str(helps), again=known is None or _may_go_again(known))


def _of(known: KnownError) -> Sentences:
    return BY_WHAT.get(known.what) or BY_CAUSE[known.cause]


def _ours(code: str, reason: str) -> Sentences:
    http = _HTTP.get(code) or ("provider_fault" if len(code) == 3 and code[0] == "5" else code)
    return BY_WHAT.get(http) or BY_WHAT.get(reason) or UNKNOWN


def _may_go_again(known: KnownError) -> bool:
    return known.cause in _SETTLED_ELSEWHERE or known.retry not in (Retry.NEVER, Retry.NO_OUTCOME)
