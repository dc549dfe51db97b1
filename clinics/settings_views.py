"""The settings of a clinic: one page, a panel for each room's own rules."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinics.models import Clinic
from clinics.panels import Panel, panels
from clinics.permissions import Action, can

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def for_settings(view: View[P]) -> View[P]:
    """Let in who may change settings; everybody else of the clinic gets 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not can(request.user, _clinic(request), Action.MANAGE_SETTINGS):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[return-value]


@require_GET
@for_settings
def page(request: HttpRequest) -> HttpResponse:
    """Show every panel as it is kept."""
    return _page(request)


@require_POST
@for_settings
def save(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep one panel, or show it again with what is wrong."""
    panel = next((one for one in panels() if one.slug == slug), None)
    if panel is None:
        raise Http404
    form = panel.form_for(_clinic(request), request.POST)
    if not form.is_valid():
        return _page(request, refused=(panel, form))
    form.save()
    messages.success(request, _("Saved: %(part)s.") % {"part": panel.title})
    return HttpResponseRedirect(reverse("settings") + f"#{panel.slug}")


def _page(request: HttpRequest, *, refused: tuple[Panel, ModelForm] | None = None) -> HttpResponse:  # type: ignore[type-arg]
    clinic = _clinic(request)
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


def _clinic(request: HttpRequest) -> Clinic:
    clinic: Clinic = request.clinic  # type: ignore[attr-defined]
    return clinic
