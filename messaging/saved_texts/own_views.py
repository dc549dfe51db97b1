"""What the product says by itself, and the clinic's own words for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock, phone
from messaging import catalog, variables
from messaging.approved import starter
from messaging.language import SPOKEN, nearest
from messaging.saved_texts import own, purposes
from messaging.saved_texts.own_forms import OwnWordsForm


@dataclass(frozen=True, slots=True)
class Row:
    """A text in the list, in the member's language."""

    key: str
    purpose: str
    body: str
    language: str
    is_own: bool
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """Texts with one purpose."""

    name: str
    slug: str
    rows: list[Row]


@require_GET
@may(Action.MANAGE_SETTINGS)
def page(request: ClinicRequest) -> HttpResponse:
    """Show every text of the product."""
    language = nearest(get_language() or "")
    groups: dict[str, list[Row]] = {}
    for text in own.texts():
        groups.setdefault(text.group, []).append(_row(text, language))
    shown = [Group(str(name), slug, groups[slug]) for slug, name in own.GROUPS.items() if slug in groups]
    return render(request, "messaging/own_words.html", {"groups": shown, "here": "saved-texts"})


@require_http_methods(["GET", "POST"])
@may(Action.MANAGE_SETTINGS)
def edit(request: ClinicRequest, key: str) -> HttpResponse:
    """Change the words of one text."""
    text = _text(key)
    form = OwnWordsForm(request.POST if request.method == "POST" else None, text=text)
    if request.method == "POST" and form.is_valid():
        own.save(key, form.texts, by=request.user, now=clock.now())
        messages.success(request, _("Saved. It is said so from now on."))
        return redirect("saved-texts:own")
    context = {
        "form": form,
        "purpose": purposes.purpose_of(text.entry, key),
        "names": [{"name": name, "label": _label(name)} for name in text.entry.placeholders],
        "samples": json.dumps(_samples(request)),
        "is_own": bool(text.own),
        "restore_url": reverse("saved-texts:own-restore", args=[key]),
        "here": "saved-texts",
    }
    return render(
        request,
        "messaging/own_words_form.html",
        context,
        status=400 if form.is_bound and form.errors else 200,
    )


@require_POST
@may(Action.MANAGE_SETTINGS)
def restore(request: ClinicRequest, key: str) -> HttpResponse:
    """Take the built-in words again, in every language."""
    _text(key)
    own.save(key, {}, by=request.user, now=clock.now())
    messages.success(request, _("The built-in words are back."))
    return redirect("saved-texts:own")


def _text(key: str) -> own.Text:
    found = own.text(key)
    if found is None:
        raise Http404
    return found


def _row(text: own.Text, language: str) -> Row:
    return Row(
        key=text.key,
        purpose=purposes.purpose_of(text.entry, text.key),
        body=text.own.get(language) or text.entry.bodies[language],
        language=language,
        is_own=bool(text.own),
        url=reverse("saved-texts:own-edit", args=[text.key]),
    )


def _label(name: str) -> str:
    return str(variables.NAMES.get(name, name.replace("_", " ")))


def _samples(request: ClinicRequest) -> Mapping[str, Mapping[str, str]]:
    clinic = request.clinic
    number = phone.display(clinic.phone, clinic.country) if clinic.phone else "+1 212 555 0142"
    return {
        code: {**_everything(code), "clinic_name": clinic.name, "clinic_phone": number} for code in SPOKEN
    }


def _everything(language: str) -> dict[str, str]:
    """Return a sample for every variable of the catalogue, so that a preview has no gap."""
    return {**dict(_unknown()), **starter.SAMPLES[language]}


def _unknown() -> Iterator[tuple[str, str]]:
    for text in catalog.entries().values():
        for name in text.placeholders:
            yield name, name.replace("_", " ")
