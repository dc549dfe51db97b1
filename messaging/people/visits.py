"""Booking and cancelling on a patient's page, with the very words that the patient gets."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock
from messaging import foretelling
from messaging.inbox import person
from messaging.people import booking, record, screens
from messaging.people.access import patient_or_404
from messaging.people.forms import BookForm, CancelForm
from scheduling import operations
from scheduling.errors import NotBookable, PastTime, SchedulingError, TimeRefused
from scheduling.models import LIVE, Appointment, Cancellation, EventKind, Patient, Status


@require_http_methods(["GET", "POST"])
@may(Action.WORK)
def book(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Book a visit: kind, doctor, day, then one of the times that are free."""
    patient, now = patient_or_404(patient_id), clock.now()
    if request.method != "POST":
        return _book_page(request, patient)
    chosen = booking.read(request.POST.get("slot", ""))
    if chosen is None:
        return _book_page(request, patient, refused=_("Choose a time first."), status=400)
    silent = not request.POST.get("tell")
    try:
        operations.book(
            patient,
            type=chosen.type_id,
            practitioner=chosen.practitioner_id,
            starts_at=chosen.starts_at,
            actor=request.user,
            silent=silent,
            now=now,
        )
    except TimeRefused as error:
        return _book_page(request, patient, refused=booking.refusal(error), error=error, status=409)
    told = _("Booked.") if silent else _("Booked. The text to the patient is in the thread.")
    messages.success(request, told)
    return redirect(_visits(patient))


@require_POST
@may(Action.WORK)
def book_text(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Answer word for word what the patient would get for a time; changes nothing."""
    patient = patient_or_404(patient_id)
    chosen = booking.read(request.POST.get("slot", ""))
    visit = booking.as_visit(patient, chosen) if chosen else None
    told = foretelling.foretell(visit, EventKind.BOOKED, now=clock.now()) if visit else None
    context = {"told": told, "silent": not request.POST.get("tell"), "chosen": visit is not None}
    return render(request, "messaging/people_told.html", context)


@require_http_methods(["GET", "POST"])
@may(Action.WORK)
def cancel(request: ClinicRequest, patient_id: UUID, visit_id: UUID) -> HttpResponse:
    """Cancel a visit: who cancels, the reason, and whether the patient is told by a text."""
    patient, now = patient_or_404(patient_id), clock.now()
    visit = _visit(patient, visit_id)
    if request.method != "POST":
        return _cancel_page(request, patient, visit, CancelForm())
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _cancel_page(request, patient, visit, form, status=400)
    if str(visit.version) != request.POST.get("version", str(visit.version)):
        return _cancel_page(request, patient, visit, CancelForm(), refused=_changed(), status=409)
    try:
        operations.cancel(
            visit,
            by=request.user,
            why=form.cleaned_data["why"],
            reason=form.cleaned_data["reason"],
            silent=not form.cleaned_data["tell"],
            now=now,
        )
    except PastTime:
        sentence = _("The visit has begun. Say that it did not take place instead.")
        return _cancel_page(request, patient, visit, form, refused=sentence, status=409)
    except SchedulingError:
        fresh = _visit(patient, visit_id)
        return _cancel_page(request, patient, fresh, form, refused=_changed(), status=409)
    messages.success(request, _("Cancelled. The time is free again."))
    return redirect(_visits(patient))


@require_POST
@may(Action.WORK)
def cancel_text(request: ClinicRequest, patient_id: UUID, visit_id: UUID) -> HttpResponse:
    """Answer word for word what the patient would get with this reason; changes nothing."""
    visit = _visit(patient_or_404(patient_id), visit_id)
    return render(request, "messaging/people_told.html", _told(request, visit, CancelForm(request.POST)))


def _told(request: HttpRequest, visit: Appointment, form: CancelForm) -> dict[str, Any]:
    if form.is_bound and form.is_valid():
        why, reason, tell = (form.cleaned_data[name] for name in ("why", "reason", "tell"))
    else:
        why, reason, tell = Cancellation.CLINIC, "", True
    ended = copy.copy(visit)
    ended.status, ended.cancellation = Status.CANCELLED, why
    told = foretelling.foretell(ended, EventKind.CANCELLED, now=clock.now(), reason=reason)
    return {"told": told, "silent": not tell, "chosen": True}


def _cancel_page(
    request: ClinicRequest,
    patient: Patient,
    visit: Appointment,
    form: CancelForm,
    *,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "here": "patients",
        "head": screens.head(record.reached(patient)),
        "visit": person.visit_line(visit, request.clinic, shared=False),
        "version": visit.version,
        "form": form,
        "refused": refused,
        "over": visit.status not in LIVE,
        "text_url": reverse("people:cancel-text", args=[patient.pk, visit.pk]),
        **_told(request, visit, form),
    }
    return render(request, "messaging/people_cancel.html", context, status=status)


def _book_page(
    request: ClinicRequest,
    patient: Patient,
    *,
    refused: str = "",
    error: TimeRefused | None = None,
    status: int = 200,
) -> HttpResponse:
    now, clinic = clock.now(), request.clinic
    form = BookForm(request.POST if request.method == "POST" else request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    today: date = now.astimezone(clinic.zone).date()
    try:
        shown = booking.choices(
            type_id=wanted.get("type"),
            doctor_id=wanted.get("doctor"),
            day=min(max(wanted.get("day") or today, today), today + booking.FARTHEST),
            clinic=clinic,
            now=now,
        )
    except NotBookable as reason:
        raise Http404 from reason
    context = {
        "here": "patients",
        "head": screens.head(record.reached(patient)),
        "book": shown,
        "today": today.isoformat(),
        "refused": refused,
        "others": booking.others(error, clinic=clinic) if error else [],
        "silent": request.method == "POST" and not request.POST.get("tell"),
        "text_url": reverse("people:book-text", args=[patient.pk]),
        "told": None,
        "chosen": False,
    }
    return render(request, "messaging/people_book.html", context, status=status)


def _visit(patient: Patient, visit_id: UUID) -> Appointment:
    related = ("patient", "practitioner", "type", "location", "contact_point")
    visit = Appointment.objects.filter(pk=visit_id, patient=patient).select_related(*related).first()
    if visit is None:
        raise Http404
    return visit


def _changed() -> str:
    return _("It has changed meanwhile; look again.")


def _visits(patient: Patient) -> str:
    return reverse("people:page", args=[patient.pk]) + "#visits"
