"""Writes of the shared room: clinics, members, invitations, tokens."""

import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from clinics import clocks
from clinics.models import ApiToken, Clinic, ClinicState, Invitation, Membership, ProviderAccount, Role, User
from clinics.models.clinic import validate_zone
from clinics.signals import clinic_created
from clinics.tenancy import forget_clinics, in_clinic
from medsync.lib import clock

TOKEN_PREFIX = "msk_"  # noqa: S105 - a prefix that scanners can look for
INVITATION_DAYS = 7

_SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")
_RESERVED = frozenset({"public", "admin", "api", "static", "accounts"})


class BadClinic(ValueError):
    """A clinic cannot be made of this; `field` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class InvitationInvalid(ValueError):
    """The link was used, revoked, or is too old."""


class LastOwner(ValueError):
    """A clinic keeps at least one owner."""


def create_clinic(
    *,
    slug: str,
    name: str,
    country: str,
    timezone: str,
    language: str,
    owner_email: str,
    owner_name: str = "",
    is_demo: bool = False,
    phone: str = "",
) -> tuple[Clinic, User]:
    """Make a clinic that can take bookings at once, and its owner; return both.

    The clinic's schema is made by its migrations (about a second). Re-runnable: a clinic left `preparing` by a
    crash is finished by the same call. Raises BadClinic.
    """
    if not _SLUG.match(slug) or slug in _RESERVED:
        raise BadClinic("slug", "Use 1-40 of a-z, 0-9 and hyphens.")
    if len(country) != 2 or not country.isalpha():
        raise BadClinic("country", "Use a country code of two letters, such as US or MX.")
    try:
        validate_zone(timezone)
    except ValidationError as error:
        raise BadClinic("timezone", "Use an IANA time zone, such as America/New_York.") from error
    if "@" not in owner_email:
        raise BadClinic("owner_email", "Give the owner's e-mail address.")
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    with transaction.atomic():
        owner = user_for(owner_email, name=owner_name)
        clinic, created = Clinic.objects.select_for_update().get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "country": country.upper(),
                "timezone": timezone,
                "language": language,
                "is_demo": is_demo,
                "phone": phone,
            },
        )
        if not created and clinic.state != ClinicState.PREPARING:
            raise BadClinic("slug", "This short name is taken.")
        add_member(clinic, owner, role=Role.OWNER)
    clinic.create_schema(check_if_exists=True, sync_schema=True, verbosity=0)
    with in_clinic(clinic), transaction.atomic():
        # `local` has an account of its own in each clinic, so that `account` is never null anywhere.
        ProviderAccount.objects.get_or_create(
            provider="local",
            external_id=f"local-{clinic.id.hex}",
            defaults={"clinic": clinic, "auth_token": secrets.token_urlsafe(32)},
        )
        clinic_created.send(sender=Clinic, clinic_id=clinic.pk, owner_user_id=owner.pk)
        Clinic.objects.filter(pk=clinic.pk).update(state=ClinicState.READY)
        clocks.keep(first=clock.real_now() + clocks.LONGEST)
    clinic.state = ClinicState.READY
    forget_clinics()
    return clinic, owner


def user_for(email: str, *, name: str = "") -> User:
    """Return the user of that address, made without a password when new."""
    found = User.objects.filter(email__iexact=email.strip()).first()
    if found:
        return found
    try:
        with transaction.atomic():
            return User.objects.create_user(email.strip(), name=name)
    except IntegrityError:  # somebody else made it meanwhile
        return User.objects.get(email__iexact=email.strip())


def add_member(clinic: Clinic, user: User, *, role: str) -> Membership:
    """Give the user a place in the clinic, or another role in it; return the present membership."""
    membership, created = Membership.objects.get_or_create(
        user=user, clinic=clinic, ended_at=None, defaults={"role": role}
    )
    if not created and membership.role != role:
        membership.role = role
        membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def change_role(membership: Membership, *, role: str) -> Membership:
    """Give a member another role. Raises LastOwner."""
    _keep_an_owner(membership, leaving=role != Role.OWNER)
    membership.role = role
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def end_membership(membership: Membership, *, now: datetime) -> None:
    """End a member's access to the clinic; the user and the history stay. Raises LastOwner."""
    _keep_an_owner(membership, leaving=True)
    Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=now)


def _keep_an_owner(membership: Membership, *, leaving: bool) -> None:
    Clinic.objects.select_for_update().get(pk=membership.clinic_id)
    if not leaving or membership.role != Role.OWNER:
        return
    others = Membership.objects.filter(
        clinic_id=membership.clinic_id, role=Role.OWNER, ended_at=None, user__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwner


def invite(
    clinic: Clinic, *, email: str, role: str, by: User | None, now: datetime
) -> tuple[Invitation, str]:
    """Return a new invitation and its token, which is shown once and stored as a hash only."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        clinic=clinic,
        email=email.strip().lower(),
        role=role,
        token_hash=ApiToken.hash(token),
        invited_by=by,
        expires_at=now + timedelta(days=INVITATION_DAYS),
    )
    return invitation, token


def open_invitation(token: str, *, now: datetime) -> Invitation:
    """Return the invitation that the token opens. Raises InvitationInvalid."""
    found = (
        Invitation.objects.select_related("clinic")
        .filter(token_hash=ApiToken.hash(token), accepted_at=None, revoked_at=None, expires_at__gt=now)
        .first()
    )
    if found is None or found.clinic.state != ClinicState.READY:
        raise InvitationInvalid
    return found


@transaction.atomic
def accept_invitation(token: str, *, user: User, now: datetime) -> Membership:
    """Make the user a member; a link works once. Raises InvitationInvalid."""
    invitation = open_invitation(token, now=now)
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
        accepted_at=now
    )
    if not taken:
        raise InvitationInvalid
    present = Membership.objects.filter(user=user, clinic=invitation.clinic, ended_at=None).first()
    # An invitation never takes rights away: who is a member already keeps the role.
    return present or add_member(invitation.clinic, user, role=invitation.role)


def revoke_invitation(invitation: Invitation, *, now: datetime) -> None:
    """Make the link worthless."""
    Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(revoked_at=now)


def create_token(user: User, *, name: str) -> tuple[ApiToken, str]:
    """Return a new API token's row and its secret, which is shown once (256 bits)."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(user=user, name=name, token_hash=ApiToken.hash(secret), hint=secret[:8])
    return row, secret


def revoke_token(token_id: UUID, *, user: User, now: datetime) -> bool:
    """End a token of the user; tell whether there was one."""
    return bool(ApiToken.objects.filter(pk=token_id, user=user, revoked_at=None).update(revoked_at=now))
