"""What stands for a message without words: an icon and what it is, in the words of the desk."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import Kind

_WORDS = {
    Kind.MEDIA: gettext_lazy("Picture or file"),
    Kind.LOCATION: gettext_lazy("A place on the map"),
    Kind.CONTACT: gettext_lazy("A contact card"),
    Kind.REACTION: gettext_lazy("A reaction"),
    Kind.DELETION: gettext_lazy("The patient deleted a message that is not here"),
    Kind.UNSUPPORTED: gettext_lazy(
        "Something that cannot be shown here. Ask for it as text or as a picture."
    ),
    Kind.CALL: gettext_lazy("A call"),
}
KIND_ICONS = {
    Kind.MEDIA: "attach",
    Kind.LOCATION: "pin",
    Kind.CONTACT: "user",
    Kind.REACTION: "smile",
    Kind.DELETION: "ban",
    Kind.UNSUPPORTED: "info",
    Kind.CALL: "call",
}


def kind_words(kind: str, body: str = "") -> str:
    """Return what stands for a message without words, "" for a text; of a reaction `body` is the emoji."""
    if kind == Kind.REACTION and body:
        return _("Reacted %(emoji)s") % {"emoji": body}
    return str(_WORDS[Kind(kind)]) if kind in _WORDS else ""
