"""What was done with a thread, as lines between the messages: folded from two on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging import times
from messaging.models import ConversationEvent, ConversationEventKind


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done."""

    icon: str
    text: str
    time: str


@dataclass(frozen=True, slots=True)
class Events:
    """What was done between two messages."""

    key: str
    lines: tuple[Line, ...]
    template: str = "messaging/item_events.html"

    def __add__(self, later: Events) -> Events:
        """Return both as one; the key stays, so that an open fold stays open."""
        return Events(self.key, (*self.lines, *later.lines))

    @property
    def summary(self) -> str:
        """Return how many there are and the last of them."""
        n = len(self.lines)
        return ngettext("%(n)d event", "%(n)d events", n) % {"n": n} + f": {self.lines[-1].text}"


_ICONS = {
    ConversationEventKind.ASSIGNED: "user",
    ConversationEventKind.SNOOZED: "moon",
    ConversationEventKind.WOKEN: "sun",
    ConversationEventKind.DONE: "check",
    ConversationEventKind.REOPENED: "refresh",
    ConversationEventKind.NO_REPLY: "check",
    ConversationEventKind.BOT_ON: "bot",
    ConversationEventKind.BOT_PAUSED: "bot",
    ConversationEventKind.BOT_OFF: "bot",
    ConversationEventKind.BLOCKED: "ban",
    ConversationEventKind.UNBLOCKED: "refresh",
    ConversationEventKind.WRONG_NUMBER: "warning",
}


def event_lines(
    events: Sequence[ConversationEvent], *, names: Mapping[str, str], zone: ZoneInfo
) -> Iterator[tuple[datetime, Events]]:
    """Yield each event as a line of its own, with its time; what was undone is left out.

    `names` are first names by the ids of users to whom threads were given.
    """
    for event in events:
        if event.undone_at is None:
            at, icon = event.created_at, _ICONS[ConversationEventKind(event.kind)]
            line = Line(icon, _words(event, names, zone), times.clock_time(at, zone))
            yield at, Events(f"event-{event.pk}", (line,))


def _words(event: ConversationEvent, names: Mapping[str, str], zone: ZoneInfo) -> str:
    by = event.user.get_short_name() if event.user else ""
    until = parse_datetime(str(event.after.get("until") or ""))
    named = {"by": by, "until": times.visit_time(until, zone) if until else ""}
    match event.kind:
        case ConversationEventKind.ASSIGNED:
            return _assigned(event, by, names)
        case ConversationEventKind.SNOOZED:
            return _("%(by)s snoozed this until %(until)s") % named
        case ConversationEventKind.WOKEN:
            return _("Woke up") if not by else _("%(by)s woke this up") % named
        case ConversationEventKind.DONE:
            return _("%(by)s marked this done") % named
        case ConversationEventKind.REOPENED:
            return _("%(by)s marked this as needing a reply") % named
        case ConversationEventKind.NO_REPLY:
            return _("%(by)s: no reply needed") % named
        case ConversationEventKind.BLOCKED:
            return _("%(by)s blocked this address") % named
        case ConversationEventKind.UNBLOCKED:
            return _("%(by)s no longer blocks this address") % named
        case ConversationEventKind.WRONG_NUMBER:
            return _("Wrong number, they say: nothing more is begun to it")
        case ConversationEventKind.BOT_ON:
            return _("%(by)s switched the bot on") % named
        case ConversationEventKind.BOT_PAUSED if until:
            named["left"] = times.short_duration(until - event.created_at)
            if event.after.get("typing"):
                return _("Bot paused for %(left)s: %(by)s is writing") % named
            return _("Bot paused for %(left)s: %(by)s") % named
        case ConversationEventKind.BOT_PAUSED:
            return _("Bot paused: %(by)s") % named
    return _("%(by)s switched the bot off here") % named


def _assigned(event: ConversationEvent, by: str, names: Mapping[str, str]) -> str:
    given = event.after.get("user")
    if given is None:
        return _("%(by)s gave this to nobody") % {"by": by}
    if str(given) == str(event.user_id):
        return _("%(by)s took this") % {"by": by}
    return _("%(by)s gave this to %(name)s") % {"by": by, "name": names.get(str(given), "")}
