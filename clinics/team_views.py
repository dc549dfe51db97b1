"""The team of a clinic: members, roles, invitations and new-password links that are copied, not mailed."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest, may
from clinics.accounts import password_link
from clinics.forms import InviteForm, RoleForm
from clinics.models import Invitation, Membership, Role
from clinics.operations import LastOwner, change_role, end_membership, invite, revoke_invitation
from clinics.permissions import Action, may_give, may_renew_password, role_of
from clinics.queries import members_of, open_invitations_of, with_second_factor
from clinics.tenancy import public_url
from medsync.lib import clock


@require_GET
@never_cache
@may(Action.MANAGE_MEMBERS)
def team(request: ClinicRequest) -> HttpResponse:
    """Show members and open invitations."""
    return _team(request)


@require_POST
@never_cache
@may(Action.MANAGE_MEMBERS)
def invitation_create(request: ClinicRequest) -> HttpResponse:
    """Make an invitation and show its link, this once."""
    clinic, giver = request.clinic, _role(request)
    form = InviteForm(request.POST, giver=giver)
    if form.is_valid():
        email = form.cleaned_data["email"]
        if any(member.user.email.lower() == email.lower() for member in members_of(clinic)):
            form.add_error("email", _("This person is a member already."))
    if not form.is_valid():
        return _team(request, form=form)
    _row, token = invite(
        clinic,
        email=form.cleaned_data["email"],
        role=form.cleaned_data["role"],
        by=request.user,
        now=clock.real_now(),
    )
    return _team(request, link=public_url("invitation", token), link_for=email, link_is="invitation")


@require_POST
@never_cache
@may(Action.MANAGE_MEMBERS)
def invitation_revoke(request: ClinicRequest, invitation_id: UUID) -> HttpResponse:
    """Make an invitation's link worthless."""
    row = get_object_or_404(Invitation, pk=invitation_id, clinic=request.clinic)
    if not may_give(_role(request), row.role):
        raise PermissionDenied
    revoke_invitation(row, now=clock.real_now())
    messages.success(request, _("The link opens nothing any more."))
    return _back()


@require_POST
@never_cache
@may(Action.MANAGE_MEMBERS)
def member_role(request: ClinicRequest, membership_id: UUID) -> HttpResponse:
    """Give a member another role."""
    member = _member(request, membership_id)
    form = RoleForm(request.POST, giver=_role(request))
    if not form.is_valid():
        raise PermissionDenied
    try:
        change_role(member, role=form.cleaned_data["role"])
    except LastOwner:
        messages.error(request, _("A clinic keeps at least one owner. Make somebody else owner first."))
    return _back()


@require_POST
@never_cache
@may(Action.MANAGE_MEMBERS)
def member_remove(request: ClinicRequest, membership_id: UUID) -> HttpResponse:
    """End a member's access at once; what they did stays."""
    try:
        end_membership(_member(request, membership_id), now=clock.real_now())
    except LastOwner:
        messages.error(request, _("A clinic keeps at least one owner. Make somebody else owner first."))
    return _back()


@require_POST
@never_cache
@may(Action.MANAGE_MEMBERS)
def member_password_link(request: ClinicRequest, membership_id: UUID) -> HttpResponse:
    """Show a link at which a member sets a new password, this once."""
    member = _member(request, membership_id)
    if not may_renew_password(_role(request), member):
        raise PermissionDenied
    return _team(
        request, link=password_link(member.user), link_for=member.user.get_full_name(), link_is="password"
    )


def _team(request: ClinicRequest, *, form: InviteForm | None = None, **shown_once: Any) -> HttpResponse:
    clinic, giver = request.clinic, _role(request)
    found = members_of(clinic)
    safe = with_second_factor([member.user_id for member in found])
    members = [
        {
            "row": member,
            "second_factor": member.user_id in safe,
            "last_login": member.user.last_login and member.user.last_login.astimezone(clinic.zone),
            "name": member.user.get_full_name(),
            "role": Role(member.role).label,
            "is_me": member.user_id == request.user.pk,
            "roles": RoleForm(initial={"role": member.role}, giver=giver, auto_id=False)
            if may_give(giver, member.role)
            else None,
            "may_renew": may_renew_password(giver, member),
        }
        for member in found
    ]
    invitations = [
        {"row": row, "role": Role(row.role).label, "may_revoke": may_give(giver, row.role)}
        for row in open_invitations_of(clinic, now=clock.real_now())
    ]
    context = {
        "clinic": clinic,
        "here": "team",
        "members": members,
        "invitations": invitations,
        "form": form or InviteForm(giver=giver, initial={"role": Role.RECEPTIONIST}),
        **shown_once,
    }
    status = 400 if form is not None and form.errors else 200
    return render(request, "clinics/team.html", context, status=status)


def _role(request: ClinicRequest) -> str | None:
    return role_of(request.user, request.clinic)


def _member(request: ClinicRequest, membership_id: UUID) -> Membership:
    """Return a present member of this clinic whom the asking member may manage."""
    member = get_object_or_404(
        Membership.objects.select_related("user"), pk=membership_id, clinic=request.clinic, ended_at=None
    )
    if not may_give(_role(request), member.role):
        raise PermissionDenied
    return member


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("team"))
