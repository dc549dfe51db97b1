"""The built-in phones: what a played patient writes, and how the phone treats what it gets.

Both directions go through the same doors as a real provider's: signed requests into `messaging.intake`.
"""

import hashlib
from dataclasses import asdict
from uuid import UUID

from celery import shared_task
from django.core.cache import cache

from clinics.models import ProviderAccount
from clinics.queries import secrets_of
from clinics.tasks import ClinicTask
from clinics.tenancy import current_clinic
from medsync.lib import clock
from messaging import callbacks, intake, providers
from messaging.models import Attempt
from messaging.providers.base import Response
from messaging.providers.local.provider import PLAY_TASK, new_message_id, signed_request
from messaging.providers.local.script import Behaviour, Step, steps

_KEPT_FOR = 7 * 24 * 3600


def write(
    *,
    channel: str,
    from_address: str,
    to_number: str,
    body: str,
    name: str = "",
    event_id: str = "",
    media_type: str = "",
    button: str = "",
    reply_to: str = "",
) -> Response:
    """Send a played patient's message to a number of the entered clinic. Raises intake.Unavailable."""
    account = _account()
    fields = {
        "id": event_id or new_message_id(),
        "account": account.external_id,
        "channel": channel,
        "from": from_address,
        "to": to_number,
        "body": body,
        "name": name,
        "media_type": media_type,
        "button": button,
        "reply_to": reply_to,
    }
    request = signed_request({k: v for k, v in fields.items() if v or k == "body"}, secrets_of(account)[0])
    return intake.receive_message(providers.get("local"), request, now=clock.now())


def behaviour_of(channel: str, address: str) -> Behaviour:
    """Return how a phone of the entered clinic behaves."""
    kept = cache.get(_key(channel, address))
    return Behaviour(**kept) if kept else Behaviour()


def set_behaviour(channel: str, address: str, behaviour: Behaviour) -> None:
    """Make a phone of the entered clinic slow, broken or well again; forgotten after a week."""
    cache.set(_key(channel, address), asdict(behaviour), _KEPT_FOR)


def _key(channel: str, address: str) -> str:
    # The cache's keys carry the clinic already, and must not carry a phone number.
    return f"local-phone:{hashlib.sha256(f'{channel}:{address}'.encode()).hexdigest()[:32]}"


@shared_task(base=ClinicTask, name=PLAY_TASK, bind=True)  # type: ignore[untyped-decorator]
def play_local_delivery(self: ClinicTask, attempt_id: str, provider_message_id: str, step: int = -1) -> None:
    """Report one step of a delivery and ring for the next; the bell before the first step only starts the clock.

    A bell that the broker loses leaves the message `sent`, as with a phone that is switched off.
    """
    attempt = Attempt.objects.select_related("message", "message__sender").filter(pk=attempt_id).first()
    if attempt is None or attempt.message.sender is None:
        return
    message = attempt.message
    todo = steps(behaviour_of(message.channel, message.address), message.channel)
    if 0 <= step < len(todo):
        report(attempt, provider_message_id, todo[step])
    if step + 1 < len(todo):
        self.apply_async(
            kwargs={
                "attempt_id": attempt_id,
                "provider_message_id": provider_message_id,
                "step": step + 1,
            },
            countdown=todo[step + 1].after,
            headers={"schema": current_clinic().schema_name},
        )


def report(attempt: Attempt, provider_message_id: str, step: Step) -> Response:
    """Post a phone's status callback for an attempt of the entered clinic. Raises intake.Unavailable."""
    message, account = attempt.message, _account()
    assert message.sender is not None
    request = signed_request(
        {
            "id": provider_message_id,
            "account": account.external_id,
            "channel": message.channel,
            "from": message.sender.phone_number,
            "to": message.address,
            "status": step.status,
            "error_code": step.error_code,
        },
        secrets_of(account)[0],
        ref=callbacks.ref(current_clinic().pk, UUID(str(attempt.pk))),
    )
    return intake.receive_status(providers.get("local"), request, now=clock.now())


def _account() -> ProviderAccount:
    return ProviderAccount.objects.get(provider="local", clinic=current_clinic())
