"""Who may do what with patients, and which patient is meant; another clinic's id is unknown here."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from clinics.models import Clinic, User
from clinics.permissions import Action, can
from scheduling.models import Patient

P = ParamSpec("P")


class ClinicRequest(HttpRequest):
    """A request below /c/<slug>/, as the middleware leaves it: for a member, inside the clinic."""

    clinic: Clinic
    user: User


_View = Callable[Concatenate[ClinicRequest, P], HttpResponse]


def may(action: Action) -> Callable[[_View[P]], _View[P]]:
    """Refuse members whose role does not allow it; what a page hides the server refuses too."""

    def decorate(view: _View[P]) -> _View[P]:
        @functools.wraps(view)
        def asked(request: ClinicRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not can(request.user, request.clinic, action):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return cast("_View[P]", asked)

    return decorate


def patient_or_404(patient_id: UUID) -> Patient:
    """Return a patient of this clinic who was not merged into another."""
    found = Patient.objects.filter(pk=patient_id, merged_into=None).first()
    if found is None:
        raise Http404
    return found
