"""Errors of the API: `{"detail", "code", "fields"?}`, never an echo of what was sent."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler


class ApiError(exceptions.APIException):
    """An error with our own code; `extra` is added to the body, e.g. alternatives."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail=detail, code=code)
        self.status_code = status
        self.extra = extra


_CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "role",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into the API's error body."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ApiError):
        response.data = {"detail": str(error.detail), "code": error.get_codes(), **error.extra}
    elif isinstance(error, exceptions.ValidationError):
        response.data = {
            "detail": "Some fields are wrong.",
            "code": "invalid",
            "fields": _fields(error.detail),
        }
    else:
        detail = getattr(error, "detail", "")
        response.data = {"detail": str(detail), "code": _CODES.get(response.status_code, "error")}
    return response


def _fields(detail: Any) -> dict[str, Any]:
    if isinstance(detail, dict):
        return {str(name): messages for name, messages in detail.items()}
    return {"non_field_errors": detail}
