"""The settings of a clinic: one page, a panel for each room's own rules."""

from django.contrib import messages
from django.forms import ModelForm
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest, may
from clinics.panels import Panel, panels
from clinics.permissions import Action


@require_GET
@may(Action.MANAGE_SETTINGS)
def page(request: ClinicRequest) -> HttpResponse:
    """Show every panel as it is kept."""
    return _page(request)


@require_POST
@may(Action.MANAGE_SETTINGS)
def save(request: ClinicRequest, slug: str) -> HttpResponse:
    """Keep one panel, or show it again with what is wrong."""
    panel = next((one for one in panels() if one.slug == slug), None)
    if panel is None:
        raise Http404
    form = panel.form_for(request.clinic, request.POST)
    if not form.is_valid():
        return _page(request, refused=(panel, form))
    form.save()
    messages.success(request, _("Saved: %(part)s.") % {"part": panel.title})
    return HttpResponseRedirect(reverse("settings") + f"#{panel.slug}")


def _page(request: ClinicRequest, *, refused: tuple[Panel, ModelForm] | None = None) -> HttpResponse:  # type: ignore[type-arg]
    clinic = request.clinic
    shown = [
        {
            "panel": panel,
            "form": refused[1] if refused and refused[0] is panel else panel.form_for(clinic, None),
            "url": reverse("settings-save", args=[panel.slug]),
        }
        for panel in panels()
    ]
    context = {"panels": shown, "clinic": clinic, "here": "settings"}
    return render(request, "clinics/settings.html", context, status=400 if refused else 200)
