"""The providers' webhooks: refuse what is not of their form, hand the rest to `messaging.intake`."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from medsync.lib import clock
from messaging import intake, providers
from messaging.providers.base import InboundRequest, Provider, Response
from messaging.providers.forms import FORM, JSON
from messaging.webhooks.request import NotAForm, TooBig, read

logger = logging.getLogger(__name__)

#: Never text/plain: Twilio would send it to the patient.
_CONTENT_TYPE = "text/xml"
_Handler = Callable[..., Response]


@csrf_exempt
def twilio_message(request: HttpRequest) -> HttpResponse:
    """A patient's message by WhatsApp or SMS."""
    return _handle(request, intake.receive_message)


@csrf_exempt
def twilio_status(request: HttpRequest) -> HttpResponse:
    """What became of a message that we sent."""
    return _handle(request, intake.receive_status)


@csrf_exempt
def telnyx_event(request: HttpRequest) -> HttpResponse:
    """Whatever Telnyx reports; it has one address for all of its events."""
    return _handle(request, intake.receive_event, slug="telnyx", wants=JSON)


def _handle(
    request: HttpRequest, receive: _Handler, *, slug: str = "twilio", wants: str = FORM
) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"}, content_type=_CONTENT_TYPE)
    try:
        inbound = read(request, wants=wants)
    except NotAForm:
        return HttpResponse(status=415, content_type=_CONTENT_TYPE)
    except (TooBig, RequestDataTooBig):
        return HttpResponse(status=413, content_type=_CONTENT_TYPE)
    provider = providers.get(slug)
    return _answer(receive, provider, inbound, clock.now())


def _answer(receive: _Handler, provider: Provider, inbound: InboundRequest, now: datetime) -> HttpResponse:
    try:
        response = receive(provider, inbound, now=now)
    except intake.Unavailable:
        return HttpResponse(status=503, headers={"Retry-After": "10"}, content_type=_CONTENT_TYPE)
    return HttpResponse(response.body, status=response.status, content_type=response.content_type)
