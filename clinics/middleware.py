"""The way into a clinic: /c/<slug>/… becomes SCRIPT_NAME, strangers are kept out, answers say whose they are."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import get_script_prefix, set_script_prefix, set_urlconf

from clinics import locking
from clinics.accounts import lacks_second_factor, to_second_factor
from clinics.api.fallback import API, unreadable
from clinics.lock_views import locked_page
from clinics.permissions import Action, can, role_of
from clinics.tenancy import clinic_by_slug, in_clinic
from medsync.lib import clock

GetResponse = Callable[[HttpRequest], HttpResponse]

MAX_PATH = 2000


class CleanPathMiddleware:
    """Refuse paths that no page has: NUL (the database would raise), control characters, over-long ones."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 400, or go on in the public schema, whatever this thread did before."""
        path = request.path_info
        if len(path) > MAX_PATH or any(ord(c) < 32 or "\ud800" <= c <= "\udfff" for c in path):
            return unreadable() if path.startswith(API) else HttpResponseBadRequest(content_type="text/html")
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        return self.get_response(request)


class LockMiddleware:
    """Refuse every page of a person whose screen is locked, but what opens it."""

    GUARDED = ("/c/", "/profile/", "/admin/", "/accounts/")
    OPENS = (
        "/accounts/logout/",
        "/accounts/reauthenticate/",
        "/accounts/2fa/reauthenticate/",
        "/accounts/2fa/webauthn/reauthenticate/",
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 423 while the screen is locked; note that a person is there when one opens a page."""
        path, now = request.path_info, clock.now()
        if path != "/" and (not path.startswith(self.GUARDED) or path.startswith(self.OPENS)):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return self.get_response(request)
        by_hand = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        if locking.is_locked(request.session, now=now):
            if by_hand and not request.headers.get("HX-Request"):
                return locked_page(request)
            return HttpResponse(status=423)
        response = self.get_response(request)
        clinic = getattr(request, "clinic", None)
        # A page that reads itself again every half minute is nobody's doing.
        if clinic is not None and by_hand and request.user.is_authenticated:
            locking.note_activity(request.session, minutes=clinic.idle_minutes, now=now)
        return response


class ClinicMiddleware:
    """Enter the clinic of /c/<slug>/ for its members; comes after the session and the user are known."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Log-in first, then 404 for a clinic that is unknown or somebody else's."""
        if not request.path_info.startswith("/c/"):
            return self.get_response(request)
        slug, slash, rest = request.path_info[3:].partition("/")
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        clinic = clinic_by_slug(slug)
        if clinic is None or not can(request.user, clinic, Action.WORK):
            raise Http404
        if lacks_second_factor(request.user, role_of(request.user, clinic), clinic):
            return to_second_factor()
        if not slash:  # "/c/riverside": Django's own answer to a missing slash would lose the prefix
            return HttpResponse(status=301, headers={"Location": f"/c/{slug}/"})
        prefix, outside = f"/c/{slug}", get_script_prefix()
        with in_clinic(clinic):
            request.clinic = clinic  # type: ignore[attr-defined]
            request.urlconf = "medsync.clinic_urls"
            set_urlconf("medsync.clinic_urls")
            request.path_info = request.META["PATH_INFO"] = "/" + rest
            request.META["SCRIPT_NAME"] = prefix
            set_script_prefix(prefix + "/")
            try:
                response = self.get_response(request)
            finally:
                set_urlconf(None)
                set_script_prefix(outside)
            response["X-Clinic"] = str(clinic.id)
            if "Cache-Control" not in response:
                response["Cache-Control"] = "no-store, private"
            return response
