"""Errors of the API: `{"detail", "code", "fields"?}`, always JSON, never an echo of what was sent."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2


class ApiError(exceptions.APIException):
    """An error with our own code; `extra` is added to the body, e.g. alternatives."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail=detail, code=code)
        self.status_code = status
        self.extra = extra


class UnknownId(ApiError):
    """An id in the request that this clinic does not have: 404, and the field that holds it."""

    def __init__(self, field: str) -> None:
        super().__init__(404, "not_found", "Not found.", fields={field: ["There is none of this id."]})


CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "role",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    503: "unavailable",
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into the API's error body; None for what is a mistake of ours."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, OperationalError | InterfaceError | RedisError):
        return _unavailable(error)
    # Here, for `views` imports the parser, which raises errors of this module.
    from rest_framework.views import exception_handler

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
        response.data = {"detail": str(detail), "code": CODES.get(response.status_code, "error")}
    return response


def _unavailable(error: Exception) -> Response:
    """Say "later" when the database or the broker is down, or a lock was not given in time: nothing was changed."""
    logger.warning("api answered 503 after %s", type(error).__name__)
    body = {"detail": "MedSync cannot answer now. Try again in a moment.", "code": "unavailable"}
    return Response(body, status=503, headers={"Retry-After": str(RETRY_SECONDS)})


def _fields(detail: Any) -> dict[str, Any]:
    if isinstance(detail, dict):
        return {str(name): messages for name, messages in detail.items()}
    return {"non_field_errors": detail}
