"""Confirmations: what a patient is told of a booked, moved or cancelled visit by SMS, and what came of each.

`messaging.notifications` decides whether a change is told and where; this module guards what goes by SMS without
having been asked for there, words it, and keeps one row an event: that it was queued, why it was not, or the
provider's error. The visit stands whatever becomes of the text.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinics.models import Channel, ProviderAccount, Sender, SenderStatus
from clinics.queries import secrets_of
from clinics.tenancy import current_clinic
from medsync.lib import phone
from messaging import catalog
from messaging.consent import state_of
from messaging.facts import facts
from messaging.models import Confirmation, ConfirmationAction, Message, MessageStatus
from scheduling.models import Appointment, AppointmentEvent, ContactPoint, Task, TaskKind

logger = logging.getLogger(__name__)

QUEUED = "queued"
NO_API_KEY, CONSENT_DECLINED, NO_PHONE = "no_api_key", "consent_declined", "no_phone"
SMS_DISABLED, NO_SENDER_NUMBER, NETWORK_ERROR = "sms_disabled", "no_sender_number", "network_error"

#: Which notice tells of what; the others are none of a visit that stands, moves or goes.
ACTIONS: Mapping[str, ConfirmationAction] = {
    "accepted": ConfirmationAction.BOOK,
    "moved": ConfirmationAction.RESCHEDULE,
    "moved_pending": ConfirmationAction.RESCHEDULE,
    "cancelled": ConfirmationAction.CANCEL,
    "cancelled_by_patient": ConfirmationAction.CANCEL,
}
#: The catalogue's text of each action; a request that only moved is not confirmed yet.
TEXTS: Mapping[str, str] = {
    "accepted": "confirm_book",
    "moved": "confirm_reschedule",
    "cancelled": "confirm_cancel",
    "cancelled_by_patient": "confirm_cancel",
}
TOO_MANY = 429
# The outbox's words for an answer that never came.
_NO_ANSWER = frozenset({"timeout", "no_answer", "unreachable", "lost", "absent", "crash", "garbage", "late"})
# What providers call "too many requests", and Telnyx's other codes by the HTTP status they come with.
_TOO_MANY = {("telnyx", "10011"), ("twilio", "20429")}
_TELNYX_STATUS = {
    "10009": "401",
    "10010": "403",
    "10002": "422",
    "10016": "422",
    "10007": "500",
    "10008": "504",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What must be so before an SMS confirmation goes."""

    has_key: bool
    declined: bool
    has_phone: bool
    enabled: bool
    has_sender: bool

    @property
    def skip(self) -> str:
        """Return the first reason why it does not go, "" when it does. The order is the contract."""
        chain = (
            (self.has_key, NO_API_KEY),
            (not self.declined, CONSENT_DECLINED),
            (self.has_phone, NO_PHONE),
            (self.enabled, SMS_DISABLED),
            (self.has_sender, NO_SENDER_NUMBER),
        )
        return next((reason for ok, reason in chain if not ok), "")


_SENTENCES: Mapping[str, str | Promise] = {
    NO_API_KEY: _("No provider account is set up for SMS. Connect a number in Settings."),
    CONSENT_DECLINED: _("Patient does not want SMS messages. Staff record it when the patient agrees again."),
    NO_PHONE: _("No phone number is known. Add a number on the patient page."),
    SMS_DISABLED: _("Confirmations by SMS are switched off. Switch them on in Settings, or call."),
    NO_SENDER_NUMBER: _("No active SMS number is configured. Connect one in Settings."),
}


def sentence(skip: str) -> str:
    """Return in plain words why a confirmation does not go by SMS, and what helps."""
    return str(_SENTENCES.get(skip, ""))


def guards_for(point: ContactPoint | None) -> Guards:
    """Return the guards of an SMS confirmation to a contact point; up to three statements."""
    sender = sender_for_sms()
    state = state_of(point, Channel.SMS) if point is not None else None
    return Guards(
        has_key=_has_key(sender),
        # Nobody asked, and yes, both pass: only a no that was said counts.
        declined=state is not None and (state.care is False or state.opted_out_at is not None),
        has_phone=point is not None and bool(point.phone),
        enabled=facts().settings.sms_enabled,
        has_sender=sender is not None,
    )


def sender_for_sms() -> Sender | None:
    """Return the number that SMS confirmations leave from: the one that was chosen, else the primary one."""
    active = Sender.objects.select_related("account").filter(
        clinic=current_clinic(), channel=Channel.SMS, status=SenderStatus.ACTIVE
    )
    chosen = facts().settings.sms_sender_number
    if chosen:
        active = active.filter(phone_number=chosen)
    return active.order_by("rank", "id").first()


def _has_key(sender: Sender | None) -> bool:
    if sender is not None:
        return _usable(sender.account)
    accounts = ProviderAccount.objects.exclude(state=ProviderAccount.State.RETIRED)
    numbers = Sender.objects.filter(clinic=current_clinic(), channel=Channel.SMS, status=SenderStatus.ACTIVE)
    used = list(accounts.filter(pk__in=numbers.values("account")))
    ours = Q(clinic=current_clinic()) | Q(is_master=True)
    return any(_usable(account) for account in used or accounts.filter(ours))


def _usable(account: ProviderAccount) -> bool:
    return account.provider == "local" or bool(secrets_of(account))


def words(
    key: str, visit: Appointment, *, values: Mapping[str, str], language: str, reason: str = ""
) -> tuple[str, catalog.Said]:
    """Return the SMS text of a notice, and what it was made from; `values` are those of the notice."""
    clinic = facts().clinic
    number = visit.location.phone or clinic.phone
    known = {
        **values,
        "clinic_phone": phone.international(number) if phone.is_e164(number) else number,
        "address": visit.location.address,
        "map_url": visit.location.map_url,
        "instructions": str(visit.type.instructions.get(language, "")),
        "reason": reason,
    }
    said = catalog.said(TEXTS[key], language, known)
    body = catalog.text(TEXTS[key], language, channel=Channel.SMS, **known)
    return "\n".join(line for line in body.splitlines() if line.strip()), said


def queued(event: AppointmentEvent, key: str, message: Message, *, language: str, now: datetime) -> None:
    """Keep that a change was told; a text that the gate refused says why."""
    blocked = message.status == MessageStatus.BLOCKED
    _keep(
        event,
        key,
        outcome=message.reason if blocked else QUEUED,
        channel=message.channel,
        language=language,
        message=message,
        now=now,
    )


def skipped(
    event: AppointmentEvent, key: str, *, reason: str, channel: str, language: str, now: datetime
) -> None:
    """Keep why a change was not told; where the patient would come in vain a member is asked to tell."""
    _keep(event, key, outcome=reason, channel=channel, language=language, message=None, now=now)
    if ACTIONS.get(key) in (ConfirmationAction.RESCHEDULE, ConfirmationAction.CANCEL):
        visit = event.appointment
        Task.objects.bulk_create(
            [
                Task(
                    kind=TaskKind.TELL_PATIENT,
                    patient_id=visit.patient_id,
                    contact_point_id=visit.contact_point_id,
                    appointment=visit,
                    dedupe_key=f"untold:{event.pk}",
                    due_at=now,
                    created_at=now,
                )
            ],
            ignore_conflicts=True,
        )


def blocked(message_id: UUID, *, reason: str) -> None:
    """Keep with its confirmation why a text that had waited was not sent; nothing for other messages."""
    Confirmation.objects.filter(message=message_id).update(outcome=reason[:40])


def ended(message_id: UUID, *, http_status: int = 0) -> None:
    """Keep a provider's error with the confirmation that it ended; nothing for other messages. One statement or two."""
    row = Confirmation.objects.filter(message=message_id).select_related("message__account", "event").first()
    if row is None or row.message is None or row.message.status not in ("failed", "undelivered"):
        return
    provider = row.message.account.provider if row.message.account else ""
    row.outcome = error_of(provider, row.message.error_code, http_status)
    Confirmation.objects.filter(pk=row.pk).update(outcome=row.outcome)
    _log(row, logging.WARNING if row.outcome.endswith("_429") else logging.ERROR)


def error_of(provider: str, code: str, http_status: int = 0) -> str:
    """Return the word for a provider's error: telnyx_429, telnyx_<status>, twilio_<code>, network_error."""
    if not code or code in _NO_ANSWER:
        return NETWORK_ERROR
    if http_status == TOO_MANY or (provider, code) in _TOO_MANY:
        return f"{provider}_{TOO_MANY}"
    if provider == "telnyx":  # a callback has no status of its own: then its number says it
        return f"{provider}_{http_status or _TELNYX_STATUS.get(code, code)}"
    return f"{provider}_{code}"


def _keep(
    event: AppointmentEvent,
    key: str,
    *,
    outcome: str,
    channel: str,
    language: str,
    message: Message | None,
    now: datetime,
) -> None:
    action = ACTIONS.get(key)
    if action is None:
        return
    row = Confirmation(
        event=event,
        action=action,
        channel=channel,
        language=language,
        outcome=outcome[:40],
        message=message,
        at=now,
    )
    Confirmation.objects.bulk_create([row], ignore_conflicts=True)  # the event may be announced once more
    _log(row, logging.INFO)


def _log(row: Confirmation, level: int) -> None:
    logger.log(
        level,
        "confirmation of clinic %s: %s in %s, message %s: %s",
        current_clinic().pk,
        row.action,
        row.language,
        row.message_id,
        row.outcome,
    )
