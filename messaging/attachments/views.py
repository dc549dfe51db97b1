"""Files of messages: for the clinic's members with a link that has not ended, and for providers for a while."""

import re
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST, require_safe

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.attachments import fetching, links, papers, publishing, sniffing, store, transcoding
from messaging.models import Attachment, AttachmentKind, AttachmentState

#: Whatever the bytes do, they do it without scripts, forms, network or our origin.
_CLOSED = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; frame-ancestors 'none'; sandbox"
#: The browsers' PDF viewers do not start in a sandbox; they run nothing of ours.
_PAPER = "script-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
_RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})", re.ASCII)


@require_GET
def show(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """Answer a file as browsers show it; what they do not show is only ever downloaded."""
    if not links.is_good(attachment_id, request.GET, now=clock.real_now()):
        raise Http404
    attachment = get_object_or_404(Attachment, pk=attachment_id, state=AttachmentState.STORED)
    response = _answer(request, attachment, key=attachment.playable or attachment.file)
    response["Cache-Control"] = f"private, max-age={links.STEP}"
    return response


@require_GET
def page(request: HttpRequest, attachment_id: UUID, n: int) -> HttpResponse:
    """Answer the picture of a PDF's page."""
    if not links.is_good(attachment_id, request.GET, now=clock.real_now()):
        raise Http404
    attachment = get_object_or_404(Attachment, pk=attachment_id, state=AttachmentState.STORED, drawn__gte=n)
    data = store.read(store.page_key(attachment.file, n))
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type=papers.TYPE)
    response["Content-Security-Policy"] = _CLOSED
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = f"private, max-age={links.STEP}"
    return response


@require_POST
@may(Action.WORK)
def again(request: ClinicRequest, attachment_id: UUID) -> HttpResponse:
    """Try again to fetch a file that was given up."""
    attachment = get_object_or_404(Attachment.objects.select_related("message"), pk=attachment_id)
    fetching.try_again(attachment, now=clock.now())
    return redirect("inbox:thread", attachment.message.conversation_id)


@require_safe
def public(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a file that a member sends to whoever carries it: a link that nobody can guess, for a day."""
    found = publishing.opened(token, now=clock.real_now())
    if found is None:
        raise Http404
    clinic, attachment_id = found
    with in_clinic(clinic):
        attachment = get_object_or_404(
            Attachment, pk=attachment_id, state=AttachmentState.STORED, message__direction="outbound"
        )
        response = _answer(request, attachment, key=attachment.file)
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def _answer(request: HttpRequest, attachment: Attachment, *, key: str) -> HttpResponse:
    data = store.read(key)
    if data is None:
        raise Http404
    content_type = transcoding.TYPE if _is_copy(attachment, key) else attachment.content_type
    inline = _is_shown(content_type)
    response = _part(request, data)
    response["Content-Type"] = content_type if inline else "application/octet-stream"
    response["Content-Disposition"] = _disposition(attachment, content_type, inline=inline)
    response["Content-Security-Policy"] = _PAPER if content_type == sniffing.PDF else _CLOSED
    response["X-Content-Type-Options"] = "nosniff"
    response["Accept-Ranges"] = "bytes"
    return response


def _is_copy(attachment: Attachment, key: str) -> bool:
    return attachment.kind == AttachmentKind.AUDIO and key == attachment.playable


def _is_shown(content_type: str) -> bool:
    if content_type in sniffing.PICTURES or content_type == sniffing.PDF:
        return True
    return content_type in sniffing.ENDINGS and content_type.startswith(("audio/", "video/"))


def _disposition(attachment: Attachment, content_type: str, *, inline: bool) -> str:
    ending = sniffing.ENDINGS.get(content_type, "bin")
    stem = attachment.name.rpartition(".")[0] or attachment.name or str(attachment.kind)
    return content_disposition_header(not inline, f"{stem[:100]}.{ending}") or "attachment"


def _part(request: HttpRequest, data: bytes) -> HttpResponse:
    """Return all of it, or the one part that was asked for: Safari plays nothing that it cannot ask for in parts."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if asked is None or not (asked[1] or asked[2]):
        return HttpResponse(data)
    if asked[1]:
        begin, end = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
    else:
        begin, end = max(len(data) - int(asked[2]), 0), len(data) - 1
    if begin > end:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    response = HttpResponse(data[begin : end + 1], status=206)
    response["Content-Range"] = f"bytes {begin}-{end}/{len(data)}"
    return response
