"""The phone: plays patients' phones through the real product. It exists where the local provider is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest
from clinics.models import Sender
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging import demo_clock, intake, local_phone
from messaging.attachments.pictures import LARGEST
from messaging.attachments.preparing import LIMITS, FileRefused
from messaging.phone import lines, made_up, queries, samples, screens, times
from messaging.providers.local.lines import own_behaviour, set_behaviour, set_common_behaviour
from scheduling import contacts
from scheduling.models import ContactAddress

LONGEST = 70_000


def _senders(request: ClinicRequest) -> dict[str, Sender]:
    senders = queries.local_senders(request.clinic) if settings.LOCAL_PROVIDER_ALLOWED else {}
    if not senders:
        raise Http404
    return senders


@require_GET
def desk(request: ClinicRequest) -> HttpResponse:
    """Show the phones that were used last."""
    senders, now = _senders(request), clock.now()
    played = queries.phones(senders, now=now)
    others = queries.others(senders, [one.address.id for one in played])
    shown = screens.desk(request.clinic, senders, played, others, now=now)
    return render(request, "messaging/phone.html", {"desk": shown})


@require_GET
def update(request: ClinicRequest) -> HttpResponse:
    """Answer what stands on the screens of some phones now."""
    return _update(request, _ids(request.GET.get("phones", "")))


@require_POST
def new(request: ClinicRequest) -> HttpResponse:
    """Take a patient's phone from the shelf, or a new one with a made-up number."""
    senders = _senders(request)
    known = request.POST.get("phone", "")
    if known:
        address = get_object_or_404(ContactAddress, pk__in=_ids(known)[:1], channel__in=list(senders))
        return _answer(request, [address.id], "messaging/phone_new.html")
    channel = request.POST.get("channel", "")
    if channel not in senders:
        return HttpResponseBadRequest()
    number = made_up.free_number(request.clinic)
    resolved = contacts.resolve(
        channel,
        number,
        phone=number,
        user_id=None,
        display_name=made_up.free_name() if channel == "whatsapp" else "",
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
    body, file = request.POST.get("body", "")[:LONGEST], request.FILES.get("file")
    sample = samples.sample(request.POST.get("sample", ""))
    if not body.strip() and not file and sample is None:
        return HttpResponseBadRequest()
    whatsapp = address.channel == "whatsapp"
    sent: dict[str, Any] = {}
    if file:
        # Of what is too big, just enough is read to see that it is.
        sent = {
            "file": file.read(LIMITS[address.channel] + 1),
            "file_name": (file.name or "")[:200],
            "file_type": (file.content_type or "")[:100],
        }
    elif sample is not None and whatsapp:
        sent = {
            "file": sample.data(),
            "file_name": sample.file if sample.content_type.startswith("application/") else "",
            "file_type": sample.content_type,
            "kind": sample.kind,
            "extra": sample.extra,
        }
    try:
        local_phone.write(
            channel=address.channel,
            from_address=address.address,
            to_number=senders[address.channel].phone_number,
            body=body,
            name=address.contact_point.display_name if whatsapp else "",
            reply_to=queries.provider_id_of(address, id_in(request.POST.get("reply_to", "")))
            if whatsapp
            else "",
            **sent,
        )
    except FileRefused as error:
        return _update(request, [address.id], toast=_refusal(error.code, address.channel), status=422)
    except intake.Unavailable:
        return HttpResponse(status=503, headers={"Retry-After": "5"})
    return _answer(request, [address.id])


def _refusal(code: str, channel: str) -> str:
    """Say why a phone does not send a file."""
    if code == "too_big":
        return _("Too large: a phone sends pictures up to %(picture)d MB, other files up to %(file)d MB.") % {
            "picture": LARGEST >> 20,
            "file": LIMITS[channel] >> 20,
        }
    if code == "type":
        return _(
            "A phone does not send this kind of file. Take a picture, a recording, a PDF or an Office document."
        )
    return _("This file is damaged. Take another one.")


@require_POST
def sign(request: ClinicRequest, address_id: UUID) -> HttpResponse:
    """React to a message on this phone, take that back, delete one of one's own, or press a button below one."""
    senders = _senders(request)
    address = get_object_or_404(ContactAddress, pk=address_id, channel="whatsapp")
    named, _space, what = request.POST.get("sign", "").partition(" ")
    provider_id = queries.provider_id_of(address, id_in(named))
    if "whatsapp" not in senders or not provider_id:
        raise Http404
    if what.startswith("press "):
        pressed = queries.button_of(address, id_in(named), what.removeprefix("press "))
        if pressed is None:
            raise Http404
        local_phone.write(
            channel=address.channel,
            from_address=address.address,
            to_number=senders["whatsapp"].phone_number,
            body=pressed.title,
            button=pressed.id,
            reply_to=provider_id,
        )
        return _answer(request, [address.id])
    if len(what) > 16:
        raise Http404
    local_phone.write(
        channel=address.channel,
        from_address=address.address,
        to_number=senders["whatsapp"].phone_number,
        body="" if what in ("delete", "none") else what,
        kind="deletion" if what == "delete" else "reaction",
        reply_to=provider_id,
    )
    return _answer(request, [address.id])


@require_POST
def behave(request: ClinicRequest, address_id: UUID) -> HttpResponse:
    """Make a phone slow, broken, or well again; let it read at once or not."""
    senders = _senders(request)
    address = get_object_or_404(ContactAddress, pk=address_id, channel__in=list(senders))
    after = own_behaviour(address.channel, address.address)
    line = lines.behaviour_for(request.POST.get("line", ""))
    if "reads" in request.POST:
        after = replace(after, reads=request.POST["reads"] == "yes")
    elif line is None:
        return HttpResponseBadRequest()
    else:
        after = replace(line, reads=after.reads)
    set_behaviour(address.channel, address.address, after)
    return _answer(request, [address.id])


@require_POST
def behave_alike(request: ClinicRequest) -> HttpResponse:
    """Make all phones of the clinic behave in one way, or each in its own again."""
    _senders(request)
    slug = request.POST.get("line", "")
    line = lines.behaviour_for(slug)
    if slug and line is None:
        return HttpResponseBadRequest()
    set_common_behaviour(line)
    return _answer(request, [])


@require_POST
def move_clock(request: ClinicRequest) -> HttpResponse:
    """Move the clock of a demo clinic: an hour or a day on, to a chosen time, or back."""
    _senders(request)
    now = clock.real_now()
    try:
        demo_clock.move(times.wanted(request.POST, request.clinic.zone, now=now), now=now)
    except demo_clock.NotADemo as error:
        raise Http404 from error
    except (times.NoTime, demo_clock.OutOfReach):
        sentence = _("Choose a time from now on, at most a year ahead.")
        return _update(request, [], toast=sentence, status=422)
    return _answer(request, [])


def _answer(
    request: ClinicRequest, ids: Sequence[UUID], template: str = "messaging/phone_update.html"
) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("phone:desk")
    return _update(request, ids, template=template)


def _update(
    request: ClinicRequest,
    ids: Sequence[UUID],
    *,
    template: str = "messaging/phone_update.html",
    toast: str = "",
    status: int = 200,
) -> HttpResponse:
    senders, now = _senders(request), clock.now()
    played = queries.phones(senders, ids, now=now)
    shown = screens.desk(request.clinic, senders, played, [], now=now)
    return render(request, template, {"desk": shown, "toast": toast}, status=status)


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(one) for one in text.split(",")[:50] if one]
    except ValueError as error:
        raise Http404 from error
