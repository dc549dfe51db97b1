"""What files a member may send, by channel: what a channel does not carry is refused before anything is stored.

WhatsApp takes one file a message, JPEG and PNG up to 5 MB, PDF up to 16 MB; a text message takes pictures alone, in
countries where carriers do, and all of them together are small. Other pictures are converted, large ones made smaller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from clinics.models import Channel, Sender
from messaging import providers
from messaging.attachments import pictures, sniffing
from messaging.attachments.preparing import Prepared

MB = 1024 * 1024
#: What one request may bring at all; more is not read.
LARGEST, MOST = 16 * MB, 10
NO_MMS, TOO_MANY, TOO_BIG, TYPE, BROKEN = (
    "no_mms",
    "too_many",
    "too_big",
    "type",
    "broken",
)
SENTENCES: Mapping[str, str | Promise] = {
    NO_MMS: gettext_lazy(
        "This number cannot send pictures by text message. Send it on WhatsApp, or as words."
    ),
    TOO_MANY: gettext_lazy("WhatsApp takes one file a message. Send them one after the other."),
    TOO_BIG: gettext_lazy("This file is too big for this channel. Send a smaller one."),
    TYPE: gettext_lazy("This kind of file cannot be sent. Pictures go, and on WhatsApp PDFs."),
    BROKEN: gettext_lazy("This file is damaged. Choose another one."),
}
ONLY_PICTURES = gettext_lazy("Only pictures go by text message. Send this file on WhatsApp.")


class NotSendable(ValueError):
    """A file that this channel does not carry; `code` and `sentence` say why."""

    def __init__(self, code: str, sentence: str | Promise = "") -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence or SENTENCES[code]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a member chose it."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one message of a channel carries; sizes in bytes, `together` is for all files of a message."""

    most: int
    picture: int
    paper: int  # 0: no PDF
    together: int

    @property
    def types(self) -> tuple[str, ...]:
        """Return what a file chooser is asked for."""
        return (*pictures.TYPES, *((sniffing.PDF,) if self.paper else ()))


_WHATSAPP = Rule(most=1, picture=5 * MB, paper=16 * MB, together=16 * MB)
_NONE = Rule(most=0, picture=0, paper=0, together=0)
#: Carriers of these countries' numbers carry pictures.
_CODES_WITH_MMS = ("+1",)


def rule_of(sender: Sender | None) -> Rule:
    """Return what goes from a number; its account is selected with it."""
    if sender is None:
        return _NONE
    if sender.channel == Channel.WHATSAPP:
        return _WHATSAPP
    if sender.channel != Channel.SMS or not sender.phone_number.startswith(_CODES_WITH_MMS):
        return _NONE
    size = providers.get(sender.account.provider).mms_bytes
    return Rule(most=10, picture=size, paper=0, together=size)


def prepared(files: Sequence[Upload], sender: Sender | None) -> list[tuple[str, Prepared]]:
    """Return files as they go out from this number, each with its name. Raises NotSendable."""
    rule = rule_of(sender)
    if not rule.most:
        raise NotSendable(NO_MMS)
    if len(files) > rule.most:
        raise NotSendable(TOO_MANY)
    share = rule.together // max(len(files), 1)
    return [_prepared(file, rule, share) for file in files]


def _prepared(file: Upload, rule: Rule, share: int) -> tuple[str, Prepared]:
    content_type = sniffing.type_of(file.data)
    if content_type == sniffing.PDF:
        if not rule.paper:
            raise NotSendable(TYPE, ONLY_PICTURES)
        if len(file.data) > rule.paper:
            raise NotSendable(TOO_BIG)
        return _named(file.name, content_type), Prepared(content_type, file.data)
    if content_type not in sniffing.PICTURES:
        raise NotSendable(TYPE, "" if rule.paper else ONLY_PICTURES)
    try:
        data, content_type = pictures.for_sending(file.data, content_type, limit=min(rule.picture, share))
    except pictures.PictureRefused as error:
        raise NotSendable(BROKEN if error.code == "broken" else TOO_BIG) from error
    return _named(file.name, content_type), Prepared(content_type, data)


def _named(name: str, content_type: str) -> str:
    """Return the name with the ending of what the file has become."""
    stem, ending = name.rpartition(".")[0] or name, sniffing.ENDINGS[content_type]
    return f"{stem[:150]}.{ending}" if stem else ""
