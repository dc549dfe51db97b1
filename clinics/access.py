"""What a view below /c/<slug>/ is given, and the refusal of members whose role does not allow it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from clinics.models import Clinic, User
from clinics.permissions import Action, can

P = ParamSpec("P")


class ClinicRequest(HttpRequest):
    """A request below /c/<slug>/, as the middleware leaves it: for a member, inside the clinic."""

    clinic: Clinic
    user: User


View = Callable[Concatenate[ClinicRequest, P], HttpResponse]


def may(action: Action) -> Callable[[View[P]], View[P]]:
    """Refuse members whose role does not allow it; what a page hides the server refuses too."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def asked(request: ClinicRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not can(request.user, request.clinic, action):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return cast("View[P]", asked)

    return decorate


def person(request: HttpRequest) -> User:
    """Return who is logged in, for a page that nobody else reaches."""
    assert isinstance(request.user, User)
    return request.user
