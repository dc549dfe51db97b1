"""Reads of the shared room; what routing needs is kept in the process for some seconds."""

import contextlib
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Q

from clinics.carriers import master_signers, master_tokens
from clinics.models import Clinic, ClinicState, Invitation, Membership, ProviderAccount, Sender, SenderStatus
from clinics.permissions import remember_role
from medsync.lib import clock

CACHE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Route:
    """Where a number leads, with what signs its webhooks. Never logged: `secrets` are in clear."""

    sender_id: UUID
    channel: str
    phone_number: str
    clinic_id: UUID
    schema_name: str
    country: str
    language: str
    zone: str
    account_id: UUID
    account_sid: str
    provider: str
    secrets: tuple[str, ...] = field(repr=False)


_routes: dict[tuple[str, str], tuple[float, Route | None]] = {}
_routes_lock = threading.Lock()


def forget_routes() -> None:
    """Empty this process's cache of routes; every process forgets by itself after CACHE_SECONDS."""
    with _routes_lock:
        _routes.clear()


def secrets_of(account: ProviderAccount, *, now: datetime | None = None) -> tuple[str, ...]:
    """Return the tokens of an account, for calls: the present one, then a previous one still valid."""
    if account.is_master:
        return master_tokens(account.provider)
    tokens = [account.auth_token] if account.auth_token else []
    until = account.previous_until
    if account.previous_token and (until is None or until > (now or clock.real_now())):
        tokens.append(account.previous_token)
    return tuple(tokens)


def signers_of(account: ProviderAccount) -> tuple[str, ...]:
    """Return what an account's webhooks are verified with: its public key, else the tokens themselves."""
    if account.is_master:
        return master_signers(account.provider)
    return (account.public_key,) if account.public_key else secrets_of(account)


def sender_for(channel: str, phone_number: str) -> Route | None:
    """Return where an active number (E.164) of that channel leads, or None; at most CACHE_SECONDS old."""
    key, at = (channel, phone_number), time.monotonic()
    found = _routes.get(key)
    if found and at - found[0] < CACHE_SECONDS:
        return found[1]
    sender = (
        Sender.objects.select_related("account", "clinic")
        .filter(
            channel=channel,
            phone_number=phone_number,
            status=SenderStatus.ACTIVE,
            clinic__state=ClinicState.READY,
        )
        .first()
    )
    route = None if sender is None else _route(sender)
    with _routes_lock:
        if len(_routes) > 50_000:
            _routes.clear()
        _routes[key] = (at, route)
    return route


def _route(sender: Sender) -> Route:
    account, clinic = sender.account, sender.clinic
    return Route(
        sender_id=sender.pk,
        channel=sender.channel,
        phone_number=sender.phone_number,
        clinic_id=clinic.pk,
        schema_name=clinic.schema_name,
        country=clinic.country,
        language=clinic.language,
        zone=clinic.timezone,
        account_id=account.pk,
        account_sid=account.external_id,
        provider=account.provider,
        secrets=signers_of(account),
    )


def account_for_sid(provider: str, external_id: str) -> ProviderAccount | None:
    """Return the account that the provider calls by that id."""
    return ProviderAccount.objects.filter(provider=provider, external_id=external_id).first()


def account_of_former(provider: str, channel: str, phone_number: str) -> ProviderAccount | None:
    """Return the account of the provider that last had a number which is linked no more."""
    row = (
        Sender.objects.select_related("account")
        .filter(account__provider=provider, channel=channel, phone_number=phone_number)
        .order_by("-created_at", "-id")
        .first()
    )
    return row.account if row is not None else None


def clinics_of(user: Any) -> list[Clinic]:
    """Return the ready clinics that the user is a member of, by name."""
    return list(
        Clinic.objects.filter(
            memberships__user_id=user.pk, memberships__ended_at=None, state=ClinicState.READY
        ).order_by("name", "id")
    )


def clinic_for(user: Any, ref: str) -> Clinic | None:
    """Return the ready clinic that the user means by an id or a slug, or None for unknown and foreign ones."""
    match = Q(clinic__slug=ref)
    with contextlib.suppress(ValueError):
        match |= Q(clinic=UUID(ref))
    memberships = Membership.objects.select_related("clinic").filter(user_id=user.pk, ended_at=None)
    found = memberships.filter(match, clinic__state=ClinicState.READY).first()
    if found is None:
        return None
    remember_role(user, found.clinic, found.role)
    return found.clinic


def members_of(clinic: Clinic) -> list[Membership]:
    """Return the present members of a clinic with their users, in the order they came."""
    return list(
        Membership.objects.filter(clinic=clinic, ended_at=None)
        .select_related("user")
        .order_by("created_at", "id")
    )


def with_second_factor(user_ids: list[UUID]) -> set[UUID]:
    """Return which of these users have a second factor; recovery codes alone are none."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return set(
        Authenticator.objects.filter(user__in=user_ids, type__in=kinds).values_list("user_id", flat=True)
    )


def open_invitations_of(clinic: Clinic, *, now: datetime) -> list[Invitation]:
    """Return the clinic's invitations that still open it, newest first."""
    return list(clinic.invitations.filter(accepted_at=None, revoked_at=None, expires_at__gt=now))
