"""What members change on a patient's page: who it is, notes, consent. One domain call each, then the page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinics.access import ClinicRequest, may
from clinics.models import Channel
from clinics.permissions import Action
from medsync.lib import clock
from messaging import consent as consents
from messaging import gate, outbox, threads
from messaging.models import ConsentSource, Purpose
from messaging.people import listing, queries, record, screens, views
from messaging.people.access import patient_or_404
from messaging.people.forms import ConsentForm, NewPatientForm, PatientForm
from scheduling import opened, patients
from scheduling.models import Patient


@require_http_methods(["GET", "POST"])
@may(Action.WORK)
def new(request: ClinicRequest) -> HttpResponse:
    """Add a patient. Who may be the same person is shown first; staff decide."""
    clinic, now = request.clinic, clock.now()
    given = {"today": now.astimezone(clinic.zone).date(), "region": clinic.country}
    if request.method != "POST":
        return _form(request, NewPatientForm(initial={"relation": "self"}, **given))
    form = NewPatientForm(request.POST, **given)
    if not form.is_valid():
        return _form(request, form, status=400)
    phone = form.cleaned_data["phone"]
    alike = queries.suspects(
        name=form.cleaned_data["name"],
        born=form.cleaned_data["date_of_birth"],
        phone=phone,
        region=clinic.country,
    )
    if alike and not request.POST.get("anyway"):
        return _form(request, form, alike=alike, status=409)
    try:
        patient = patients.create(
            **form.who,
            phone=phone or None,
            relation=form.cleaned_data["relation"],
            region=clinic.country,
            now=now,
        )
    except patients.RecordNumberTaken:
        form.add_error("record_number", _taken())
        return _form(request, form, status=409)
    messages.success(request, _("The patient is added."))
    return redirect("people:page", patient.pk)


@require_http_methods(["GET", "POST"])
@may(Action.WORK)
def edit(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Change who somebody is. A new name may be that of somebody known: who it could be is shown first."""
    patient = patient_or_404(patient_id)
    today = clock.now().astimezone(request.clinic.zone).date()
    initial = PatientForm.initial_of(patient)
    if request.method != "POST":
        opened.note(patient, by=request.user, now=clock.now())  # it shows the record, as the page does
        return _form(request, PatientForm(initial=initial, today=today), patient=patient)
    form = PatientForm(request.POST, initial=initial, today=today)
    if not form.is_valid():
        return _form(request, form, patient=patient, status=400)
    alike = []
    if form.cleaned_data["name"] != patient.name and not request.POST.get("anyway"):
        alike = queries.suspects(
            name=form.cleaned_data["name"],
            born=form.cleaned_data["date_of_birth"],
            phone="",
            region=request.clinic.country,
            besides=patient.pk,
        )
    if alike:
        return _form(request, form, patient=patient, alike=alike, status=409)
    try:
        patients.update(patient, **form.who)
    except patients.RecordNumberTaken:
        form.add_error("record_number", _taken())
        return _form(request, form, patient=patient, status=409)
    messages.success(request, _("Saved."))
    return redirect("people:page", patient.pk)


@require_POST
@may(Action.WORK)
def note(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Store a note for staff, in the thread of the patient's first number."""
    patient, now = patient_or_404(patient_id), clock.now()
    body = request.POST.get("body", "")
    point = record.home_point(patient)
    if point is None:
        refused = _("A note stands in a thread, and this patient has no number yet. Add one first.")
        return views.page_of(request, patient, note_refused=refused, note_body=body, status=409)
    try:
        outbox.add_note(threads.thread_of(point.pk, now=now), body=body, user=request.user, now=now)
    except outbox.BodyRefused as error:
        detail, remedy = gate.sentences(error.code, "")
        return views.page_of(request, patient, note_refused=f"{detail}. {remedy}", note_body=body, status=409)
    return redirect(_at(patient, "notes"))


@require_POST
@may(Action.WORK)
def write(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Open the thread of the patient's first number, made when nothing was ever said."""
    patient, now = patient_or_404(patient_id), clock.now()
    point = record.home_point(patient)
    if point is None:
        messages.error(request, _("There is no number to write to. Add one first."))
        return redirect(_at(patient, "numbers"))
    thread = threads.thread_of(point.pk, now=now)
    if thread.put_away_at:
        threads.touch(thread.pk, now=now, put_away_at=None)
    return redirect("inbox:thread", thread.pk)


@require_POST
@may(Action.WORK)
def consent(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Write into the ledger what a patient told a member. A STOP stands: only the patient can undo it."""
    patient, now = patient_or_404(patient_id), clock.now()
    form = ConsentForm(request.POST, today=now.astimezone(request.clinic.zone).date())
    if not form.is_valid():
        return _refused(request, patient, form.first_error, status=400)
    told = form.cleaned_data
    points = {point.pk: point for point in record.reached(patient).points}
    point = points.get(told["point"])
    if point is None:
        return _refused(request, patient, _("This number is not theirs any more."), status=409)
    granted = told["answer"] == "yes"
    channel = Channel(told["channel"])
    state = consents.state_of(point, channel.value)
    if granted and state.opted_out_at:
        sentence = _("They stopped messages on %(channel)s. Only they can undo it, by writing START.")
        return _refused(request, patient, sentence % {"channel": channel.label}, status=409)
    consents.record(
        point,
        channel.value,
        purpose=Purpose(told["purpose"]),
        granted=granted,
        source=ConsentSource.STAFF,
        wording=told["words"],
        actor=request.user,
        how=told["how"],
        said_on=told["said_on"],
        now=now,
    )
    messages.success(request, _("Recorded, with the words."))
    return redirect(_at(patient, "consent"))


def _refused(request: ClinicRequest, patient: Patient, sentence: str, *, status: int) -> HttpResponse:
    told = {name: request.POST.get(name, "") for name in (*ConsentForm.base_fields,)}
    return views.page_of(request, patient, consent_refused=sentence, told=told, status=status)


def _taken() -> str:
    return _("Another patient has this record number.")


def _at(patient: Patient, part: str) -> str:
    return reverse("people:page", args=[patient.pk]) + f"#{part}"


def _form(
    request: ClinicRequest,
    form: PatientForm,
    *,
    patient: Patient | None = None,
    alike: list[Patient] | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "here": "patients",
        "form": form,
        "alike": listing.alike(alike or [], clinic=request.clinic, now=clock.now()),
        "head": screens.head(record.reached(patient)) if patient else None,
    }
    return render(request, "messaging/people_form.html", context, status=status)
