"""The page of approved texts: how they stand, submitting, and what each goes out for."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock, jobs
from messaging.approved import queries, screens, writing
from messaging.approved.forms import AnewForm, MapForm, NewTextForm, UseForm
from messaging.approved.starter import numbered
from messaging.models import ContentTemplate


@require_GET
@may(Action.MANAGE_SETTINGS)
def page(request: ClinicRequest) -> HttpResponse:
    """Show all texts; a re-read answers the list only."""
    rows, accounts = queries.texts(), writing.accounts()
    shown = screens.page(rows, accounts=len(accounts), missing=queries.missing(rows, accounts))
    context = {"page": shown, "here": "saved-texts"}
    if request.headers.get("HX-Request"):
        return render(request, "messaging/approved_texts.html#list", context)
    return render(request, "messaging/approved_texts.html", context)


@require_POST
@may(Action.MANAGE_SETTINGS)
def starter(request: ClinicRequest) -> HttpResponse:
    """Submit what of the starter set is not submitted yet."""
    to_do = writing.submit_starter_set(now=clock.now())
    if to_do:
        text = ngettext(
            "%(n)d text is being submitted. You may leave this page.",
            "%(n)d texts are being submitted. You may leave this page.",
            to_do,
        )
        messages.success(request, text % {"n": to_do})
    else:
        messages.info(request, _("Everything is submitted already."))
    return redirect("approved-texts:page")


@require_POST
@may(Action.MANAGE_SETTINGS)
def sync(request: ClinicRequest) -> HttpResponse:
    """Ask the provider how the texts stand."""
    jobs.enqueue_on_commit(writing.SYNC)
    messages.info(request, _("The provider is being asked. What changes shows here by itself."))
    return redirect("approved-texts:page")


@require_http_methods(["GET", "POST"])
@may(Action.MANAGE_SETTINGS)
def new(request: ClinicRequest) -> HttpResponse:
    """Write a text of the clinic's own, and submit it."""
    accounts = writing.accounts()
    if not accounts:
        return redirect("approved-texts:page")
    form = NewTextForm(request.POST if request.method == "POST" else None, accounts=accounts)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        writing.create(
            account=form.accounts[data["account"]],
            name=data["name"],
            language=data["language"],
            body=numbered(data["body"])[0],
            variables=form.variables,
            buttons=form.buttons,
            category=data["category"],
            now=clock.now(),
        )
        messages.success(request, _("Submitted. WhatsApp takes minutes, at most two days."))
        return redirect("approved-texts:page")
    return _form(request, form, _("New approved text"), _("Submit"))


@require_http_methods(["GET", "POST"])
@may(Action.MANAGE_SETTINGS)
def map_existing(request: ClinicRequest) -> HttpResponse:
    """Take over a text that the account has already."""
    accounts = writing.accounts()
    if not accounts:
        return redirect("approved-texts:page")
    form = MapForm(request.POST if request.method == "POST" else None, accounts=accounts)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            writing.map_existing(
                account=form.accounts[data["account"]],
                content_sid=data["content_sid"],
                key=data["key"],
                now=clock.now(),
            )
        except writing.SidTaken:
            form.add_error("content_sid", _("This text is in the list already."))
        else:
            messages.success(request, _("Taken over. Its words come from the provider in a moment."))
            return redirect("approved-texts:page")
    return _form(request, form, _("Take over a text by its SID"), _("Take over"))


@require_http_methods(["GET", "POST"])
@may(Action.MANAGE_SETTINGS)
def one(request: ClinicRequest, text_id: UUID) -> HttpResponse:
    """Show a text, and say what it goes out for."""
    text = _text(text_id)
    form = UseForm(request.POST if request.method == "POST" else None, text=text)
    if request.method == "POST" and form.is_valid():
        try:
            writing.use_for(text_id, key=form.cleaned_data["key"], names=form.names)
        except writing.UseTaken:
            form.add_error("key", _("Another text of this language goes out for that already."))
        else:
            messages.success(request, _("Saved."))
            return redirect("approved-texts:page")
    context = {"form": form, "row": screens.row_of(text), "here": "saved-texts"}
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "messaging/approved_text.html", context, status=status)


@require_http_methods(["GET", "POST"])
@may(Action.MANAGE_SETTINGS)
def anew(request: ClinicRequest, text_id: UUID) -> HttpResponse:
    """Say a rejected text in other words, and submit it again."""
    text = _text(text_id)
    form = AnewForm(request.POST if request.method == "POST" else None, text=text)
    if request.method == "POST" and form.is_valid():
        if (
            writing.write_anew(text_id, body=form.cleaned_data["body"], samples=form.samples, now=clock.now())
            is None
        ):
            messages.error(request, _("This text is not rejected any more."))
        else:
            messages.success(request, _("Submitted. WhatsApp takes minutes, at most two days."))
        return redirect("approved-texts:page")
    return _form(request, form, _("Say it in other words"), _("Submit"), row=screens.row_of(text))


@require_POST
@may(Action.MANAGE_SETTINGS)
def again(request: ClinicRequest, text_id: UUID) -> HttpResponse:
    """Try once more to submit a text."""
    if not writing.submit_again(text_id):
        messages.info(request, _("There is nothing to try again."))
    return redirect("approved-texts:page")


@require_POST
@may(Action.MANAGE_SETTINGS)
def put_away(request: ClinicRequest, text_id: UUID) -> HttpResponse:
    """Take a text out of the list; it stays at the provider."""
    if not writing.put_away(text_id, now=clock.now()):
        raise Http404
    messages.success(request, _("Taken out. At the provider it stays as it is."))
    return redirect("approved-texts:page")


def _text(text_id: UUID) -> ContentTemplate:
    found = queries.text(text_id)
    if found is None:
        raise Http404
    return found


def _form(
    request: ClinicRequest,
    form: NewTextForm | MapForm | AnewForm,
    title: str,
    verb: str,
    row: screens.Row | None = None,
) -> HttpResponse:
    context = {"form": form, "title": title, "verb": verb, "row": row, "here": "saved-texts"}
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "messaging/approved_text_form.html", context, status=status)
