"""Linking numbers to clinics and taking them off."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from clinics.carriers import carrier, master_account, master_id, master_profile
from clinics.models import Channel, Clinic, ProviderAccount, Sender, SenderHealth, SenderStatus
from clinics.queries import forget_routes
from clinics.signals import sender_linked
from clinics.tenancy import in_clinic

MAX_ACTIVE = 3
#: Between these a number's own rate lies, in messages a second: WhatsApp raises it to 400 on request, and the largest
#: SMS campaigns stay below 100.
SLOWEST = 0.1
FASTEST = {Channel.WHATSAPP: 400.0, Channel.SMS: 100.0}
PREVIOUS_TOKEN_HOURS = 24


class LinkError(ValueError):
    """A number cannot be linked; `code` is the API's word for why."""

    code = "invalid"


class AlreadyLinked(LinkError):
    """The number is active for this channel in this clinic."""

    code = "already_linked"


class LinkedElsewhere(LinkError):
    """The number belongs to another clinic."""

    code = "linked_elsewhere"


class SenderLimit(LinkError):
    """The clinic has three active numbers on this channel."""

    code = "sender_limit"


class AccountMissing(LinkError):
    """There is no such provider account to link with, or no token for it."""

    code = "no_account"


class WrongChannel(LinkError):
    """This provider does not carry the channel."""

    code = "wrong_channel"


class ProfileMissing(LinkError):
    """A STOP holds for a whole messaging profile at this provider, and none of the number's own was given."""

    code = "profile_missing"


class ProfileTaken(LinkError):
    """Another number has this messaging profile: a STOP to the one would silence the other."""

    code = "profile_taken"


class DemoClinic(LinkError):
    """A demo clinic's patients are invented: real numbers are not connected to it."""

    code = "demo_clinic"


class LocalRefused(LinkError):
    """The built-in phones answer as anybody's: they belong to a demo or to development."""

    code = "local_refused"


def account_for_linking(
    clinic: Clinic,
    *,
    provider: str,
    account_sid: str,
    auth_token: str,
    now: datetime,
    public_key: str = "",
) -> ProviderAccount:
    """Return the account that a number of the clinic is sent through: its own subaccount, else the master one.

    Where accounts have no name but a public key, the key names them. A new token for a known account keeps the old
    one valid for PREVIOUS_TOKEN_HOURS. Raises AccountMissing, LinkedElsewhere (the account belongs to another clinic).
    """
    if provider == "local":
        return ProviderAccount.objects.get(provider="local", clinic=clinic)
    account_sid = account_sid or public_key
    if not account_sid or account_sid == master_id(provider):
        if not master_id(provider):
            raise AccountMissing
        return master_account(provider)
    account = (
        ProviderAccount.objects.select_for_update().filter(provider=provider, external_id=account_sid).first()
    )
    if account is None:
        if not auth_token:
            raise AccountMissing
        return ProviderAccount.objects.create(
            provider=provider,
            external_id=account_sid,
            clinic=clinic,
            auth_token=auth_token,
            public_key=public_key,
        )
    if account.clinic_id != clinic.pk:
        raise LinkedElsewhere
    if auth_token:
        renew_token(account, auth_token=auth_token, now=now)
    return account


def renew_token(account: ProviderAccount, *, auth_token: str, now: datetime) -> None:
    """Give an account a new token; the old one still verifies for PREVIOUS_TOKEN_HOURS. The same one changes nothing."""
    if auth_token == account.auth_token:
        return
    account.previous_token, account.auth_token = account.auth_token, auth_token
    account.previous_until = now + timedelta(hours=PREVIOUS_TOKEN_HOURS)
    account.state = ProviderAccount.State.ACTIVE
    account.failures, account.paused_until, account.stopped_at = 0, None, None
    told = ["failures", "paused_until", "stopped_at"]
    account.save(update_fields=["previous_token", "auth_token", "previous_until", "state", *told])
    forget_routes()


def link_sender(
    clinic: Clinic,
    *,
    phone_number: str,
    channel: str,
    provider: str,
    now: datetime,
    display_name: str = "",
    provider_sender_id: str = "",
    account_sid: str = "",
    auth_token: str = "",
    public_key: str = "",
    messaging_profile_id: str = "",
) -> Sender:
    """Register an E.164 number for one channel of the clinic; the first of a channel becomes primary.

    Raises AlreadyLinked, LinkedElsewhere, SenderLimit, AccountMissing, DemoClinic, LocalRefused, WrongChannel,
    ProfileMissing, ProfileTaken.
    """
    if provider == "local" and not settings.LOCAL_PROVIDER_ALLOWED:
        raise LocalRefused
    if clinic.is_demo and provider != "local":
        raise DemoClinic
    profile = _profile(provider, channel, messaging_profile_id, own=bool(account_sid or public_key))
    try:
        with transaction.atomic():
            Clinic.objects.select_for_update().get(pk=clinic.pk)  # ranks are given out one at a time
            mine = Sender.objects.filter(clinic=clinic, channel=channel, status=SenderStatus.ACTIVE)
            if mine.filter(phone_number=phone_number).exists():
                raise AlreadyLinked
            taken = set(mine.values_list("rank", flat=True))
            free = [rank for rank in range(1, MAX_ACTIVE + 1) if rank not in taken]
            elsewhere = Sender.objects.filter(phone_number=phone_number, status=SenderStatus.ACTIVE).exclude(
                clinic=clinic
            )
            if elsewhere.exists():
                raise LinkedElsewhere
            if not free:
                raise SenderLimit
            if profile and _has_another_number(profile, clinic):
                raise ProfileTaken
            account = account_for_linking(
                clinic,
                provider=provider,
                account_sid=account_sid,
                auth_token=auth_token,
                public_key=public_key,
                now=now,
            )
            sender = Sender.objects.create(
                clinic=clinic,
                account=account,
                phone_number=phone_number,
                channel=channel,
                provider_sender_id=provider_sender_id,
                messaging_profile_id=profile,
                display_name=display_name,
                rank=free[0],
            )
            SenderHealth.objects.create(sender=sender)
            with in_clinic(clinic):
                sender_linked.send(sender=Sender, sender_id=sender.pk)
    except (
        IntegrityError
    ) as error:  # somebody linked it between the look and the insert: the constraint is the judge
        raise LinkedElsewhere from error
    forget_routes()
    return sender


def _profile(provider: str, channel: str, given: str, *, own: bool) -> str:
    """Return the messaging profile that a number will have, "" where the provider knows none."""
    known = carrier(provider)
    if known.channels and channel not in known.channels:
        raise WrongChannel
    if not known.wants_profile:
        return ""
    profile = given or ("" if own else master_profile(provider))
    if not profile:
        raise ProfileMissing
    return profile


def _has_another_number(profile: str, clinic: Clinic) -> bool:
    """Tell whether the profile is another number's now, or ever was another clinic's: its STOPs stay with it."""
    return (
        Sender.objects.filter(messaging_profile_id=profile)
        .filter(Q(status=SenderStatus.ACTIVE) | ~Q(clinic=clinic))
        .exists()
    )


def retire_sender(sender: Sender, *, now: datetime) -> bool:
    """Deactivate a sender and let the next one become primary; tell whether it was active."""
    with transaction.atomic():
        Clinic.objects.select_for_update().get(pk=sender.clinic_id)
        ended = Sender.objects.filter(pk=sender.pk, status=SenderStatus.ACTIVE).update(
            status=SenderStatus.DISABLED, rank=None, retired_at=now
        )
        if not ended:
            return False
        rest = Sender.objects.filter(
            clinic_id=sender.clinic_id, channel=sender.channel, status=SenderStatus.ACTIVE
        ).order_by("rank")
        for rank, other in enumerate(rest, start=1):  # ascending, so no rank is taken twice on the way
            if other.rank != rank:
                Sender.objects.filter(pk=other.pk).update(rank=rank)
    forget_routes()
    return True


def make_primary(sender: Sender) -> bool:
    """Let the clinic begin with this number on its channel; False when it is not active any more."""
    with transaction.atomic():
        Clinic.objects.select_for_update().get(pk=sender.clinic_id)
        mine = Sender.objects.filter(
            clinic_id=sender.clinic_id, channel=sender.channel, status=SenderStatus.ACTIVE
        )
        order = sorted(mine, key=lambda row: (row.pk != sender.pk, row.rank))
        if not order or order[0].pk != sender.pk:
            return False
        if order[0].rank == 1:
            return True
        # No two may have a rank at any moment, so all give theirs back first; nobody sees it before the commit.
        mine.update(status=SenderStatus.DISABLED, rank=None)
        for rank, row in enumerate(order, start=1):
            Sender.objects.filter(pk=row.pk).update(status=SenderStatus.ACTIVE, rank=rank)
    forget_routes()
    return True


class RateOutOfRange(ValueError):
    """No provider lets a number send so slowly or so fast."""

    def __init__(self, slowest: float, fastest: float) -> None:
        super().__init__("rate_out_of_range")
        self.slowest, self.fastest = slowest, fastest


def set_rate(sender: Sender, *, per_second: float | None) -> bool:
    """Give a number a rate of its own, None for its provider's; False when it was taken off. Raises RateOutOfRange."""
    fastest = FASTEST[Channel(sender.channel)]
    if per_second is not None and not SLOWEST <= per_second <= fastest:
        raise RateOutOfRange(SLOWEST, fastest)
    active = Sender.objects.filter(pk=sender.pk, status=SenderStatus.ACTIVE)
    return active.update(per_second=per_second) == 1
