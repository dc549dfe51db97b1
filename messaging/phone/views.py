"""The phone: plays patients' phones through the real product. It exists where the local provider is allowed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from clinics.models import Clinic, Sender
from medsync.lib import clock
from messaging import intake, local_phone
from messaging.phone import queries, screens
from scheduling import contacts
from scheduling.models import ContactAddress

LONGEST = 70_000
_FIRST = ("Luna", "Noah", "Ana", "Omar", "Mia", "Diego", "Ivy", "Sam", "Inés", "Pablo", "Zoe", "Hugo")
_LAST = (
    "Vega",
    "Kim",
    "Torres",
    "Haddad",
    "Lindqvist",
    "Ramos",
    "Chen",
    "Okoye",
    "Peña",
    "Novak",
    "Silva",
    "Roy",
)


class ClinicRequest(HttpRequest):
    """A request below /c/<slug>/, as the middleware leaves it."""

    clinic: Clinic


def _senders(request: ClinicRequest) -> dict[str, Sender]:
    senders = queries.local_senders(request.clinic) if settings.LOCAL_PROVIDER_ALLOWED else {}
    if not senders:
        raise Http404
    return senders


@require_GET
def desk(request: ClinicRequest) -> HttpResponse:
    """Show the phones that were used last."""
    return render(request, "messaging/phone.html", _context(request, None))


@require_GET
def update(request: ClinicRequest) -> HttpResponse:
    """Answer what stands on the screens of some phones now."""
    ids = _ids(request.GET.get("phones", ""))
    return render(request, "messaging/phone_update.html", _context(request, ids))


@require_POST
def new(request: ClinicRequest) -> HttpResponse:
    """Take a new phone with a made-up number."""
    senders = _senders(request)
    channel = request.POST.get("channel", "")
    if channel not in senders:
        return HttpResponseBadRequest()
    number = _free_number(request.clinic)
    resolved = contacts.resolve(
        channel,
        number,
        phone=number,
        user_id=None,
        display_name=f"{secrets.choice(_FIRST)} {secrets.choice(_LAST)}" if channel == "whatsapp" else "",
        region=request.clinic.country,
        now=clock.now(),
    )
    address = ContactAddress.objects.get(contact_point=resolved.contact_point, channel=channel)
    return _answer(request, [address.id], "messaging/phone_new.html")


@require_POST
def send(request: ClinicRequest, address_id: UUID) -> HttpResponse:
    """Write as the phone's owner: a signed webhook through the same door as a real provider's."""
    senders = _senders(request)
    address = get_object_or_404(ContactAddress.objects.select_related("contact_point"), pk=address_id)
    if address.channel not in senders:
        raise Http404
    try:
        local_phone.write(
            channel=address.channel,
            from_address=address.address,
            to_number=senders[address.channel].phone_number,
            body=request.POST.get("body", "")[:LONGEST],
            name=address.contact_point.display_name if address.channel == "whatsapp" else "",
        )
    except intake.Unavailable:
        return HttpResponse(status=503, headers={"Retry-After": "5"})
    return _answer(request, [address.id], "messaging/phone_update.html")


@require_POST
def behave(request: ClinicRequest, address_id: UUID) -> HttpResponse:
    """Make a phone slow, broken, or well again; let it read at once or not."""
    _senders(request)
    address = get_object_or_404(ContactAddress, pk=address_id)
    before = local_phone.behaviour_of(address.channel, address.address)
    line = request.POST.get("line", "")
    if line in screens.LINES:
        after = replace(screens.LINES[line][2], reads=before.reads)
    else:
        after = replace(before, reads=request.POST.get("reads") == "yes")
    local_phone.set_behaviour(address.channel, address.address, after)
    return _answer(request, [address.id], "messaging/phone_update.html")


def _answer(request: ClinicRequest, ids: list[UUID], template: str) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("phone:desk")
    return render(request, template, _context(request, ids))


def _context(request: ClinicRequest, ids: list[UUID] | None) -> dict[str, Any]:
    senders = _senders(request)
    played = queries.phones(senders, ids)
    return {"desk": screens.desk(request.clinic, senders, played, now=clock.now())}


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(one) for one in text.split(",")[:50] if one]
    except ValueError as error:
        raise Http404 from error


def _free_number(clinic: Clinic) -> str:
    """Return a number that nobody has: of the country's made-up range where there is one."""
    while True:
        digits = secrets.randbelow(10_000)
        if clinic.country == "MX":
            number = f"+52155{5550_0000 + digits:08d}"
        else:  # 555-01xx in any area code is never given to anybody
            number = f"+1{secrets.choice(('212', '347', '646', '718', '917'))}55501{digits % 100:02d}"
        if not ContactAddress.objects.filter(address=number).exists():
            return number
