"""What a played patient can send without having it at hand: a voice note, PDFs, a place, a contact card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


@dataclass(frozen=True, slots=True)
class Sample:
    """Something to send: a file of this package, or the fields of a place."""

    slug: str
    label: str | Promise
    file: str = ""
    content_type: str = ""
    kind: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        """Return the bytes of its file, none for a place."""
        return _read(self.file) if self.file else b""


ALL = (
    Sample("voice", gettext_lazy("Voice note"), "voice-note.ogg", "audio/ogg"),
    Sample("pdf", gettext_lazy("Lab result (PDF)"), "lab-result.pdf", "application/pdf"),
    Sample("referral", gettext_lazy("Referral, 3 pages (PDF)"), "referral.pdf", "application/pdf"),
    Sample(
        "place",
        gettext_lazy("A place"),
        kind="location",
        extra={
            "latitude": "40.748433",
            "longitude": "-73.985656",
            "label": "Empire State Building",
            "address": "20 W 34th St, New York",
        },
    ),
    Sample("contact", gettext_lazy("A contact"), "contact.vcf", "text/vcard"),
)
_BY_SLUG = {sample.slug: sample for sample in ALL}


def sample(slug: str) -> Sample | None:
    """Return the sample of this name."""
    return _BY_SLUG.get(slug)


@cache
def _read(name: str) -> bytes:
    return resources.files("messaging.phone").joinpath("files", name).read_bytes()
