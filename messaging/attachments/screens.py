"""Files of messages, as templates read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from medsync.lib import clock
from messaging import times
from messaging.attachments import attaching, drawing, fetching, links, sniffing, transcoding
from messaging.models import Attachment, AttachmentKind, AttachmentState, Message

#: Why a file was not taken, and what helps.
REFUSED: dict[str, tuple[str | Promise, str | Promise]] = {
    "too_big": (gettext_lazy("It is too big"), gettext_lazy("Ask for a smaller one.")),
    "type": (
        gettext_lazy("This kind of file is not taken"),
        gettext_lazy("Ask for a picture, a PDF or an Office document."),
    ),
    "broken": (gettext_lazy("It is damaged"), gettext_lazy("Ask for it again.")),
    "too_many_pixels": (gettext_lazy("The picture is too large"), gettext_lazy("Ask for a smaller one.")),
    "bad_address": (
        gettext_lazy("It does not come from the provider"),
        gettext_lazy("Ask for it again; nothing was opened."),
    ),
    "too_many_redirects": (
        gettext_lazy("The provider did not hand it out"),
        gettext_lazy("Ask for it again."),
    ),
    fetching.GAVE_UP: (
        gettext_lazy("The provider did not hand it out for a day"),
        gettext_lazy("Try again, or ask for it again."),
    ),
}
_OTHER = (gettext_lazy("It could not be taken"), gettext_lazy("Ask for it again."))
#: What the last try met, for a file that still waits.
_WAITS = {
    "credentials": gettext_lazy("the provider refuses the account"),
    "not_there": gettext_lazy("the provider does not have it yet"),
    "no_room": gettext_lazy("there is no room on this machine"),
}
_ICONS = {
    AttachmentKind.IMAGE: "attach",
    AttachmentKind.AUDIO: "mic",
    AttachmentKind.VIDEO: "video",
    AttachmentKind.DOCUMENT: "file",
}
_WORDS: dict[str, str | Promise] = {
    sniffing.PDF: "PDF",
    sniffing.DOC: "Word",
    sniffing.DOCX: "Word",
    sniffing.XLSX: "Excel",
    sniffing.PPTX: "PowerPoint",
    sniffing.VCARD: gettext_lazy("Contact card"),
}
_KINDS: dict[str, str | Promise] = {
    AttachmentKind.IMAGE: gettext_lazy("Picture"),
    AttachmentKind.AUDIO: gettext_lazy("Voice note"),
    AttachmentKind.VIDEO: gettext_lazy("Video"),
    AttachmentKind.DOCUMENT: gettext_lazy("Document"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """The picture of a page; `n` says which it is."""

    url: str
    n: str
    alt: str


@dataclass(frozen=True, slots=True)
class File:
    """A file in a message: `shape` is picture, sound, film, paper (opens in a tab), card (downloads) or none.

    A paper shows its first pages where they were drawn.
    """

    id: str
    shape: str
    url: str
    alt: str
    icon: str
    name: str
    about: str
    sticker: bool = False
    hint: str = ""  # beside a sound that not every browser plays, or a paper that cannot be seen whole
    pages: tuple[Page, ...] = ()
    trouble: str = ""
    helps: str = ""
    waits: str = ""
    again_url: str = ""


def files(message: Message, *, who: str, zone: ZoneInfo, now: datetime, works: bool = False) -> list[File]:
    """Return the files of a message that *who* sent, which were read by `attaching.load`.

    `works` offers to try again what was given up.
    """
    sticker = message.payload.get("message_type") == "sticker"
    return [
        _file(one, who=who, zone=zone, now=now, works=works, sticker=sticker)
        for one in attaching.files_of(message)
        if not (one.content_type == sniffing.VCARD and one.state == AttachmentState.STORED)
        or not message.payload.get("contacts")
    ]


def _file(one: Attachment, *, who: str, zone: ZoneInfo, now: datetime, works: bool, sticker: bool) -> File:
    kind = AttachmentKind(one.kind)
    word = str(_WORDS.get(one.content_type, _KINDS[kind]))
    base: dict[str, Any] = {"id": str(one.pk), "icon": _ICONS[kind], "name": one.name or word}
    if one.state == AttachmentState.STORED:
        minutes = f"{one.seconds // 60}:{one.seconds % 60:02d}" if one.seconds else ""
        size = filesizeformat(one.size) if one.size else ""
        about = [word if one.name else "", minutes, _pages(one), size]
        return File(
            **base,
            shape=_shape(one),
            url=links.url_of(one.pk, now=clock.real_now()),
            alt=_alt(kind, who),
            about=" · ".join(filter(None, about)),
            sticker=sticker and kind == AttachmentKind.IMAGE,
            hint=_hint(one),
            pages=_drawn(one, base["name"]),
        )
    if one.state == AttachmentState.WAITING:
        return File(
            **base, shape="none", url="", alt="", about=word if one.name else "", waits=_waits(one, zone, now)
        )
    if one.state == AttachmentState.GONE:
        trouble, helps = _("The provider has it no more"), _("Ask for it again.")
    else:
        trouble, helps = (str(words) for words in REFUSED.get(one.reason, _OTHER))
    again = works and one.reason == fetching.GAVE_UP and bool(one.url)
    return File(
        **base,
        shape="none",
        url="",
        alt="",
        about=word if one.name else "",
        trouble=trouble,
        helps=helps,
        again_url=reverse("attachments:again", args=[one.pk]) if again else "",
    )


def _shape(one: Attachment) -> str:
    if one.content_type in sniffing.PICTURES:
        return "picture"
    if one.kind == AttachmentKind.AUDIO:
        return "sound"
    if one.content_type == sniffing.MP4:
        return "film"
    return "paper" if one.content_type == sniffing.PDF else "card"


def _alt(kind: AttachmentKind, who: str) -> str:
    if kind == AttachmentKind.AUDIO:
        return _("Voice note from %(name)s") % {"name": who}
    if kind == AttachmentKind.VIDEO:
        return _("Video from %(name)s") % {"name": who}
    return _("Picture from %(name)s") % {"name": who}


def _pages(one: Attachment) -> str:
    if not one.pages:
        return ""
    return ngettext("%(n)d page", "%(n)d pages", one.pages) % {"n": one.pages}


def _drawn(one: Attachment, name: str) -> tuple[Page, ...]:
    total, now = one.pages or one.drawn, clock.real_now()
    found = []
    for n in range(1, one.drawn + 1):
        words = {"n": n, "pages": total, "name": name}
        found.append(
            Page(
                links.page_url_of(one.pk, n, now=now),
                _("Page %(n)d of %(pages)d") % words,
                _("%(name)s, page %(n)d of %(pages)d") % words,
            )
        )
    return tuple(found)


def _hint(one: Attachment) -> str:
    if one.content_type == sniffing.PDF:
        if one.reason == drawing.LOCKED:
            return _("Asks for a password")
        if 0 < one.drawn < (one.pages or 0):
            return ngettext(
                "Here is the first page. Open the file to read on.",
                "Here are the first %(n)d pages. Open the file to read on.",
                one.drawn,
            ) % {"n": one.drawn}
        return ""
    if one.content_type in transcoding.READERS and not one.playable:
        return _("Some browsers do not play this recording. Download it to hear it.")
    return ""


def _waits(one: Attachment, zone: ZoneInfo, now: datetime) -> str:
    if not one.reason or one.next_try_at is None:
        return _("Being fetched")
    why = str(_WAITS.get(one.reason, _("the provider does not answer")))
    again = times.until(max(one.next_try_at, now), zone, now=now)
    return _("Not here yet: %(why)s. Next try %(time)s.") % {"why": why, "time": again}
