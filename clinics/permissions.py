"""Who may do what in a clinic: the one table that views, API, consumers and both admins ask."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from clinics.models import Clinic, Membership, Role


class Action(StrEnum):
    """Something a member does in a clinic."""

    WORK = "work"  # see and answer: inbox, requests, calendar
    DECIDE = "decide"  # accept or decline requests
    MANAGE_SENDERS = "manage_senders"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_SETTINGS = "manage_settings"
    PUT_AWAY = "put_away"  # a conversation
    ADMIN = "admin"  # the clinic's Django admin
    SEE_WHO_LOOKED = "see_who_looked"  # who opened a patient's page


_EVERYBODY = frozenset(Role.values)
LEADERS = frozenset({Role.OWNER.value, Role.ADMIN_DOCTOR.value})

ALLOWED: dict[Action, frozenset[str]] = {
    Action.WORK: _EVERYBODY,
    Action.DECIDE: _EVERYBODY,
    Action.MANAGE_SENDERS: LEADERS,
    Action.MANAGE_MEMBERS: LEADERS,
    Action.MANAGE_SETTINGS: LEADERS,
    Action.PUT_AWAY: LEADERS,
    Action.ADMIN: LEADERS,
    Action.SEE_WHO_LOOKED: frozenset({Role.OWNER.value}),
}


def role_of(user: Any, clinic: Clinic, *, fresh: bool = False) -> str | None:
    """Return the user's role in the clinic, or None for a stranger.

    The answer is kept on the user object, which lives for one request; what lives longer (a websocket)
    asks with `fresh`. An operator of the platform is a stranger here.
    """
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return None
    known: dict[Any, str | None] = user.__dict__.setdefault("_clinic_roles", {})
    if fresh or clinic.pk not in known:
        memberships = Membership.objects.filter(user_id=user.pk, clinic_id=clinic.pk, ended_at=None)
        if fresh:
            memberships = memberships.filter(user__is_active=True)
        known[clinic.pk] = memberships.values_list("role", flat=True).first()
    return known[clinic.pk]


def remember_role(user: Any, clinic: Clinic, role: str) -> None:
    """Keep the role that somebody read together with the clinic, so that `role_of` need not ask again."""
    user.__dict__.setdefault("_clinic_roles", {})[clinic.pk] = role


def can(user: Any, clinic: Clinic, action: Action, *, fresh: bool = False) -> bool:
    """Tell whether the user may do this in this clinic."""
    return role_of(user, clinic, fresh=fresh) in ALLOWED[action]


def who_may(clinic: Clinic, action: Action) -> frozenset[UUID]:
    """Return the users who may do this in a clinic now, as `can` would say with `fresh`; one statement for all."""
    present = Membership.objects.filter(clinic_id=clinic.pk, ended_at=None, user__is_active=True)
    return frozenset(present.filter(role__in=ALLOWED[action]).values_list("user_id", flat=True))


def may_give(giver: str | None, role: str) -> bool:
    """Tell whether a member of one role may give another role, take it away, or act on who has it.

    A Manager runs the team, but makes and unmakes no owner: else the role would be its own promotion.
    """
    if giver not in ALLOWED[Action.MANAGE_MEMBERS]:
        return False
    return giver == Role.OWNER or role != Role.OWNER


def may_renew_password(giver: str | None, membership: Membership) -> bool:
    """Tell whether a member of that role may make a new-password link for this member.

    Never for somebody who also works elsewhere or operates the platform: the link would open those doors too.
    """
    user = membership.user
    if user.is_staff or not user.is_active or not may_give(giver, membership.role):
        return False
    return (
        not Membership.objects.filter(user=user, ended_at=None)
        .exclude(clinic_id=membership.clinic_id)
        .exists()
    )
