"""What members do with the bot's switch, and that they began to write."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock
from messaging import botswitch
from messaging.botswitch import Switch
from messaging.inbox.answering import answer, conversation_of


@require_POST
@may(Action.WORK)
def switch(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Let the bot answer here, pause it for the clinic's minutes, or switch it off until further notice."""
    try:
        to = Switch(request.POST.get("bot", ""))
    except ValueError:
        return answer(request, conversation_id, status=400)
    botswitch.turn(conversation_of(conversation_id), to=to, by=request.user, now=clock.now())
    return answer(request, conversation_id)


@require_POST
@may(Action.WORK)
def typing(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Pause the bot, for a member has begun to write; what the page shows follows by the live connection."""
    botswitch.pause_for_typing(conversation_of(conversation_id), by=request.user, now=clock.now())
    return HttpResponse(status=204)
