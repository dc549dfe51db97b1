"""The bot's switch as the head of a thread shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from messaging import botswitch, times
from messaging.botswitch import Switch
from messaging.models import Conversation


@dataclass(frozen=True, slots=True)
class Choice:
    """One place of the switch."""

    value: str
    label: str
    title: str
    icon: str
    checked: bool


@dataclass(frozen=True, slots=True)
class BotControl:
    """Whether the bot may answer in this thread, with the words for each choice."""

    state: str
    choices: tuple[Choice, ...]
    url: str
    typing_url: str


def control(conversation: Conversation, *, name: str, now: datetime) -> BotControl:
    """Return the switch of a thread; `name` is what the thread is called."""
    state = botswitch.standing(conversation, now=now)
    until, paused, off = conversation.bot_paused_until, _("Pause"), _("Off for %(name)s") % {"name": name}
    if state is Switch.PAUSED and until:
        paused = _("Paused %(left)s") % {"left": times.short_duration(until - now)}
    labels = {
        Switch.ON: (_("On"), _("The bot answers what it can"), "bot"),
        Switch.PAUSED: (paused, _("The bot waits; then it is on again by itself"), "pause"),
        Switch.OFF: (off if state is Switch.OFF else _("Off"), off, ""),
    }
    return BotControl(
        state=state.value,
        choices=tuple(
            Choice(value.value, label, title, icon, value is state)
            for value, (label, title, icon) in labels.items()
        ),
        url=reverse("inbox:bot", args=[conversation.pk]),
        typing_url=reverse("inbox:typing", args=[conversation.pk]) if state is Switch.ON else "",
    )
