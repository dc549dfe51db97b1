"""JSON for what no view of the API answers: unknown paths, refused requests, and our own mistakes."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

API = "/api/"


def unknown_path(request: HttpRequest, **kwargs: Any) -> JsonResponse:
    """Answer 404 for a path below /api/ that nothing has."""
    return _error(404, "not_found", "Not found.")


def unreadable() -> JsonResponse:
    """Return the answer to a request that is none, such as one for a path with a NUL."""
    return _error(400, "invalid", "This request cannot be read.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 for a request that never reached a view, such as one for another host."""
    if request.path_info.startswith(API):
        return unreadable()
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; what happened is in the log."""
    if request.path_info.startswith(API):
        return _error(500, "error", "Something went wrong on our side. It has been noted.")
    return defaults.server_error(request)


def _error(status: int, code: str, detail: str) -> JsonResponse:
    response = JsonResponse({"detail": detail, "code": code}, status=status)
    response["Cache-Control"] = "no-store, private"
    return response
