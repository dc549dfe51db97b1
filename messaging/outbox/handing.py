"""What a provider is handed of a message that was claimed. Reads rows that are selected with the job already."""

from uuid import UUID

from clinics.queries import secrets_of
from medsync.lib import clock
from messaging import callbacks
from messaging.attachments import attaching, publishing
from messaging.models import Message
from messaging.outbox.claiming import Job
from messaging.providers.base import Outbound


def outbound(job: Job, clinic_id: UUID) -> tuple[Outbound, str]:
    """Return what the provider is handed, and which provider it is."""
    message, sender = job.message, job.message.sender
    assert sender is not None
    account = sender.account
    handed = Outbound(
        account_sid=account.external_id,
        secret=next(iter(secrets_of(account)), ""),
        channel=message.channel,  # type: ignore[arg-type]
        from_number=sender.phone_number,
        to_address=message.address,
        body=message.body,
        status_callback_url=callbacks.status_url(
            message.channel, clinic_id, job.attempt.pk, provider=account.provider
        ),
        ref=callbacks.ref(clinic_id, job.attempt.pk),
        content_sid=message.template.content_sid if message.template else "",
        content_variables=message.payload.get("variables", {}) if message.template else {},
        media_urls=_media_urls(message, clinic_id),
        messaging_profile_id=sender.messaging_profile_id,
    )
    return handed, account.provider


def _media_urls(message: Message, clinic_id: UUID) -> tuple[str, ...]:
    """Return where the provider fetches a message's files for a day; asked for messages with files alone."""
    now = clock.real_now()
    return tuple(
        publishing.url_of(clinic_id, attachment.pk, now=now) for attachment in attaching.files_of(message)
    )
