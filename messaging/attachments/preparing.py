"""What is made of a file before it is kept: its type by its bytes, and a form that is safe and plays everywhere."""

from dataclasses import dataclass, field

from messaging.attachments import pictures, sniffing, transcoding, vcards
from messaging.attachments.vcards import Card
from messaging.models import AttachmentKind

#: What a patient's message may bring, by channel: all of it together, but each file is weighed by itself here.
LIMITS = {"whatsapp": 16 * 1024 * 1024, "sms": 5 * 1024 * 1024}


class FileRefused(ValueError):
    """A file that is not kept; `code` is a word of ours, see `screens.REFUSED`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that is kept; `playable` is what browsers are shown instead of it, None for the file itself."""

    content_type: str
    data: bytes = field(repr=False)
    playable: bytes | None = field(default=None, repr=False)
    seconds: int | None = None
    cards: list[Card] = field(default_factory=list, repr=False)

    @property
    def kind(self) -> AttachmentKind:
        """Return how it is shown."""
        return sniffing.kind_of(self.content_type)


def prepare(data: bytes, *, said: str, limit: int) -> Prepared:
    """Return what is kept of a file that its sender calls `said`. Raises FileRefused."""
    if len(data) > limit:
        raise FileRefused("too_big")
    content_type = sniffing.type_of(data, said=said)
    if not content_type:
        raise FileRefused("type")
    if content_type in sniffing.PICTURES:
        try:
            return Prepared(content_type, data, pictures.cleaned(data, content_type))
        except pictures.PictureRefused as error:
            raise FileRefused(error.code) from error
    if content_type in transcoding.READERS:
        sound = transcoding.playable(data, content_type)
        return Prepared(content_type, data, sound.data if sound else None, sound.seconds if sound else None)
    if content_type == sniffing.VCARD:
        return Prepared(content_type, data, cards=vcards.cards(data))
    return Prepared(content_type, data)
