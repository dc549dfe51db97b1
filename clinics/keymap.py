"""The keys of the screens: what each does, and what a member made of them. Single keys may be changed or switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import User


@dataclass(frozen=True, slots=True)
class Key:
    """An action of the screens; `default` is the key that its script knows."""

    action: str
    default: str
    label: str | Promise


KEYS = (
    Key("next", "j", gettext_lazy("next thread")),
    Key("previous", "k", gettext_lazy("previous thread")),
    Key("reply", "r", gettext_lazy("write a reply")),
    Key("note", "n", gettext_lazy("write a note")),
    Key("approved", "t", gettext_lazy("choose an approved text")),
    Key("accept", "a", gettext_lazy("accept the request")),
    Key("offer", "o", gettext_lazy("offer other times")),
    Key("decline", "x", gettext_lazy("decline the request")),
    Key("done", "e", gettext_lazy("done")),
    Key("done_next", "E", gettext_lazy("done, and open the next")),
    Key("reopen", "u", gettext_lazy("mark as needing a reply")),
    Key("snooze", "z", gettext_lazy("snooze")),
    Key("take", "i", gettext_lazy("take it")),
    Key("assign", "I", gettext_lazy("give it to somebody")),
    Key("bot", "b", gettext_lazy("pause the bot, or switch it on")),
    Key("person", "]", gettext_lazy("show or hide who it is")),
    Key("search", "/", gettext_lazy("search or jump")),
    Key("help", "?", gettext_lazy("this sheet")),
)
#: What stays: keys with Ctrl, and those that every list and dialog has.
FIXED = (
    ("Enter", gettext_lazy("open the thread")),
    ("Space", gettext_lazy("select the thread, with Shift all up to it")),
    ("Ctrl ↵", gettext_lazy("send, or save the note")),
    ("Ctrl Z", gettext_lazy("take something back")),
    ("Ctrl K", gettext_lazy("search or jump")),
    ("/", gettext_lazy("saved texts, at the start of a reply")),
    ("Esc", gettext_lazy("back")),
)


@dataclass(frozen=True, slots=True)
class Line:
    """An action with the key that does it for this member, "" for none."""

    action: str
    default: str
    key: str
    label: str
    error: str = ""


def keys_of(user: User) -> list[Line]:
    """Return every action with this member's key."""
    return [
        Line(key.action, key.default, user.keys.get(key.action, key.default), str(key.label)) for key in KEYS
    ]


def choose(user: User, wanted: Mapping[str, str]) -> list[Line]:
    """Keep a member's keys, one character each and none twice; return the lines that were refused, [] when kept."""
    chosen = {key.action: wanted.get(key.action, key.default).strip() for key in KEYS}
    lines = []
    for key in KEYS:
        pressed, error = chosen[key.action], ""
        if len(pressed) > 1 or not pressed.isprintable():
            error = _("One character, or none.")
        elif pressed and sum(pressed == other for other in chosen.values()) > 1:
            error = _("This key is there twice.")
        lines.append(Line(key.action, key.default, pressed[:8], str(key.label), error))
    if any(line.error for line in lines):
        return lines
    user.keys = {key.action: chosen[key.action] for key in KEYS if chosen[key.action] != key.default}
    user.save(update_fields=["keys"])
    return []
