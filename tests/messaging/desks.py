"""The phone page as its tests want it: a clinic whose numbers are played, and who calls its URLs."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from clinics.models import Clinic, User
from clinics.senders import link_sender, retire_sender
from clinics.tenancy import forget_clinics, in_clinic
from medsync.lib import clock
from tests.messaging.inboxes import reenter


def png(width: int = 4, height: int = 3) -> bytes:
    """Return a small picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x2b\x50\xc8" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def played(clinic: Clinic, settings: Any, tmp_path: Any) -> Iterator[Clinic]:
    """Give the clinic under test as a demo, its numbers played instead of Twilio's, and stand in no clinic."""
    settings.LOCAL_PROVIDER_ALLOWED = True
    settings.FILES_ROOT = tmp_path / "files"
    now = clock.now()
    for sender in clinic.senders.filter(status="active"):
        number, channel = sender.phone_number, sender.channel
        retire_sender(sender, now=now)
        link_sender(clinic, phone_number=number, channel=channel, provider="local", now=now)
    Clinic.objects.filter(pk=clinic.pk).update(is_demo=True)
    forget_clinics()
    yield Clinic.objects.get(pk=clinic.pk)
    forget_clinics()


@pytest.fixture
def inside(played: Clinic) -> Iterator[Clinic]:
    """Enter that clinic."""
    with in_clinic(played):
        yield played


@pytest.fixture
def desk(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a caller of the phone page's URLs, as the owner's page calls them."""
    client = browse(owner)

    def call(path: str = "", method: str = "get", **fields: Any) -> Any:
        response = getattr(client, method)(
            f"/c/{inside.slug}/phone/{path}", fields, headers={"HX-Request": "true"}
        )
        reenter(Clinic.objects.get(pk=inside.pk))
        return response

    return call
