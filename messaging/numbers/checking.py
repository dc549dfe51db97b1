"""Asking a provider whether it takes an account's token, and sending a test message from a number."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from clinics.models import Sender, SenderHealth, SenderStatus, User
from clinics.queries import secrets_of
from clinics.tenancy import current_clinic
from messaging import live, outbox, providers, threads
from messaging.models import Message
from messaging.providers.base import ErrorKind, SendError
from scheduling.contacts import point_for_phone

logger = logging.getLogger(__name__)


def check(sender_id: UUID, *, now: datetime) -> None:
    """Ask the provider whether it takes the account's token, and note what it said.

    Outside of any transaction: it waits for the provider, at most as long as a send.
    """
    sender = Sender.objects.select_related("account").filter(pk=sender_id, clinic=current_clinic()).first()
    if sender is None or sender.status != SenderStatus.ACTIVE:
        return
    error = _asked(sender)
    SenderHealth.objects.update_or_create(
        sender=sender, defaults={"credentials_at": now, "credentials_error": error}
    )
    if not error:
        outbox.account_works(sender.account_id)
    live.publish("number", id=sender.pk)


def _asked(sender: Sender) -> str:
    try:
        providers.get(sender.account.provider).check(
            sender.account.external_id,
            next(iter(secrets_of(sender.account)), ""),
            channel=sender.channel,  # type: ignore[arg-type]
            number=sender.phone_number,
        )
    except providers.UnknownProvider:
        return "provider_off"
    except SendError as error:
        logger.info("token of sender %s checked: %s", sender.pk, error.code)
        # What the provider itself has wrong today says nothing about the token.
        return error.code if error.kind is ErrorKind.ACCOUNT else "unreachable"
    return ""


def send_test(sender: Sender, *, to: str, by: User, now: datetime) -> Message:
    """Send a test from this number to a phone (E.164), as a member's own message; its thread shows it.

    Raises outbox.GateRefused: WhatsApp wants the phone to have written first.
    """
    point = point_for_phone(to, now=now).contact_point
    thread = threads.thread_of(point.pk, now=now)
    with translation.override(by.language or None):
        body = _("This is a test from %(clinic)s. If you read it, the number works.") % {
            "clinic": current_clinic().name
        }
    return outbox.send_reply(thread, body=body, user=by, sender=sender, now=now)
