"""Messages that have been handed to a provider, as the outbox leaves them."""

from typing import Any

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import callbacks
from messaging.models import Attempt, AttemptKind, Conversation, Direction, Message
from scheduling import contacts
from tests.messaging.hooks import BASE, PATIENT, number_of, post, token_of
from tests.world import account_of


def sent_message(
    clinic: Clinic, *, state: str = "sending", provider_id: str | None = None, **fields: Any
) -> Attempt:
    """Return the attempt of an outbound message of the clinic, without an answer of the provider yet."""
    now = clock.now()
    with in_clinic(clinic):
        point = contacts.resolve("whatsapp", PATIENT, phone=PATIENT, now=now).contact_point
        thread, _ = Conversation.objects.get_or_create(contact_point=point)
        message = Message.objects.create(
            conversation=thread,
            direction=Direction.OUTBOUND,
            channel="whatsapp",
            author="bot",
            sender=clinic.senders.get(channel="whatsapp", rank=1),
            account=account_of(clinic),
            address=PATIENT,
            body="Su cita está confirmada.",
            status=state,
            next_attempt_at=now,
            created_at=now,
        )
        Conversation.objects.filter(pk=thread.pk).update(last_message_id=message.pk, last_status=state)
        return Attempt.objects.create(
            **{
                "message": message,
                "n": 1,
                "account": account_of(clinic),
                "kind": AttemptKind.REST,
                "state": state,
                "provider_id": provider_id,
                "created_at": now,
                **fields,
            }
        )


def status_form(clinic: Clinic, status: str, *, sid: str, error: str = "", **fields: str) -> dict[str, str]:
    """Return the form of a status callback for a message of the clinic."""
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": account_of(clinic).external_id,
        "From": "whatsapp:" + number_of(clinic),
        "To": "whatsapp:" + PATIENT,
        "ApiVersion": "2010-04-01",
        **({"ErrorCode": error} if error else {}),
        **fields,
    }


def call_back(
    clinic: Clinic,
    attempt: Attempt | None,
    status: str,
    *,
    sid: str = "SM" + "d" * 32,
    error: str = "",
    **fields: str,
) -> Any:
    """Post a status callback, by the URL that was given with the attempt (None: by the provider's id alone)."""
    path = "/api/webhooks/whatsapp/status"
    if attempt is not None:
        url = callbacks.status_url("whatsapp", clinic.pk, attempt.pk)
        path = url.removeprefix(BASE).split("#")[0]
    return post(
        status_form(clinic, status, sid=sid, error=error, **fields), token=token_of(clinic), path=path
    )
