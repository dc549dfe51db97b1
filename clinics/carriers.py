"""What linking a number must know of each provider, and the platform's own account there.

The protocols live with `messaging.providers`; here is only what forms ask for and where credentials come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from clinics.models import Channel, ProviderAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A provider. The settings are names: the platform's account, its token, and what its webhooks are signed with."""

    label: str
    channels: tuple[Channel, ...]
    #: A STOP holds for a whole messaging profile, so every number needs one of its own.
    wants_profile: bool = False
    #: Its webhooks are signed with a key whose public half we are given.
    has_public_key: bool = False
    account_setting: str = ""
    token_setting: str = ""
    signing_setting: str = ""
    profile_setting: str = ""


CARRIERS: Mapping[str, Carrier] = {
    "twilio": Carrier(
        label="Twilio",
        channels=(Channel.WHATSAPP, Channel.SMS),
        account_setting="TWILIO_ACCOUNT_SID",
        token_setting="TWILIO_AUTH_TOKEN",  # noqa: S106  the name of a setting
        signing_setting="TWILIO_AUTH_TOKEN",
    ),
    "telnyx": Carrier(
        label="Telnyx",
        channels=(Channel.SMS,),
        wants_profile=True,
        has_public_key=True,
        token_setting="TELNYX_API_KEY",  # noqa: S106  the name of a setting
        signing_setting="TELNYX_PUBLIC_KEY",
        profile_setting="TELNYX_MESSAGING_PROFILE_ID",
    ),
}
_NONE = Carrier(label="", channels=())
#: What the platform's own account is called where the provider has no name for accounts.
_UNNAMED = "master"


def carrier(provider: str) -> Carrier:
    """Return what is known of a provider; one without any facts for those that are not linked by hand."""
    return CARRIERS.get(provider, _NONE)


def master_id(provider: str) -> str:
    """Return what the platform's own account is called there, "" when it has none."""
    known = carrier(provider)
    if known.account_setting:
        return _setting(known.account_setting)
    return _UNNAMED if _setting(known.token_setting) else ""


def master_tokens(provider: str) -> tuple[str, ...]:
    """Return the token of the platform's own account, for calls."""
    return tuple(filter(None, [_setting(carrier(provider).token_setting)]))


def master_signers(provider: str) -> tuple[str, ...]:
    """Return what the webhooks of the platform's own account are verified with."""
    return tuple(filter(None, [_setting(carrier(provider).signing_setting)]))


def master_profile(provider: str) -> str:
    """Return the messaging profile that a number of the platform's own account has unless another is given."""
    return _setting(carrier(provider).profile_setting)


def master_account(provider: str) -> ProviderAccount:
    """Return the row of the platform's own account, made when it is not there."""
    named = master_id(provider)
    if not carrier(provider).account_setting:  # whatever its keys are, it stays the same account
        account, _ = ProviderAccount.objects.get_or_create(
            provider=provider, is_master=True, defaults={"external_id": named or _UNNAMED}
        )
        return account
    account, _ = ProviderAccount.objects.get_or_create(
        provider=provider, external_id=named, defaults={"is_master": True}
    )
    return account


def _setting(name: str) -> str:
    return str(getattr(settings, name)) if name else ""
