"""Files of messages, for the clinic's members with a link that has not ended."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from medsync.lib import clock
from messaging.attachments import links, store
from messaging.attachments.pictures import TYPES
from messaging.models import Attachment, AttachmentState


@require_GET
def show(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """Answer a picture; what is none is only ever downloaded."""
    if not links.is_good(attachment_id, request.GET, now=clock.real_now()):
        raise Http404
    attachment = get_object_or_404(Attachment, pk=attachment_id, state=AttachmentState.STORED)
    data = store.read(attachment.file)
    if data is None:
        raise Http404
    shown = attachment.content_type in TYPES
    response = HttpResponse(
        data, content_type=attachment.content_type if shown else "application/octet-stream"
    )
    response["Content-Disposition"] = "inline" if shown else "attachment"
    response["Cache-Control"] = f"private, max-age={links.STEP}"
    return response
