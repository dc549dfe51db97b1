"""The verdict on facts that are known already. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from clinics.models import Channel
from messaging.gate import codes
from messaging.gate.capacity import Use
from messaging.gate.quiet import Quiet, over_at

#: Free-form text may go to a WhatsApp user for this long after the user last wrote to that number.
WINDOW = timedelta(hours=24)
#: What is decided in the window's last minute might arrive after it.
MARGIN = timedelta(seconds=60)
#: What was decided in time may be handed over until here: the provider is given 15 s to answer.
LAST_CALL = timedelta(seconds=15)
LONGEST_BODY = 1600

#: These say when, not whether.
_HOLDS = frozenset({"account", "quiet", "capacity"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Why it goes on this channel: `how` is a word of `routes`; `because` is why not on `instead_of`."""

    how: str
    at: datetime | None = None
    instead_of: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the gate looks at. `sender_active` is false without a sender; `last_inbound_at` is to that sender.

    `is_theirs` is false for news of a visit whose patient is not reached there any more.
    `approved`: the words are those of a text that WhatsApp has approved (`template_id`), which needs no window; `use`
    counts where it goes outside of one.
    """

    sender_id: UUID | None = None
    sender_active: bool = False
    has_address: bool = True
    unusable: str = ""
    wrong_at: datetime | None = None
    blocked_at: datetime | None = None
    is_theirs: bool = True
    account_id: UUID | None = None
    account_active: bool = True
    consent_id: UUID | None = None
    care: bool | None = None
    opted_out_at: datetime | None = None
    last_inbound_at: datetime | None = None
    closed_at: datetime | None = None
    choice: Choice | None = None
    approved: bool = False
    template_id: UUID | None = None
    template_name: str = ""
    expires_at: datetime | None = None
    duplicate_of: UUID | None = None
    duplicate_at: datetime | None = None
    quiet: Quiet | None = None
    use: Use | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One look of the gate; `evidence` are ids, times, counts and names of texts, never a number or words."""

    step: str
    ok: bool
    code: str = ""
    evidence: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer. `held` means: allowed, but the account is refused by the provider, so it waits.

    `not_before` means: allowed, but only then.
    """

    allowed: bool
    held: bool
    code: str
    channel: str
    steps: tuple[Step, ...]
    last_inbound_at: datetime | None = None
    not_before: datetime | None = None

    @property
    def detail(self) -> str:
        """Return what happened, in plain words of the active language; "" when it may go."""
        return codes.sentences(self.code, self.channel)[0]

    @property
    def remedy(self) -> str:
        """Return what helps, "" when it may go."""
        return codes.sentences(self.code, self.channel)[1]

    @property
    def window_closes_at(self) -> datetime | None:
        """Return until when free text may go to this sender's thread; None where there is no window."""
        if self.channel != Channel.WHATSAPP or self.last_inbound_at is None:
            return None
        return self.last_inbound_at + WINDOW

    def as_json(self, now: datetime) -> dict[str, Any]:
        """Return what is stored with the message."""
        return {
            "allowed": self.allowed,
            "code": self.code,
            "at": now.isoformat(),
            **({"not_before": self.not_before.isoformat()} if self.not_before else {}),
            "steps": [
                {"step": s.step, "ok": s.ok, "code": s.code, "evidence": dict(s.evidence or {})}
                for s in self.steps
            ],
        }


def judge(
    facts: Facts, *, channel: str, purpose: str, body: str, now: datetime, margin: timedelta = MARGIN
) -> Verdict:
    """Return the verdict on facts that are known already. Pure.

    An answer to a STOP passes opt-out and consent (`purpose` CONSENT, WhatsApp only: by SMS the carrier answers).
    SMS about the patient's own visits needs only that the patient did not refuse. What waits for the morning is
    judged for the morning: by then the window may be closed.
    """
    morning = over_at(facts.quiet, now) if facts.quiet and purpose in codes.WAITS_FOR_MORNING else None
    goes_at = morning or now
    steps = [
        *_choice(facts),
        _sender(facts),
        _account(facts),
        _address(facts, purpose),
        _opt_out(facts, channel, purpose),
        _consent(facts, channel, purpose),
        _window(facts, channel, goes_at, margin),
        _body(body),
        *_duplicate(facts, purpose),
        *_quiet(facts, purpose, morning),
    ]
    room_at = None
    if facts.use is not None and channel == Channel.WHATSAPP and not window_open(facts, goes_at, margin):
        room_at = facts.use.room_at(purpose, goes_at)
        steps.append(_capacity(facts.use, purpose, room_at))
    not_before = max(filter(None, (morning, room_at)), default=None)
    if facts.expires_at is not None:
        in_time = (not_before or now) < facts.expires_at
        code = "" if in_time else codes.TOO_LATE
        steps.append(
            Step(step="time", ok=in_time, code=code, evidence=_evidence(expires_at=facts.expires_at))
        )
    refused = next((s for s in steps if not s.ok and s.step not in _HOLDS), None)
    held = refused is None and not facts.account_active
    waits = next((s.code for s in steps if not s.ok), "")
    return Verdict(
        allowed=refused is None,
        held=held,
        code=refused.code if refused else waits,
        channel=channel,
        steps=tuple(steps),
        last_inbound_at=facts.last_inbound_at,
        not_before=not_before if refused is None else None,
    )


def window_open(facts: Facts, at: datetime, margin: timedelta = MARGIN) -> bool:
    """Tell whether free text may still go at that time, with so much left of the window."""
    last = facts.last_inbound_at
    closed = facts.closed_at is not None and last is not None and facts.closed_at >= last
    return last is not None and not closed and at - last < WINDOW - margin


def _choice(facts: Facts) -> tuple[Step, ...]:
    choice = facts.choice
    if choice is None:
        return ()
    evidence = _evidence(
        how=choice.how,
        at=choice.at,
        instead_of=choice.instead_of or None,
        because=choice.because or None,
    )
    return (Step(step="channel", ok=True, evidence=evidence),)


def _sender(facts: Facts) -> Step:
    return Step(
        step="sender",
        ok=facts.sender_active,
        code="" if facts.sender_active else codes.NO_SENDER,
        evidence=_evidence(sender=facts.sender_id),
    )


def _account(facts: Facts) -> Step:
    ok = facts.account_active or not facts.sender_active
    return Step(
        step="account",
        ok=ok,
        code="" if ok else codes.ACCOUNT_REFUSED,
        evidence=_evidence(account=facts.account_id),
    )


def _address(facts: Facts, purpose: str) -> Step:
    if not facts.has_address:
        return Step(step="address", ok=False, code=codes.NO_ADDRESS)
    if facts.wrong_at is not None and purpose in codes.BEGUN | {codes.KNOCK}:
        return Step(step="address", ok=False, code=codes.WRONG_NUMBER, evidence=_evidence(at=facts.wrong_at))
    if not facts.is_theirs:
        return Step(step="address", ok=False, code=codes.NOT_THEIRS)
    if facts.blocked_at is not None and purpose in codes.BEGUN:
        return Step(
            step="address", ok=False, code=codes.BLOCKED_ADDRESS, evidence=_evidence(at=facts.blocked_at)
        )
    if facts.unusable and purpose in codes.BEGUN | {codes.KNOCK}:
        return Step(step="address", ok=False, code=codes.UNUSABLE, evidence=_evidence(why=facts.unusable))
    return Step(step="address", ok=True)


def _opt_out(facts: Facts, channel: str, purpose: str) -> Step:
    says_so = purpose == codes.CONSENT and channel == Channel.WHATSAPP
    ok = facts.opted_out_at is None or says_so
    return Step(
        step="opt_out",
        ok=ok,
        code="" if ok else codes.OPTED_OUT,
        evidence=_evidence(consent=facts.consent_id, opted_out_at=facts.opted_out_at),
    )


def _consent(facts: Facts, channel: str, purpose: str) -> Step:
    agreed = facts.care is True or purpose == codes.CONSENT
    ok = agreed if channel == Channel.WHATSAPP else facts.care is not False
    return Step(
        step="consent",
        ok=ok,
        code="" if ok else codes.NO_CONSENT,
        evidence=_evidence(consent=facts.consent_id),
    )


def _window(facts: Facts, channel: str, at: datetime, margin: timedelta) -> Step:
    if channel != Channel.WHATSAPP:
        return Step(step="window", ok=True)
    evidence = _evidence(
        last_inbound_at=facts.last_inbound_at,
        closed_at=facts.closed_at,
        template=facts.template_id,
        template_name=facts.template_name or None,
    )
    ok = facts.approved or window_open(facts, at, margin)
    return Step(step="window", ok=ok, code="" if ok else codes.WINDOW_CLOSED, evidence=evidence)


def _body(body: str) -> Step:
    code = codes.EMPTY if not body.strip() else codes.TOO_LONG if len(body) > LONGEST_BODY else ""
    return Step(step="body", ok=not code, code=code, evidence=_evidence(characters=len(body)))


def _duplicate(facts: Facts, purpose: str) -> tuple[Step, ...]:
    if purpose not in codes.BEGUN:
        return ()
    ok = facts.duplicate_of is None
    evidence = _evidence(duplicate_of=facts.duplicate_of, at=facts.duplicate_at)
    return (Step(step="duplicate", ok=ok, code="" if ok else codes.DUPLICATE, evidence=evidence),)


def _quiet(facts: Facts, purpose: str, morning: datetime | None) -> tuple[Step, ...]:
    if facts.quiet is None or purpose not in codes.WAITS_FOR_MORNING:
        return ()
    evidence = _evidence(until=morning, zone=facts.quiet.zone)
    return (Step(step="quiet", ok=morning is None, code=codes.QUIET if morning else "", evidence=evidence),)


def _capacity(use: Use, purpose: str, room_at: datetime | None) -> Step:
    evidence = _evidence(
        used=use.used(purpose), limit=use.limit(purpose), until=room_at, account=use.account_id
    )
    return Step(
        step="capacity", ok=room_at is None, code=codes.CAPACITY if room_at else "", evidence=evidence
    )


def _evidence(**values: object) -> dict[str, str]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in values.items()
        if value is not None
    }
