"""The base of all views that work in a clinic: the token first, then the clinic of `X-Account-Id`."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, ClassVar, cast
from uuid import UUID

from django.http import HttpRequest
from django.utils import translation
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clinics import idempotency
from clinics.api.errors import ApiError
from clinics.api.fields import Body
from clinics.api.parsing import StrictJSONParser
from clinics.models import Clinic, User
from clinics.permissions import Action, can
from clinics.queries import clinic_for
from clinics.tenancy import in_clinic
from medsync.lib import clock

NOTHING_SENT = object()


class AlwaysJSON(BaseContentNegotiation):
    """Answer JSON whatever the caller accepts: there is nothing else."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        """Return the parser of the body's media type, or None: 415."""
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the one renderer."""
        renderer = cast(BaseRenderer, renderers[0])
        return renderer, renderer.media_type


class ClinicAPIView(APIView):
    """Runs the handler inside the clinic. `actions` says what each method needs; else `Action.WORK`."""

    actions: ClassVar[dict[str, Action]] = {}
    parser_classes = (StrictJSONParser,)
    content_negotiation_class = AlwaysJSON
    metadata_class = None  # OPTIONS is a 405: the description is at /api/schema
    clinic: Clinic

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Leave the clinic again, whatever the handler does. Sentences are English: programs read them."""
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            # DRF takes a body of unknown length for none. Any length will do: the parser reads to the end.
            request.META["CONTENT_LENGTH"] = "1"
        with translation.override("en"), ExitStack() as self._stack:
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

    @property
    def member(self) -> User:
        """Return the user whose token this is."""
        return cast(User, self.request.user)

    @property
    def scope(self) -> str:
        """Return what binds a cursor to this clinic."""
        return str(self.clinic.pk)

    def body(self, shape: type[Body], *, partial: bool = False, optional: bool = False) -> dict[str, Any]:
        """Return the clean body, with only the names that were sent. Raises ValidationError.

        `partial` needs no field; `optional` needs no body either.
        """
        data = self.request.data
        if not self._has_body():
            if not optional:
                raise ValidationError({"non_field_errors": ["Send a JSON object."]})
            data = {}
        serializer = shape(data=data, partial=partial, context={"region": self.clinic.country, "view": self})
        serializer.is_valid(raise_exception=True)
        return cast(dict[str, Any], serializer.validated_data)

    def once(self, effect: Callable[[], UUID], *, status: int = 201) -> idempotency.Effect:
        """Run a creating effect, once for each `Idempotency-Key` when there is one.

        Raises ValidationError for a key that is none, ApiError 409 for one that came with another request.
        """
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return idempotency.Effect(effect())
        try:
            return idempotency.once(
                clinic=self.clinic,
                user=self.member,
                key=idempotency.checked(key),
                request_hash=idempotency.fingerprint(
                    self.request.method or "", self.request.path, self.request.data
                ),
                status=status,
                effect=effect,
                now=clock.real_now(),
            )
        except idempotency.BadKey as error:
            sentence = f"Must have 1 to {idempotency.MAX_LENGTH} characters, and no control characters."
            raise ValidationError({"Idempotency-Key": [sentence]}) from error
        except idempotency.KeyReused as error:
            raise ApiError(409, "key_reused", "This key was used for another request.") from error

    def _has_body(self) -> bool:
        return self.request.META.get("CONTENT_LENGTH", "") not in ("", "0")
