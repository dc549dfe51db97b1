"""Locking and opening the screen: outside of any clinic, for every page of the person."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from clinics import locking
from clinics.access import person
from clinics.locking import Unlocked
from medsync.lib import clock


@require_POST
@login_required
@never_cache
def lock(request: HttpRequest) -> HttpResponse:
    """Lock the session; say whether a passkey can open it. A browser without scripts gets the lock's page."""
    locking.lock(request.session, now=clock.now())
    if request.headers.get("X-Script"):
        return JsonResponse({"passkey": locking.has_passkey(person(request))})
    return HttpResponseRedirect(_next(request))


@require_POST
@login_required
@never_cache
def awake(request: HttpRequest) -> HttpResponse:
    """Note that somebody uses the page. 423 when it is locked already."""
    now = clock.now()
    if locking.is_locked(request.session, now=now):
        return HttpResponse(status=423)
    minutes = request.session.get(locking.MINUTES)
    if minutes is not None:
        locking.note_activity(request.session, minutes=minutes, now=now)
    return HttpResponse(status=204)


@require_POST
@login_required
@never_cache
def unlock(request: HttpRequest) -> HttpResponse:
    """Open the screen with password or PIN: 204 to a script, back to the page to a browser without one."""
    outcome = locking.unlock(request, request.POST.get("secret", "")[:128], now=clock.now())
    if request.headers.get("X-Script"):
        status = {Unlocked.OPEN: 204, Unlocked.WRONG: 403, Unlocked.LOGGED_OUT: 401}[outcome]
        return HttpResponse(status=status)
    if outcome is Unlocked.WRONG:
        return locked_page(request, error=_("That is neither the password nor the PIN."))
    return HttpResponseRedirect(_next(request))


@require_GET
@login_required
@never_cache
def unlock_by_passkey(request: HttpRequest) -> HttpResponse:
    """Open the screen once the passkey was shown; ask for it first when it was not."""
    if locking.unlock_by_passkey(request, now=clock.now()):
        return HttpResponseRedirect(_next(request))
    back = f"{request.path}?{urlencode({'next': _next(request)})}"
    return HttpResponseRedirect(f"{reverse('mfa_reauthenticate_webauthn')}?{urlencode({'next': back})}")


def locked_page(request: HttpRequest, *, error: str = "") -> HttpResponse:
    """Return the page that stands in for every other while the session is locked."""
    goal = request.path if request.method == "GET" and not error else _next(request)
    context = {"next": goal, "error": error, "passkey": locking.has_passkey(person(request))}
    return render(request, "clinics/locked.html", context, status=423)


def _next(request: HttpRequest) -> str:
    goal = request.POST.get("next") or request.GET.get("next") or "/"
    if url_has_allowed_host_and_scheme(goal, {request.get_host()}, require_https=request.is_secure()):
        return goal
    return "/"
