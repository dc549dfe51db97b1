"""What members change of a patient's numbers."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock
from messaging.people import views
from messaging.people.access import patient_or_404
from messaging.people.forms import NumberForm
from scheduling import reach
from scheduling.models import Patient, Relation


@require_POST
@may(Action.WORK)
def add(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Let a patient be reached at one more number."""
    patient = patient_or_404(patient_id)
    form = NumberForm(request.POST, region=request.clinic.country)
    if not form.is_valid():
        return views.page_of(request, patient, number_form=form, status=400)
    reach.add_phone(
        patient,
        phone=form.cleaned_data["phone"],
        region=request.clinic.country,
        relation=form.cleaned_data["relation"],
        now=clock.now(),
    )
    messages.success(request, _("The number is added."))
    return _back(patient)


@require_POST
@may(Action.WORK)
def change(request: ClinicRequest, patient_id: UUID, contact_id: UUID, what: str) -> HttpResponse:
    """Star a number, say whose it is, mark it as not theirs or theirs, or take it off."""
    patient, now = patient_or_404(patient_id), clock.now()
    relation = request.POST.get("relation", "")
    if what == "relation" and relation not in Relation.values:
        return HttpResponseBadRequest()
    changes: dict[str, tuple[Callable[[], object], str]] = {
        "star": (
            lambda: reach.star(patient, contact_id=contact_id),
            _("Reminders go to this number."),
        ),
        "relation": (
            lambda: reach.relate(patient, contact_id=contact_id, relation=relation),
            _("Saved."),
        ),
        "not-theirs": (
            lambda: reach.mark_not_theirs(patient, contact_id=contact_id, now=now),
            _("Marked as not theirs. Nothing more is begun to this number for this patient."),
        ),
        "theirs": (
            lambda: reach.mark_theirs(patient, contact_id=contact_id),
            _("The number is theirs again."),
        ),
        "remove": (
            lambda: reach.remove(patient, contact_id=contact_id, now=now),
            _("The number is taken off. Its thread and what was agreed there stay with the number."),
        ),
    }
    if what not in changes:
        raise Http404
    operation, sentence = changes[what]
    try:
        operation()
    except reach.UnknownContact as error:
        raise Http404 from error
    messages.success(request, sentence)
    return _back(patient)


def _back(patient: Patient) -> HttpResponse:
    return redirect(reverse("people:page", args=[patient.pk]) + "#numbers")
