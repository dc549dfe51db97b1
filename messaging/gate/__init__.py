"""May this go out? One gate for every outbound message, whoever asks.

It looks at facts and says yes or no with every step it took; the verdict is stored with the message, so that
"why was this not sent" has an answer. It is asked when a message is queued and again when a worker takes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinics.models import Channel, ProviderAccount, Sender, SenderStatus
from messaging.models import ChannelConsent, Conversation, Message, Window

#: Free-form text may go to a WhatsApp user for this long after the user last wrote to that number.
WINDOW = timedelta(hours=24)
LONGEST_BODY = 1600

#: What a message is sent for (`Message.purpose`).
#: KNOCK is the approved text that goes before a held reply; REMINDER is what the clock begins.
ANSWER, STAFF, NOTICE, CONSENT = "answer", "staff", "notice", "consent"
KNOCK, REMINDER = "knock", "reminder"
#: Of two that are due at a sender, the smaller goes first.
PRIORITY: Mapping[str, int] = {CONSENT: 0, ANSWER: 0, STAFF: 0, KNOCK: 0, NOTICE: 1, REMINDER: 2}

NO_SENDER, NO_CONSENT, OPTED_OUT, WINDOW_CLOSED = "no_sender", "no_consent", "opted_out", "window_closed"
NO_ADDRESS, EMPTY, TOO_LONG, ACCOUNT_REFUSED = "no_address", "empty", "too_long", "account_refused"

#: What happened and what helps, for each code; `no_sender` and `no_consent` are for WhatsApp, see `_FOR_SMS`.
SENTENCES: Mapping[str, tuple[str | Promise, str | Promise]] = {
    NO_SENDER: (_("No active WhatsApp sender configured"), _("Connect a number in Settings.")),
    NO_CONSENT: (
        _("Patient has not consented to WhatsApp messages"),
        _("It comes by itself when the patient writes; staff record it on the patient page."),
    ),
    OPTED_OUT: (
        _("Patient has opted out of messages on this channel"),
        _("Only the patient can undo it, by sending START. Call instead."),
    ),
    WINDOW_CLOSED: (
        _("The 24-hour window is closed: WhatsApp takes no free text now"),
        _("Wait for the patient to write, call, or write by SMS."),
    ),
    NO_ADDRESS: (
        _("No address of this patient is known on this channel"),
        _("Add a number on the patient page."),
    ),
    EMPTY: (_("The message is empty"), _("Write something first.")),
    TOO_LONG: (_("The message is longer than 1,600 characters"), _("Shorten it, or send it in two parts.")),
    ACCOUNT_REFUSED: (
        _("The provider refuses this account, so the message waits"),
        _("Check the account's token and its balance; then it goes by itself."),
    ),
}
_FOR_SMS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    NO_SENDER: (_("No active SMS sender configured"), _("Connect a number in Settings.")),
    NO_CONSENT: (
        _("Patient does not want SMS messages"),
        _("Staff record it on the patient page when the patient agrees again."),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the gate looks at. `sender_active` is false without a sender; `last_inbound_at` is to that sender."""

    sender_id: UUID | None = None
    sender_active: bool = False
    has_address: bool = True
    account_id: UUID | None = None
    account_active: bool = True
    consent_id: UUID | None = None
    care: bool | None = None
    opted_out_at: datetime | None = None
    last_inbound_at: datetime | None = None
    approved: bool = False  # the words are those of a text that WhatsApp has approved: they need no window


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One look of the gate; `evidence` are ids and times, never a number or a text."""

    step: str
    ok: bool
    code: str = ""
    evidence: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer. `held` means: allowed, but the account is refused by the provider, so it waits."""

    allowed: bool
    held: bool
    code: str
    channel: str
    steps: tuple[Step, ...]
    last_inbound_at: datetime | None = None

    @property
    def detail(self) -> str:
        """Return what happened, in plain words of the active language; "" when it may go."""
        return sentences(self.code, self.channel)[0]

    @property
    def remedy(self) -> str:
        """Return what helps, "" when it may go."""
        return sentences(self.code, self.channel)[1]

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
            "steps": [
                {"step": s.step, "ok": s.ok, "code": s.code, "evidence": dict(s.evidence or {})}
                for s in self.steps
            ],
        }


def sentences(code: str, channel: str) -> tuple[str, str]:
    """Return what happened and what helps for a code of the gate, both "" for an unknown one."""
    table = _FOR_SMS if channel == Channel.SMS and code in _FOR_SMS else SENTENCES
    detail, remedy = table.get(code, ("", ""))
    return str(detail), str(remedy)


def judge(facts: Facts, *, channel: str, purpose: str, body: str, now: datetime) -> Verdict:
    """Return the verdict on facts that are known already. Pure.

    An answer to a STOP passes opt-out and consent (`purpose` CONSENT, WhatsApp only: by SMS the carrier answers).
    SMS about the patient's own visits needs only that the patient did not refuse.
    """
    steps = (
        _sender(facts),
        _account(facts),
        Step(step="address", ok=facts.has_address, code="" if facts.has_address else NO_ADDRESS),
        _opt_out(facts, channel, purpose),
        _consent(facts, channel, purpose),
        _window(facts, channel, now),
        _body(body),
    )
    refused = next((s for s in steps if not s.ok and s.step != "account"), None)
    held = refused is None and not facts.account_active
    return Verdict(
        allowed=refused is None,
        held=held,
        code=refused.code if refused else ACCOUNT_REFUSED if held else "",
        channel=channel,
        steps=steps,
        last_inbound_at=facts.last_inbound_at,
    )


def _sender(facts: Facts) -> Step:
    return Step(
        step="sender",
        ok=facts.sender_active,
        code="" if facts.sender_active else NO_SENDER,
        evidence=_evidence(sender=facts.sender_id),
    )


def _account(facts: Facts) -> Step:
    ok = facts.account_active or not facts.sender_active
    return Step(
        step="account",
        ok=ok,
        code="" if ok else ACCOUNT_REFUSED,
        evidence=_evidence(account=facts.account_id),
    )


def _opt_out(facts: Facts, channel: str, purpose: str) -> Step:
    says_so = purpose == CONSENT and channel == Channel.WHATSAPP
    ok = facts.opted_out_at is None or says_so
    return Step(
        step="opt_out",
        ok=ok,
        code="" if ok else OPTED_OUT,
        evidence=_evidence(consent=facts.consent_id, opted_out_at=facts.opted_out_at),
    )


def _consent(facts: Facts, channel: str, purpose: str) -> Step:
    agreed = facts.care is True or purpose == CONSENT
    ok = agreed if channel == Channel.WHATSAPP else facts.care is not False
    return Step(
        step="consent", ok=ok, code="" if ok else NO_CONSENT, evidence=_evidence(consent=facts.consent_id)
    )


def _window(facts: Facts, channel: str, now: datetime) -> Step:
    if channel != Channel.WHATSAPP:
        return Step(step="window", ok=True)
    last = facts.last_inbound_at
    ok = facts.approved or (last is not None and now - last < WINDOW)
    return Step(
        step="window", ok=ok, code="" if ok else WINDOW_CLOSED, evidence=_evidence(last_inbound_at=last)
    )


def _body(body: str) -> Step:
    code = EMPTY if not body.strip() else TOO_LONG if len(body) > LONGEST_BODY else ""
    return Step(step="body", ok=not code, code=code, evidence=_evidence(characters=len(body)))


def _evidence(**values: object) -> dict[str, str]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in values.items()
        if value is not None
    }


def decide(
    conversation: Conversation, *, channel: str, sender: Sender | None, purpose: str, body: str, now: datetime
) -> Verdict:
    """Return whether `body` may go to the conversation's contact from that sender now."""
    facts = facts_of(conversation, channel=channel, sender=sender)
    return judge(facts, channel=channel, purpose=purpose, body=body, now=now)


def facts_of(
    conversation: Conversation,
    *,
    channel: str,
    sender: Sender | None,
    has_address: bool = True,
    approved: bool = False,
) -> Facts:
    """Return what the gate looks at for one message; up to three statements."""
    consent = ChannelConsent.objects.filter(
        contact_point_id=conversation.contact_point_id, channel=channel
    ).first()
    window = None
    if sender is not None and channel == Channel.WHATSAPP:
        window = Window.objects.filter(conversation=conversation, sender_id=sender.pk).first()
    last_inbound_at = window.last_inbound_at if window else None
    return known_facts(
        sender=sender,
        consent=consent,
        last_inbound_at=last_inbound_at,
        has_address=has_address,
        approved=approved,
    )


def known_facts(
    *,
    sender: Sender | None,
    consent: ChannelConsent | None,
    last_inbound_at: datetime | None,
    has_address: bool = True,
    approved: bool = False,
) -> Facts:
    """Return the facts of rows that are at hand."""
    facts: dict[str, Any] = {}
    if sender is not None:
        facts |= {
            "sender_id": sender.pk,
            "sender_active": sender.status == SenderStatus.ACTIVE,
            "account_id": sender.account_id,
            "account_active": sender.account.state == ProviderAccount.State.ACTIVE,
        }
    if consent is not None:
        facts |= {"consent_id": consent.pk, "care": consent.care, "opted_out_at": consent.opted_out_at}
    return Facts(**facts, has_address=has_address, last_inbound_at=last_inbound_at, approved=approved)


def answering_facts(
    *, sender_id: UUID, account_id: UUID, consent: ChannelConsent, last_inbound_at: datetime | None
) -> Facts:
    """Return the facts for an answer to a message that came in just now, so by an active sender; no statement."""
    return Facts(
        sender_id=sender_id,
        sender_active=True,
        account_id=account_id,
        consent_id=consent.pk,
        care=consent.care,
        opted_out_at=consent.opted_out_at,
        last_inbound_at=last_inbound_at,
    )


def facts_for(messages: Iterable[Message]) -> dict[UUID, Facts]:
    """Return the facts of many outbound messages by id, in two statements.

    Each message comes with `sender__account` and `conversation` selected.
    """
    rows = list(messages)
    points = {m.conversation.contact_point_id for m in rows}
    consents = {
        (c.contact_point_id, c.channel): c for c in ChannelConsent.objects.filter(contact_point__in=points)
    }
    windows = {
        (w.conversation_id, w.sender_id): w.last_inbound_at
        for w in Window.objects.filter(conversation__in={m.conversation_id for m in rows})
    }
    return {
        m.pk: known_facts(
            sender=m.sender,
            consent=consents.get((m.conversation.contact_point_id, m.channel)),
            last_inbound_at=windows.get((m.conversation_id, m.sender_id)) if m.sender_id else None,
            approved=m.template_id is not None,
        )
        for m in rows
    }
