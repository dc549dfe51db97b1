"""The page of saved texts: everybody uses them, who may change settings changes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action, can
from medsync.lib import clock, phone
from messaging import variables
from messaging.language import nearest
from messaging.models import SavedText
from messaging.saved_texts import offering, screens, writing
from messaging.saved_texts.forms import SavedTextForm


@require_GET
@may(Action.WORK)
def page(request: ClinicRequest) -> HttpResponse:
    """Show all texts."""
    may_change = can(request.user, request.clinic, Action.MANAGE_SETTINGS)
    shown = screens.page(
        offering.present(),
        offering.archived() if may_change else [],
        language=nearest(get_language() or ""),
        may_change=may_change,
    )
    return render(request, "messaging/saved_texts.html", {"page": shown, "here": "saved-texts"})


@require_http_methods(["GET", "POST"])
@may(Action.MANAGE_SETTINGS)
def new(request: ClinicRequest) -> HttpResponse:
    """Write a new text."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@may(Action.MANAGE_SETTINGS)
def edit(request: ClinicRequest, text_id: UUID) -> HttpResponse:
    """Change a text."""
    text = offering.text(text_id)
    if text is None or text.archived_at is not None:
        raise Http404
    return _form(request, text)


@require_POST
@may(Action.MANAGE_SETTINGS)
def archive(request: ClinicRequest, text_id: UUID) -> HttpResponse:
    """Put a text away."""
    if not writing.archive(text_id, now=clock.now()):
        raise Http404
    messages.success(request, _("Archived. It stands below and can be brought back."))
    return redirect("saved-texts:page")


@require_POST
@may(Action.MANAGE_SETTINGS)
def restore(request: ClinicRequest, text_id: UUID) -> HttpResponse:
    """Bring a text back."""
    try:
        if not writing.restore(text_id, now=clock.now()):
            raise Http404
    except writing.Taken as error:
        messages.error(request, _TAKEN[error.field]())
    else:
        messages.success(request, _("The text is back."))
    return redirect("saved-texts:page")


_TAKEN: dict[str, Callable[[], str]] = {
    "name": lambda: _("Another text has this name."),
    "shortcut": lambda: _("Another text has this shortcut."),
}


def _form(request: ClinicRequest, text: SavedText | None) -> HttpResponse:
    form = SavedTextForm(request.POST if request.method == "POST" else None, text=text)
    if request.method == "POST" and form.is_valid():
        try:
            writing.save(
                text,
                name=form.cleaned_data["name"],
                shortcut=form.cleaned_data["shortcut"],
                category=form.cleaned_data["category"],
                texts=form.texts,
                by=request.user,
                now=clock.now(),
            )
        except writing.Taken as error:
            form.add_error(error.field, _TAKEN[error.field]())
        else:
            messages.success(request, _("Saved."))
            return redirect("saved-texts:page")
    clinic = request.clinic
    own = {"clinic_name": clinic.name}
    if clinic.phone:
        own["clinic_phone"] = phone.display(clinic.phone, clinic.country)
    samples = {code: {**values, **own} for code, values in variables.SAMPLES.items()}
    context = {
        "form": form,
        "text": text,
        "here": "saved-texts",
        "samples": json.dumps(samples),
        "variables": [{"name": name, "label": label} for name, label in variables.NAMES.items()],
    }
    return render(
        request,
        "messaging/saved_text_form.html",
        context,
        status=400 if form.is_bound and form.errors else 200,
    )
