"""How a clinic confirms by SMS: the switch, the number, and its own words for each text and language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from clinics.models import Channel, User
from clinics.queries import secrets_of
from clinics.tenancy import current_clinic
from medsync.lib import phone
from medsync.lib.ids import new_id
from messaging import callbacks, catalog, confirmations, providers
from messaging.facts import forget_facts
from messaging.language import SPOKEN
from messaging.linting import SAYS_HOW_TO_STOP, placeholders_in, problems_of
from messaging.models import MessagingSettings, OwnText
from messaging.ownwords import forget_own_words
from messaging.providers.base import Outbound, SendError
from scheduling.models import ContactPoint

#: The texts, as integrators name them.
KEYS: Mapping[str, str] = {
    "Book": "confirm_book",
    "Cancel": "confirm_cancel",
    "Reschedule": "confirm_reschedule",
}
#: Placeholders as integrators write them, and as the catalogue does.
NAMES: Mapping[str, str] = {
    "clinicName": "clinic_name",
    "date": "date",
    "time": "time",
    "providerName": "doctor_name",
    "clinicPhone": "clinic_phone",
    "oldDate": "old_date",
    "oldTime": "old_time",
    "address": "address",
    "mapUrl": "map_url",
    "instructions": "instructions",
    "reason": "reason",
}
_OURS = {ours: theirs for theirs, ours in NAMES.items()}
_SETTINGS: Mapping[str, str] = {
    "smsEnabled": "sms_enabled",
    "smsSenderNumber": "sms_sender_number",
    "smsInboundWebhookEnabled": "sms_inbound_enabled",
}
TEMPLATES: Mapping[str, tuple[str, str]] = {
    f"smsTemplate{name}{language.title()}": (key, language)
    for name, key in KEYS.items()
    for language in SPOKEN
}


@dataclass(frozen=True, slots=True)
class Validated:
    """What a test message came to: the provider's id of it, or the word for what is wrong."""

    message_id: str = ""
    error: str = ""


def config() -> dict[str, Any]:
    """Return the clinic's configuration, with the words that go now: its own, else those built in."""
    settings = MessagingSettings.load()
    found: dict[str, Any] = {name: getattr(settings, field) for name, field in _SETTINGS.items()}
    # Not by the catalogue, which may know the clinic's words of some seconds ago.
    own = {(row.key, row.language): row.body for row in OwnText.objects.filter(key__in=KEYS.values())}
    for name, (key, language) in TEMPLATES.items():
        body = own.get((key, language)) or catalog.entries()[key].bodies[language]
        found[name] = _renamed(body, _OURS)
    return found


def problems(name: str, body: str) -> list[str]:
    """Return what is wrong with a text of the clinic's own, a sentence each."""
    key, _language = TEMPLATES[name]
    allowed = {*NAMES, *_OURS}
    return problems_of(body, names=allowed, stop_hint=key in SAYS_HOW_TO_STOP) if body else []


@transaction.atomic
def change(wanted: Mapping[str, Any], *, by: User, now: datetime) -> None:
    """Store any subset; an empty text is the built-in one again. Texts have been judged by `problems`."""
    fields = {_SETTINGS[name]: value for name, value in wanted.items() if name in _SETTINGS}
    if fields:
        MessagingSettings.objects.update_or_create(pk=1, defaults=fields)
    for name in TEMPLATES.keys() & wanted.keys():
        key, language = TEMPLATES[name]
        body = _renamed(wanted[name] or "", NAMES)
        if not body or body == catalog.entries()[key].bodies[language]:
            OwnText.objects.filter(key=key, language=language).delete()
        else:
            OwnText.objects.update_or_create(
                key=key, language=language, defaults={"body": body, "updated_by": by, "updated_at": now}
            )
    transaction.on_commit(forget_facts)
    transaction.on_commit(forget_own_words)


def validate(to: str) -> Validated:
    """Send a test to a phone (E.164) from the number of confirmations; who said no to SMS gets none.

    Outside of a transaction: it waits for the provider.
    """
    sender = confirmations.sender_for_sms()
    # By the number, however it is spelled: who never wrote by SMS has no address of it, and may have said no all the same.
    known = ContactPoint.objects.select_related("merged_into").filter(match_key=phone.match_key(to)).first()
    guards = confirmations.guards_for(known and (known.merged_into or known))
    if not guards.has_key:
        return Validated(error=confirmations.NO_API_KEY)
    if guards.declined:
        return Validated(error=confirmations.CONSENT_DECLINED)
    if sender is None:
        return Validated(error=confirmations.NO_SENDER_NUMBER)
    clinic, account, test = (
        current_clinic(),
        sender.account,
        new_id(),
    )  # no message of ours has that id: its callbacks change nothing
    outbound = Outbound(
        account_sid=account.external_id,
        secret=next(iter(secrets_of(account)), ""),
        channel="sms",
        from_number=sender.phone_number,
        to_address=to,
        body=catalog.text("sms_test", clinic.language, channel=Channel.SMS, clinic_name=clinic.name),
        status_callback_url=callbacks.status_url("sms", clinic.pk, test),
        ref=f"{clinic.pk}.{test}",
        messaging_profile_id=sender.messaging_profile_id,
    )
    try:
        return Validated(message_id=providers.get(account.provider).send(outbound).provider_message_id)
    except providers.UnknownProvider:
        return Validated(error=confirmations.NO_API_KEY)
    except SendError as error:
        return Validated(error=confirmations.error_of(account.provider, error.code, error.http_status))


def _renamed(body: str, names: Mapping[str, str]) -> str:
    """Return the text with its placeholders in the other spelling."""
    for name in placeholders_in(body):
        if name in names:
            body = body.replace(f"{{{name}}}", f"{{{names[name]}}}")
    return body
