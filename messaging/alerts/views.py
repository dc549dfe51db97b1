"""The page on which a member says how to be told, and the addresses that browsers use for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.access import ClinicRequest, person
from clinics.models import PushSubscription
from medsync.lib import clock
from medsync.lib.text import clean
from messaging.alerts import push, telling
from messaging.alerts.forms import AlertForm
from messaging.models import AlertSettings

MOST_BROWSERS = 20
_WORKER = Path(__file__).resolve().parents[2] / "static" / "js" / "worker.js"


@require_http_methods(["GET", "POST"])
def page(request: ClinicRequest) -> HttpResponse:
    """Show and keep how this member is told in this clinic."""
    kept = AlertSettings.objects.filter(user=request.user).first() or AlertSettings(user=request.user)
    form = AlertForm(request.POST if request.method == "POST" else None, instance=kept)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("alerts:page"))
    context = {
        "form": form,
        "here": "alerts",
        "push_key": push.public_key(),
        "browsers": _browsers(request),
        "has_email": settings.HAS_EMAIL,
        "email": request.user.email,
    }
    return render(request, "messaging/alerts.html", context, status=400 if form.errors else 200)


@require_POST
def test(request: ClinicRequest) -> HttpResponse:
    """Send a test to this member's browsers, and say what became of it."""
    outcome = telling.tell_test(request.user)
    if outcome == telling.SENT:
        messages.success(request, _("Sent. It appears in a moment on every browser you allowed."))
    elif outcome in ("none", telling.GONE):
        messages.error(request, _("No browser of yours is allowed yet: allow this one first."))
    else:
        said = _("The browser’s push service did not take it (%(code)s). Try again later.")
        messages.error(request, said % {"code": outcome})
    return HttpResponseRedirect(reverse("alerts:page"))


@require_POST
@login_required
def subscribe(request: HttpRequest) -> HttpResponse:
    """Keep this browser's address. It moves to who is logged in now: a browser tells one person."""
    endpoint, keys = clean(request.POST.get("endpoint", "")), _keys(request)
    if keys is None or len(endpoint) > 1000 or not push.is_service(endpoint):
        return HttpResponseBadRequest()
    user = person(request)
    if PushSubscription.objects.filter(user=user).count() >= MOST_BROWSERS:
        PushSubscription.objects.filter(user=user).order_by("created_at", "id")[0].delete()
    PushSubscription.objects.update_or_create(
        endpoint=endpoint, defaults={"user": user, "created_at": clock.real_now(), **keys}
    )
    return HttpResponse(status=204)


@require_POST
@login_required
def unsubscribe(request: HttpRequest) -> HttpResponse:
    """Forget this browser's address, if it is this person's."""
    PushSubscription.objects.filter(
        user=person(request), endpoint=clean(request.POST.get("endpoint", ""))[:1000]
    ).delete()
    return HttpResponse(status=204)


@require_GET
@never_cache
def worker(request: HttpRequest) -> HttpResponse:
    """Answer the browser's background script; from the root, for its place says which pages it may serve."""
    return HttpResponse(_WORKER.read_text(encoding="utf-8"), content_type="text/javascript; charset=utf-8")


def _browsers(request: ClinicRequest) -> list[dict[str, Any]]:
    zone = request.clinic.zone
    return [
        {
            "since": row.created_at.astimezone(zone),
            "received": row.received_at and row.received_at.astimezone(zone),
        }
        for row in PushSubscription.objects.filter(user=request.user)
    ]


def _keys(request: HttpRequest) -> dict[str, str] | None:
    keys = {name: request.POST.get(name, "") for name in ("p256dh", "auth")}
    fits = len(keys["p256dh"]) in range(80, 121) and len(keys["auth"]) in range(16, 41)
    plain = all(c.isascii() and (c.isalnum() or c in "-_=+/") for value in keys.values() for c in value)
    return keys if fits and plain else None
