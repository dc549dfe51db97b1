"""The clinic's numbers: the list with one of them, connecting another, what can be done with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics import senders
from clinics.access import ClinicRequest, may
from clinics.carriers import carrier, master_id
from clinics.models import Channel, Sender, SenderStatus
from clinics.permissions import Action
from medsync.lib import clock, jobs
from messaging import outbox
from messaging.numbers import checking, pace, queries, screens
from messaging.numbers.forms import ConnectForm, TelnyxForm, TestForm, TokenForm

CHECK = "messaging.check_number"
_FORMS: dict[str, type[ConnectForm] | type[TelnyxForm]] = {"twilio": ConnectForm, "telnyx": TelnyxForm}
_PLACES = {"twilio": "numbers:add", "telnyx": "numbers:add-telnyx"}


@require_GET
@may(Action.MANAGE_SENDERS)
def page(request: ClinicRequest) -> HttpResponse:
    """Show the list with its first number, or how to connect one."""
    found = queries.numbers(request.clinic)
    if not found:
        return redirect("numbers:add")
    return _page(request, found, found[0])


@require_GET
@may(Action.MANAGE_SENDERS)
def one(request: ClinicRequest, sender_id: UUID) -> HttpResponse:
    """Show one number; a re-read answers its parts only."""
    found = queries.numbers(request.clinic)
    return _page(request, found, _sender(request, sender_id))


@sensitive_post_parameters("auth_token")
@require_http_methods(["GET", "POST"])
@may(Action.MANAGE_SENDERS)
def add(request: ClinicRequest, provider: str = "twilio") -> HttpResponse:
    """Show what connecting takes, and connect a number that is registered at the provider."""
    kind = _FORMS[provider]
    given: dict[str, Any] = {"region": request.clinic.country, "has_master": bool(master_id(provider))}
    if request.method != "POST":
        return _add(request, kind(initial={"display_name": request.clinic.name}, **given), provider)
    form = kind(request.POST, **given)
    if not form.is_valid():
        return _add(request, form, provider, status=400)
    wanted = {"channel": carrier(provider).channels[0], **form.cleaned_data}
    try:
        sender = senders.link_sender(request.clinic, provider=provider, now=clock.real_now(), **wanted)
    except senders.LinkError as error:
        form.add_error(None, _refusal(error))
        return _add(request, form, provider, status=409)
    jobs.enqueue_on_commit(CHECK, sender_id=str(sender.pk))
    return redirect("numbers:one", sender.pk)


@require_POST
@may(Action.MANAGE_SENDERS)
def check(request: ClinicRequest, sender_id: UUID) -> HttpResponse:
    """Let the worker ask the provider whether it takes the token."""
    sender = _sender(request, sender_id)
    jobs.enqueue_on_commit(CHECK, sender_id=str(sender.pk))
    messages.info(request, _("The provider is being asked; the answer appears here by itself."))
    return _back(sender)


@require_POST
@may(Action.MANAGE_SENDERS)
def test(request: ClinicRequest, sender_id: UUID) -> HttpResponse:
    """Send a test message from this number."""
    sender = _sender(request, sender_id)
    form = TestForm(request.POST, region=request.clinic.country)
    if not form.is_valid():
        return _page(request, queries.numbers(request.clinic), sender, test=form, status=400)
    try:
        checking.send_test(sender, to=form.cleaned_data["to"], by=request.user, now=clock.now())
    except outbox.GateRefused as refused:
        form.add_error("to", f"{refused.detail}. {refused.remedy}")
        return _page(request, queries.numbers(request.clinic), sender, test=form, status=409)
    messages.success(request, _("The test is on its way; its receipt ticks the last step."))
    return _back(sender)


@require_POST
@may(Action.MANAGE_SENDERS)
def primary(request: ClinicRequest, sender_id: UUID) -> HttpResponse:
    """Let the clinic begin with this number."""
    sender = _sender(request, sender_id)
    if not senders.make_primary(sender):
        messages.error(request, _("It has changed meanwhile; look again."))
    return _back(sender)


@require_POST
@may(Action.MANAGE_SENDERS)
def deactivate(request: ClinicRequest, sender_id: UUID) -> HttpResponse:
    """Take the number off; it stays at the provider."""
    sender = _sender(request, sender_id)
    if senders.retire_sender(sender, now=clock.real_now()):
        messages.success(request, _("Taken off. What comes in for it is kept until it is connected again."))
    return _back(sender)


@require_POST
@may(Action.MANAGE_SENDERS)
def rate(request: ClinicRequest, sender_id: UUID) -> HttpResponse:
    """Give the number a rate of its own, or its provider's again."""
    sender, form = _sender(request, sender_id), pace.PaceForm(request.POST)
    if form.is_valid():
        try:
            if not senders.set_rate(sender, per_second=form.cleaned_data["per_second"]):
                messages.error(request, _("It has changed meanwhile; look again."))
            else:
                messages.success(request, _("Kept. What is sent from now on keeps to it."))
            return _back(sender)
        except senders.RateOutOfRange as error:
            form.add_error("per_second", pace.out_of_range(error))
    return _page(request, queries.numbers(request.clinic), sender, rate=form, status=400)


@sensitive_post_parameters("auth_token")
@require_POST
@may(Action.MANAGE_SENDERS)
def token(request: ClinicRequest, sender_id: UUID) -> HttpResponse:
    """Give the number's own account a new token; the old one stays valid for a day."""
    sender, form = _sender(request, sender_id), TokenForm(request.POST)
    if sender.account.clinic_id != request.clinic.pk or sender.account.provider == screens.LOCAL:
        raise Http404
    if not form.is_valid():
        return _page(request, queries.numbers(request.clinic), sender, token=form, status=400)
    senders.renew_token(sender.account, auth_token=form.cleaned_data["auth_token"], now=clock.real_now())
    jobs.enqueue_on_commit(CHECK, sender_id=str(sender.pk))
    messages.success(request, _("The new token is kept; the previous one is valid for 24 hours more."))
    return _back(sender)


def _page(
    request: ClinicRequest,
    found: list[Sender],
    sender: Sender,
    *,
    test: TestForm | None = None,
    token: TokenForm | None = None,
    rate: pace.PaceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    clinic, now = request.clinic, clock.real_now()  # what is seen of a number is noted by the real clock
    own = sender.account.clinic_id == clinic.pk and sender.account.provider != screens.LOCAL
    context = {
        "here": "numbers",
        "groups": screens.groups(found, clinic=clinic, current=sender.pk, now=now),
        "number": screens.number(sender, queries.figures(sender, now=clock.now()), clinic=clinic, now=now),
        "test": test or TestForm(region=clinic.country),
        "token": (token or TokenForm()) if own else None,
        "pace": pace.pace(sender, rate) if sender.status == SenderStatus.ACTIVE else None,
    }
    if request.headers.get("HX-Request"):
        return render(request, "messaging/numbers_update.html", context)
    return render(request, "messaging/numbers.html", context, status=status)


def _add(
    request: ClinicRequest, form: ConnectForm | TelnyxForm, provider: str, *, status: int = 200
) -> HttpResponse:
    found = queries.numbers(request.clinic)
    context = {
        "here": "numbers",
        "form": form,
        "groups": screens.groups(found, clinic=request.clinic, current=None, now=clock.real_now()),
        "has_master": form.has_master,
        "ways": [screens.way(slug, reverse(place), here=provider) for slug, place in _PLACES.items()],
        "steps": f"messaging/numbers_add_{provider}.html",
        "paste": screens.paste(provider, Channel.SMS),
        "clinic": request.clinic,
    }
    return render(request, "messaging/numbers_add.html", context, status=status)


def _refusal(error: senders.LinkError) -> Any:
    return {
        "already_linked": _("This number is already linked."),
        "linked_elsewhere": _(
            "This number is already linked to another workspace. It must be disconnected there first."
        ),
        "sender_limit": _("This clinic has three numbers on this channel. Take one off first."),
        "no_account": _("Give the auth token of this account: it is not known here yet."),
        "profile_missing": _(
            "Give a messaging profile that only this number has: a STOP holds for a whole profile."
        ),
        "profile_taken": _(
            "Another number has this messaging profile. Make a new one at the provider: a STOP to one "
            "number of a profile silences all of them."
        ),
        "demo_clinic": _("A demo clinic’s patients are invented: real numbers are not connected to it."),
    }.get(error.code, _("This number cannot be connected."))


def _sender(request: ClinicRequest, sender_id: UUID) -> Sender:
    found = (
        Sender.objects.filter(pk=sender_id, clinic=request.clinic).select_related("account", "health").first()
    )
    if found is None:
        raise Http404
    return found


def _back(sender: Sender) -> HttpResponseRedirect:
    return redirect("numbers:one", sender.pk)
