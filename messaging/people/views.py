"""The list of patients and a patient's page: translate, read, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action, can
from medsync.lib import clock
from medsync.lib.ids import id_in
from medsync.lib.text import clean
from messaging.models import ConsentHow
from messaging.people import line, listing, queries, record, screens
from messaging.people.access import patient_or_404
from scheduling import opened
from scheduling.models import Patient

LONGEST_SEARCH = 120


@require_GET
def patients(request: ClinicRequest) -> HttpResponse:
    """Show the list by name, or those nobody has named yet."""
    unnamed = request.GET.get("show") == "unnamed"
    context = _list(request, unnamed=unnamed, after=id_in(request.GET.get("after", "")))
    return _answer(request, context)


@require_POST
def search(request: ClinicRequest) -> HttpResponse:
    """Answer who is found. POST: what is searched for are names and numbers, which belong in no address and no log."""
    wanted = clean(request.POST.get("wanted", "")).strip()[:LONGEST_SEARCH]
    context = _list(
        request,
        unnamed=request.POST.get("show") == "unnamed",
        wanted=wanted,
        after=id_in(request.POST.get("after", "")),
    )
    return _answer(request, context)


@require_GET
def page(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Show a patient's page; that it was opened is kept."""
    patient, now = patient_or_404(patient_id), clock.now()
    opened.note(patient, by=request.user, now=now)
    return page_of(request, patient)


@require_GET
def older(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Answer the page of the line of time before the one that is shown; it counts as opening the page."""
    patient = patient_or_404(patient_id)
    opened.note(patient, by=request.user, now=clock.now())
    found = record.reached(patient)
    context = {"line": _line(request, found, before=request.GET.get("before", ""))}
    return render(request, "messaging/people_line.html", context)


@require_GET
@may(Action.SEE_WHO_LOOKED)
def looked(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Show everybody who opened the page in the last six years."""
    patient = patient_or_404(patient_id)
    after = id_in(request.GET.get("after", ""))
    rows = record.looked(patient, after=after, limit=record.LOOKED_PAGE)
    shown = rows[: record.LOOKED_PAGE]
    context = {
        "here": "patients",
        "head": screens.head(record.reached(patient)),
        "looks": screens.looks(shown, clinic=request.clinic),
        "after": shown[-1].pk if len(rows) > record.LOOKED_PAGE else None,
        "first": after is None,
    }
    return render(request, "messaging/people_looked.html", context)


def page_of(request: ClinicRequest, patient: Patient, *, status: int = 200, **said: Any) -> HttpResponse:
    """Answer a patient's page as it is now, with what a form on it has to say."""
    now, clinic = clock.now(), request.clinic
    found = record.record(patient, now=now)
    context: dict[str, Any] = {
        "here": "patients",
        "patient": screens.page(found, clinic=clinic, now=now),
        "line": _line(request, found),
        "today": now.astimezone(clinic.zone).date().isoformat(),
        "hows": ConsentHow.choices,
        **said,
    }
    if can(request.user, clinic, Action.SEE_WHO_LOOKED):
        rows = record.looked(patient, limit=record.LOOKED)
        context |= {
            "looks": screens.looks(rows[: record.LOOKED], clinic=clinic),
            "more_looks": len(rows) > record.LOOKED,
        }
    return render(request, "messaging/people_page.html", context, status=status)


def _answer(request: ClinicRequest, context: dict[str, Any]) -> HttpResponse:
    """Answer the whole page, to our scripts what was found, or its next rows."""
    if not request.headers.get("HX-Request"):
        return render(request, "messaging/people.html", context)
    template = "messaging/people_found.html" if context["page"].first else "messaging/people_rows.html"
    return render(request, template, context | {"fragment": True})


def _line(request: ClinicRequest, found: record.Reached, *, before: str = "") -> line.Line:
    rows = line.lines(found.patient, [thread.pk for thread in found.threads], before=before)
    return line.line(
        rows,
        patient=found.patient,
        speakers=screens.speakers(found),
        clinic=request.clinic,
        now=clock.now(),
    )


def _list(
    request: ClinicRequest, *, unnamed: bool, wanted: str = "", after: UUID | None = None
) -> dict[str, Any]:
    clinic, now = request.clinic, clock.now()
    found = queries.patients(unnamed=unnamed, wanted=wanted, region=clinic.country, after=after, now=now)
    shown = listing.listing(
        found, clinic=clinic, wanted=wanted, unnamed=unnamed, first=after is None, now=now
    )
    return {"here": "patients", "page": shown}
