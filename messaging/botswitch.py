"""The bot's switch in one thread: on, paused for a while, off until further notice. Each change leaves a line."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from clinics.models import User
from messaging import live
from messaging.conversations import bot_is_silent
from messaging.facts import facts
from messaging.models import (
    BotMode,
    Conversation,
    ConversationEvent,
    ConversationEventKind,
    MessagingSettings,
)


class Switch(StrEnum):
    """Where the switch stands."""

    ON = "on"
    PAUSED = "paused"
    OFF = "off"


_KINDS = {
    Switch.ON: ConversationEventKind.BOT_ON,
    Switch.PAUSED: ConversationEventKind.BOT_PAUSED,
    Switch.OFF: ConversationEventKind.BOT_OFF,
}


def standing(conversation: Conversation, *, now: datetime) -> Switch:
    """Return where the switch of a thread stands."""
    if conversation.bot_off:
        return Switch.OFF
    return Switch.PAUSED if bot_is_silent(conversation, now=now) else Switch.ON


def turn(conversation: Conversation, *, to: Switch, by: User, now: datetime) -> bool:
    """Put the switch somewhere; a pause lasts the clinic's minutes, then the bot is on again, whatever was before.

    Returns False when it stands there already; to pause once more begins the minutes anew.
    """
    if to is not Switch.PAUSED and standing(conversation, now=now) is to:
        return False
    until = now + _pause() if to is Switch.PAUSED else None
    here = Conversation.objects.filter(pk=conversation.pk)
    return _change(here, conversation, to, until, by=by, now=now)


def pause_for_typing(conversation: Conversation, *, by: User, now: datetime) -> bool:
    """Pause the bot because a member writes; False when it is silent already, by whatever.

    Guarded, so that two who begin to write in the same moment leave one line.
    """
    if facts().bot_mode(now) == BotMode.STAFF_ONLY:
        return False
    answers = Q(bot_paused_until=None) | Q(bot_paused_until__lte=now)
    here = Conversation.objects.filter(answers, pk=conversation.pk, bot_off=False)
    return _change(here, conversation, Switch.PAUSED, now + _pause(), by=by, now=now, typing=True)


def _pause() -> timedelta:
    return timedelta(minutes=MessagingSettings.load().bot_pause_minutes)


@transaction.atomic
def _change(
    here: Any,
    conversation: Conversation,
    to: Switch,
    until: datetime | None,
    *,
    by: User,
    now: datetime,
    typing: bool = False,
) -> bool:
    off = to is Switch.OFF
    if not here.update(bot_off=off, bot_paused_until=until, version=F("version") + 1, updated_at=now):
        return False
    ConversationEvent.objects.create(
        conversation=conversation,
        kind=_KINDS[to],
        user=by,
        before={"bot_off": conversation.bot_off, "bot_paused_until": _iso(conversation.bot_paused_until)},
        after={"until": _iso(until), "typing": typing} if until else {},
        created_at=now,
    )
    conversation.bot_off, conversation.bot_paused_until = off, until
    live.publish("conversation", id=conversation.pk)
    return True


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
