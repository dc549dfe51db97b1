"""The base of all views that work in a clinic: the token first, then the clinic of `X-Account-Id`."""

from contextlib import ExitStack
from typing import Any, ClassVar

from django.http import HttpRequest
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clinics.api.errors import ApiError
from clinics.models import Clinic
from clinics.permissions import Action, can
from clinics.queries import clinic_for
from clinics.tenancy import in_clinic


class ClinicAPIView(APIView):
    """Runs the handler inside the clinic. `actions` says what each method needs; else `Action.WORK`."""

    actions: ClassVar[dict[str, Action]] = {}
    clinic: Clinic

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Leave the clinic again, whatever the handler does."""
        with ExitStack() as self._stack:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, then enter the clinic: 400 without the header, 404 for unknown or foreign, 403 by role."""
        super().initial(request, *args, **kwargs)
        ref = request.headers.get("X-Account-Id", "").strip()
        if not ref:
            raise ApiError(
                400, "account_required", "Say which clinic in the X-Account-Id header: its id or short name."
            )
        clinic = clinic_for(request.user, ref) if "\x00" not in ref and len(ref) <= 64 else None
        if clinic is None:
            raise NotFound("No such clinic.")
        self.clinic = clinic
        if not can(request.user, clinic, self.actions.get((request.method or "").lower(), Action.WORK)):
            raise PermissionDenied("Your role in this clinic may not do this.")
        self._stack.enter_context(in_clinic(clinic))

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Any:
        """Say whose answer this is, and that nobody keeps it."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if hasattr(self, "clinic"):
            response["X-Clinic"] = str(self.clinic.id)
        response["Cache-Control"] = "no-store, private"
        return response
