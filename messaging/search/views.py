"""The palette's search: what is looked for are names and words of patients, so it is posted, never an address."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from clinics.access import ClinicRequest
from medsync.lib import clock
from medsync.lib.text import clean
from messaging.search import queries, screens

LONGEST = 120


@require_POST
def search(request: ClinicRequest) -> HttpResponse:
    """Answer people and messages that fit."""
    wanted, now = clean(request.POST.get("wanted", "")).strip()[:LONGEST], clock.now()
    found = queries.search(wanted, region=request.clinic.country, now=now)
    results = screens.results(found, wanted, clinic=request.clinic, now=now)
    return render(request, "messaging/search_results.html", {"results": results, "wanted": wanted})
