"""The banner over every page, read again each minute."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from clinics.access import ClinicRequest
from clinics.permissions import Action, can
from medsync.lib import clock
from messaging.trouble import queries, screens


@require_GET
def banners(request: ClinicRequest) -> HttpResponse:
    """Show what cannot be sent for now; empty when all is well."""
    now = clock.now()
    leads = can(request.user, request.clinic, Action.MANAGE_SENDERS)
    found = [
        screens.banner(trouble, clinic=request.clinic, leads=leads, now=now)
        for trouble in queries.troubles(request.clinic, now=now)
    ]
    return render(request, "messaging/trouble.html", {"banners": found})
