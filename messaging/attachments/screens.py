"""Files of messages, as templates read them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from medsync.lib import clock
from messaging.attachments import attaching, links
from messaging.models import Message


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a message."""

    url: str
    alt: str


def pictures(message: Message, *, who: str) -> list[Picture]:
    """Return the pictures of a message that *who* sent; its files were read by `attaching.load`."""
    return [
        Picture(links.url_of(one.id, now=clock.real_now()), _("Picture from %(name)s") % {"name": who})
        for one in attaching.pictures_of(message)
    ]
