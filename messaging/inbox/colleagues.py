"""What the ids in live frames are called: the names of the clinic's members."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from clinics.access import ClinicRequest
from clinics.queries import members_of
from clinics.templatetags.ui import initials


@require_GET
def names(request: ClinicRequest) -> HttpResponse:
    """Answer each present member's first name, whole name and initials by the user's id; one statement."""
    members = members_of(request.clinic)
    return JsonResponse(
        {
            str(member.user_id): {
                "short": member.user.get_short_name(),
                "name": member.user.get_full_name(),
                "initials": initials(member.user.get_full_name()),
            }
            for member in members
        }
    )
