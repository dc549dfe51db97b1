"""A worker dies by SIGKILL while half of a patient's file has come: it comes once, whole, and nothing is left over.

The provider's file server says when it has sent the half, and holds the other half back.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.attachments import fetching, store
from messaging.models import Attachment, Message
from tests.faults.running import Bell, Worker, until, valkey
from tests.messaging.files import taken_at_home
from tests.messaging.hooks import write
from tests.messaging.pdfs import letter
from tests.standin.media import MediaServer, file
from tests.world import World

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[MediaServer]:
    settings.FILES_ROOT = tmp_path / "files"
    with MediaServer() as started:
        settings.TWILIO_API_BASE_URL = started.base
        yield started


@pytest.fixture
def redis_url() -> Iterator[str]:
    with valkey() as started:
        yield started.url


@pytest.fixture
def bell(redis_url: str) -> Bell:
    return Bell(redis_url)


@pytest.fixture
def worker(redis_url: str, server: MediaServer, settings: Any) -> Iterator[Worker]:
    worker = Worker(redis_url, TWILIO_API_BASE_URL=server.base, MEDSYNC_FILES_ROOT=str(settings.FILES_ROOT))
    yield worker
    worker.kill()


def kept(settings: Any) -> list[str]:
    return sorted(path.name for path in Path(settings.FILES_ROOT).rglob("*") if path.is_file())


def what_a_dead_writer_leaves(settings: Any, clinic: Clinic, key: str) -> None:
    """Leave half a file where the worker was about to put the whole one."""
    half = Path(settings.FILES_ROOT) / clinic.schema_name / key[30:32] / f"{key}.part"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"half")


@pytest.mark.parametrize(
    ("make", "content_type"),
    [(taken_at_home, "image/jpeg"), (lambda: letter(2), "application/pdf")],
    ids=["picture", "paper"],
)
def test_killed_when_half_of_the_file_had_come(
    committed: World,
    server: MediaServer,
    worker: Worker,
    bell: Bell,
    settings: Any,
    make: Callable[[], bytes],
    content_type: str,
) -> None:
    clinic, data = committed.clinics["alpha"], make()
    url = server.at("/Media/ME1", server.half(data, content_type))
    fields = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": content_type}
    assert write(clinic, "look", **fields).status_code == 200

    def ring() -> None:
        if bell.waiting() < 3:
            bell.send("messaging.fetch_due_media", clinic.schema_name)

    worker.start()
    until(server.half_sent.is_set, seconds=120, what="half of the file to be sent", meanwhile=ring)
    worker.kill()

    with in_clinic(clinic):
        one = Attachment.objects.get()
        assert (one.state, one.tries, one.file, one.url) == ("waiting", 1, "", url)
        assert one.next_try_at is not None
        assert one.next_try_at > clock.now()  # its lease: nobody knows yet that the worker is dead
        assert kept(settings) == []
        what_a_dead_writer_leaves(settings, clinic, one.pk.hex)
        # Five minutes later.
        Attachment.objects.update(next_try_at=one.next_try_at - fetching.LEASE - timedelta(seconds=1))
    server.at("/Media/ME1", file(data, content_type))
    worker.start()

    def settled() -> Attachment | None:
        with in_clinic(clinic):
            return Attachment.objects.filter(state="stored", next_try_at=None).first()

    one = until(settled, seconds=120, what="the file to be kept and drawn", meanwhile=ring)
    with in_clinic(clinic):
        assert Attachment.objects.count() == 1
        assert store.read(one.file) == data
        assert Message.objects.get(direction="inbound").body == "look"
    copies = [one.playable] if one.playable else [f"{one.file}-{n}" for n in (1, 2)]
    assert kept(settings) == sorted([one.file, *copies])
    assert [path for path, _auth in server.asked] == ["/Media/ME1"] * 2
