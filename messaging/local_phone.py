"""The built-in phones: what a played patient writes, and how the phone treats what it gets.

Both directions go through the same doors as a real provider's: signed requests into `messaging.intake`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from celery import shared_task
from django.db.models import Q

from clinics.models import Clinic, ClinicState, ProviderAccount, Sender, SenderStatus
from clinics.queries import secrets_of
from clinics.tasks import ClinicTask
from clinics.tenancy import current_clinic
from medsync.lib import clock
from medsync.lib.ids import lowest_id
from messaging import callbacks, intake, providers
from messaging.attachments import pictures, sniffing, store
from messaging.attachments.preparing import LIMITS, prepare
from messaging.models import Attempt
from messaging.providers.base import Response
from messaging.providers.local.lines import behaviour_of
from messaging.providers.local.provider import PLAY_TASK, new_message_id, signed_request
from messaging.providers.local.script import Step, steps

NOTHING: Mapping[str, str] = MappingProxyType({})
#: A tick so much later than the phone's settings say was forgotten by the broker; after a day nobody looks any more.
GRACE, LOOKED_AT_FOR = timedelta(seconds=15), timedelta(days=1)


def write(
    *,
    channel: str,
    from_address: str,
    to_number: str,
    body: str,
    name: str = "",
    event_id: str = "",
    file: bytes = b"",
    file_name: str = "",
    file_type: str = "",
    kind: str = "",
    button: str = "",
    reply_to: str = "",
    extra: Mapping[str, str] = NOTHING,
) -> Response:
    """Send a played patient's message to a number of the entered clinic.

    A file is kept in the clinic's store and named in the message, as a real provider names its own copy; `file_type`
    is what its sender calls it. `kind` is "location", "reaction" or "deletion", `extra` what these need.
    Raises intake.Unavailable, FileRefused.
    """
    account = _account()
    kept = _keep(file, said=file_type, channel=channel) if file else {}
    fields = {
        "id": event_id or new_message_id(),
        "account": account.external_id,
        "channel": channel,
        "from": from_address,
        "to": to_number,
        "body": body,
        "name": name,
        "kind": kind,
        "media_name": file_name if file else "",
        "button": button,
        "reply_to": reply_to,
        **kept,
        **extra,
    }
    request = signed_request({k: v for k, v in fields.items() if v or k == "body"}, secrets_of(account)[0])
    try:
        return intake.receive_message(providers.get("local"), request, now=clock.real_now())
    except intake.Unavailable:
        for key in ("media_key", "media_playable"):
            store.remove(kept.get(key, ""))
        raise


def _keep(file: bytes, *, said: str, channel: str) -> dict[str, str]:
    """Keep a file as the worker keeps one that it fetched; return what the message says of it."""
    limit = LIMITS[channel]
    if sniffing.type_of(file, said=said) in sniffing.PICTURES:
        limit = min(limit, pictures.LARGEST)  # a phone makes its pictures smaller before it sends them
    prepared = prepare(file, said=said, limit=limit)
    is_card = prepared.content_type == sniffing.VCARD
    return {
        "kind": "contact" if is_card else "media",
        "media_type": prepared.content_type,
        "media_key": store.keep(prepared.data),
        "media_playable": store.keep(prepared.playable) if prepared.playable else "",
        "media_seconds": str(prepared.seconds or ""),
        "media_size": str(len(file)),
        "contacts": json.dumps([{"name": c.name, "numbers": c.numbers} for c in prepared.cards])
        if is_card
        else "",
    }


@shared_task(base=ClinicTask, name=PLAY_TASK)  # type: ignore[untyped-decorator]
def play_local_delivery(attempt_id: str, provider_message_id: str, step: int = -1) -> None:
    """Report one step of a delivery and ring for the next; the bell before the first step only starts the clock.

    A bell that the broker loses is rung by `sweep`.
    """
    attempt = Attempt.objects.select_related("message", "message__sender").filter(pk=attempt_id).first()
    if attempt is not None and attempt.message.sender is not None:
        _play(attempt, provider_message_id, step)


def _play(attempt: Attempt, provider_message_id: str, step: int) -> None:
    todo = _steps(attempt)
    if 0 <= step < len(todo):
        report(attempt, provider_message_id, todo[step])
    if step + 1 < len(todo):
        play_local_delivery.apply_async(
            kwargs={
                "attempt_id": str(attempt.pk),
                "provider_message_id": provider_message_id,
                "step": step + 1,
            },
            countdown=todo[step + 1].after,
            headers={"schema": current_clinic().schema_name},
        )


def _steps(attempt: Attempt) -> Sequence[Step]:
    message = attempt.message
    return steps(behaviour_of(message.channel, message.address), message.channel)


def clinics_with_phones() -> list[Clinic]:
    """Return the ready clinics that have a number of the built-in phones; one statement."""
    senders = Sender.objects.filter(account__provider="local", status=SenderStatus.ACTIVE)
    with_phones = Clinic.objects.filter(pk__in=senders.values("clinic"), state=ClinicState.READY)
    return list(with_phones.order_by("id"))


def is_due(now: datetime) -> bool:
    """Tell whether a tick is overdue in the entered clinic; one look at the newest attempts."""
    return next(_overdue(now), None) is not None


def sweep(*, now: datetime) -> int:
    """Play what a lost bell left unplayed in the entered clinic; return how much. Idempotent.

    Raises intake.Unavailable.
    """
    played = 0
    for attempt, step in _overdue(now):
        _play(attempt, attempt.provider_id or "", step)
        played += 1
    return played


def _overdue(now: datetime) -> Iterator[tuple[Attempt, int]]:
    """Yield attempts with the step that should have been reported by now, as their phones behave."""
    since = now - LOOKED_AT_FOR
    attempts = Attempt.objects.filter(
        Q(state="sent") | Q(state="delivered", message__channel="whatsapp"),  # of an SMS no more is heard
        pk__gte=lowest_id(since - clock.offset()),  # ids are made by the real clock
        created_at__gte=since,
        settled_at__lte=now - GRACE,
        account__provider="local",
        provider_id__isnull=False,
        message__sender__isnull=False,
    ).select_related("message__sender")
    for attempt in attempts.order_by("id"):
        step = 0 if attempt.state == "sent" else 1
        todo = _steps(attempt)
        due_in = timedelta(seconds=sum(each.after for each in todo[: step + 1])) + GRACE
        if step < len(todo) and attempt.settled_at is not None and now >= attempt.settled_at + due_in:
            yield attempt, step


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
    return intake.receive_status(providers.get("local"), request, now=clock.real_now())


def _account() -> ProviderAccount:
    return ProviderAccount.objects.get(provider="local", clinic=current_clinic())
