"""The gate asked again, by the worker that has messages in hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from clinics.models import Channel, ProviderAccount
from messaging.gate import capacity, codes
from messaging.gate.judging import LAST_CALL, Facts, Step, Verdict, judge, window_open
from messaging.gate.reading import facts_for
from messaging.models import Message


def judge_again(messages: Sequence[Message], *, now: datetime) -> dict[UUID, Verdict]:
    """Return what the gate says of messages that are about to go; notes whom their accounts reach by it.

    One whose verdict has a `not_before` waits until then, though it is allowed. In the transaction that takes the
    messages; each comes with `sender__account` and `conversation` selected.
    """
    facts = facts_for(messages)
    verdicts = {
        m.pk: judge(
            facts[m.pk], channel=m.channel, purpose=m.purpose, body=m.words, now=now, margin=LAST_CALL
        )
        for m in messages
    }
    going = [m for m in messages if verdicts[m.pk].allowed and verdicts[m.pk].not_before is None]
    for account, reaching in _reaching(going, facts, now):
        wanted = [capacity.Wanted(m.pk, m.address, m.purpose) for m in reaching]
        for message_id, at in capacity.take(account, wanted, now=now).items():
            verdicts[message_id] = _postponed(verdicts[message_id], facts[message_id], account, at)
    return verdicts


def _reaching(
    messages: Sequence[Message], facts: dict[UUID, Facts], now: datetime
) -> list[tuple[ProviderAccount, list[Message]]]:
    """Return those that go out outside of a window by account: always in the same order, for each is locked."""
    by_account: dict[UUID, tuple[ProviderAccount, list[Message]]] = {}
    for message in messages:
        if message.channel != Channel.WHATSAPP or message.template_id is None or message.sender is None:
            continue
        if not window_open(facts[message.pk], now):
            account = message.sender.account
            by_account.setdefault(account.pk, (account, []))[1].append(message)
    return [by_account[pk] for pk in sorted(by_account)]


def _postponed(verdict: Verdict, facts: Facts, account: ProviderAccount, at: datetime) -> Verdict:
    """Return the verdict of one for whom there was no place, too late where its time is over by then."""
    late = facts.expires_at is not None and at >= facts.expires_at
    step = Step(
        step="capacity",
        ok=False,
        code=codes.CAPACITY,
        evidence={"until": at.isoformat(), "limit": str(account.people_a_day), "account": str(account.pk)},
    )
    steps = (*(s for s in verdict.steps if s.step != "time"), step)
    if late:
        assert facts.expires_at is not None
        over = Step(
            step="time", ok=False, code=codes.TOO_LATE, evidence={"expires_at": facts.expires_at.isoformat()}
        )
        return replace(verdict, allowed=False, code=codes.TOO_LATE, steps=(*steps, over))
    return replace(verdict, code=codes.CAPACITY, steps=steps, not_before=at)
