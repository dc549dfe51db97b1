"""PDFs are read in the thread: their first pages are drawn by the worker, and no paper does harm or is lost."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from PIL import Image

from clinics import clocks
from clinics.models import Clinic, ClinicClock, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import tasks
from messaging.attachments import drawing, fetching, links, papers, store
from messaging.models import Attachment, Message
from tests.messaging import files, pdfs
from tests.messaging.hooks import write
from tests.standin.media import MediaServer, file
from tests.statements import statements

pytestmark = pytest.mark.django_db

#: name, bytes, how many pages it says to have, how many are drawn
PAPERS: tuple[tuple[str, Callable[[], bytes], int | None, int], ...] = (
    ("one page", files.lab_result, 1, 1),
    ("three pages", lambda: pdfs.letter(3), 3, 3),
    ("ten thousand pages", lambda: pdfs.letter(10_000), 10_000, 5),
    ("a page of 700 metres", lambda: pdfs.letter(box=(2_000_000, 2_000_000)), 1, 1),
    ("a page like a thread", lambda: pdfs.letter(box=(1, 200_000)), 1, 1),
    ("a page of nothing", lambda: pdfs.letter(box=(0, 0)), 1, 1),
    ("no page", lambda: pdfs.letter(0), None, 0),
    ("locked", pdfs.locked, None, 0),
    ("broken", pdfs.broken, None, 0),
    ("cut", pdfs.cut, None, 0),
    ("a bomb", pdfs.bomb, 1, 0),
    ("endless", pdfs.endless, 1, 0),
)
each_paper = pytest.mark.parametrize(
    ("make", "pages", "shown"), [one[1:] for one in PAPERS], ids=[one[0] for one in PAPERS]
)


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[MediaServer]:
    settings.FILES_ROOT = tmp_path / "files"
    with MediaServer() as started:
        settings.TWILIO_API_BASE_URL = started.base
        yield started


@pytest.fixture
def come(clinic: Clinic, server: MediaServer) -> Callable[..., Attachment]:
    """Return how a patient's PDF comes and is fetched, before it is drawn."""

    def send(data: bytes, *, channel: str = "whatsapp", name: str = "referral.pdf") -> Attachment:
        url = server.at("/Media/ME1", file(data, "application/pdf"))
        fields = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "application/pdf"}
        assert write(clinic, "look", channel=channel, **fields).status_code == 200
        with in_clinic(clinic):
            one = Attachment.objects.get()
            assert one.next_try_at is not None
            fetching.fetch(one.pk, now=one.next_try_at)
            Attachment.objects.update(name=name)
            one.refresh_from_db()
            return one

    return send


def drawn(clinic: Clinic, *, at: datetime | None = None) -> Attachment:
    with in_clinic(clinic):
        one = Attachment.objects.get()
        when = at or one.next_try_at
        assert when is not None
        drawing.draw(one.pk, now=when)
        one.refresh_from_db()
        return one


def kept(settings: Any) -> list[str]:
    return sorted(path.name for path in Path(settings.FILES_ROOT).rglob("*") if path.is_file())


def thread(clinic: Clinic, user: User, browse: Any) -> str:
    with in_clinic(clinic):
        message = Message.objects.filter(direction="inbound").order_by("-created_at")[0]
    page = browse(user).get(f"/c/{clinic.slug}/inbox/{message.conversation_id}/").content.decode()
    items: str = page.split('data-part="items"')[1].split('class="to-latest')[0]
    return items


def pages_of(html: str) -> list[str]:
    return [unescape(part.split('"')[0]) for part in html.split('class="file-page" href="')[1:]]


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
@each_paper
def test_whatever_a_paper_is_its_message_and_the_file_stay(
    clinic: Clinic,
    owner: User,
    browse: Any,
    settings: Any,
    come: Any,
    channel: str,
    make: Any,
    pages: int | None,
    shown: int,
) -> None:
    data = make()
    before = come(data, channel=channel)
    assert (before.state, before.pages, before.drawn) == ("stored", None, 0)
    assert "file-card" in thread(clinic, owner, browse)  # there for whoever wants it at once
    one = drawn(clinic)

    assert (one.state, one.pages, one.drawn, one.next_try_at) == ("stored", pages, shown, None)
    assert kept(settings) == [one.file, *(f"{one.file}-{n}" for n in range(1, shown + 1))]
    html = thread(clinic, owner, browse)
    assert "look" in html
    assert "referral.pdf" in html
    assert "data-paper-open" in html  # it opens, whether it can be shown or not
    assert len(pages_of(html)) == shown
    assert ("Asks for a password" in html) is (make is pdfs.locked)
    with in_clinic(clinic):
        assert store.read(one.file) == data


def test_a_referral_of_three_pages_is_read_in_the_thread(
    clinic: Clinic, owner: User, browse: Any, come: Any
) -> None:
    come(pdfs.letter(3))
    drawn(clinic)
    html = thread(clinic, owner, browse)

    assert "3 pages" in html
    for n in (1, 2, 3):
        assert f'alt="referral.pdf, page {n} of 3"' in html
    assert html.count("data-leaf=") == 2
    seen = set()
    for url in pages_of(html):
        answer = browse(owner).get(url)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert "private" in answer["Cache-Control"]
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.format == "WEBP"
        assert picture.width <= papers.WIDTH
        assert picture.height <= papers.HEIGHT
        darkest, lightest = picture.convert("L").getextrema()
        assert (darkest < 60, lightest > 250) == (True, True)  # ink on paper
        seen.add(answer.content)
    assert len(seen) == 3


def test_a_single_page_has_nothing_to_leaf_through_and_a_long_paper_says_where_it_goes_on(
    clinic: Clinic, owner: User, browse: Any, come: Any
) -> None:
    come(files.lab_result())
    drawn(clinic)
    html = thread(clinic, owner, browse)
    assert "1 page" in html
    assert "data-leaf=" not in html

    with in_clinic(clinic):
        Attachment.objects.update(pages=12, drawn=5)
    html = thread(clinic, owner, browse)
    assert "12 pages" in html
    assert "Here are the first 5 pages. Open the file to read on." in html


def test_what_was_filled_in_is_seen() -> None:
    (page,) = papers.drawn(pdfs.filled_in()).pictures
    picture = Image.open(io.BytesIO(page)).convert("L")
    box = picture.getpixel((picture.width // 2, int(picture.height * (1 - 500 / 792))))
    assert isinstance(box, int)
    assert box < 60


def test_who_comes_for_a_page(
    clinic: Clinic,
    other_clinic: Clinic,
    owner: User,
    stranger: User,
    other_owner: User,
    browse: Any,
    come: Any,
) -> None:
    come(pdfs.letter(2))
    one = drawn(clinic)
    first, second = pages_of(thread(clinic, owner, browse))

    def status(user: User | None, url: str) -> int:
        code: int = browse(user).get(url).status_code
        return code

    assert status(owner, second) == 200
    assert status(None, first) == 302
    assert [status(nobody, first) for nobody in (stranger, other_owner)] == [404, 404]
    path, query = first.split("?")
    assert status(owner, path) == 404
    assert status(owner, f"{path}?{query[:-2]}xx") == 404
    for n in (0, 3, 99):
        assert status(owner, f"{path.replace('/pages/1/', f'/pages/{n}/')}?{query}") == 404
    elsewhere = first.replace(clinic.slug, other_clinic.slug, 1)
    assert status(other_owner, elsewhere) == 404
    with time_machine.travel(clock.real_now() + timedelta(seconds=2 * links.STEP + 1), tick=False):
        assert status(owner, first) == 404
    with in_clinic(clinic):
        store.remove(one.file)
    assert status(owner, first) == 404


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (b"pages 3\npage 4\n<ht>page 4\nRIFF", 0),
        (b"pages 3\npage -4\n", 0),
        (b"pages 3\npage 99999999999\nRIFF", 0),
        (b"pages x\n", 0),
        (b"GET / HTTP/1.1\r\n\r\n", 0),
        (b"", 0),
        (b"\xff" * 5000, 0),
    ],
    ids=["html", "negative", "longer than there is", "no number", "something else", "nothing", "noise"],
)
def test_what_the_renderer_says_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes, taken: int
) -> None:
    stands_in(tmp_path, monkeypatch, f"os.write(1, {said!r})")
    assert len(papers.drawn(b"%PDF-").pictures) == taken


def test_pages_that_were_done_before_it_hung_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = files.drawn("WEBP")
    said = b"pages 3\npage %d\n%spage 900\n" % (len(page), page)
    stands_in(tmp_path, monkeypatch, f"os.write(1, {said!r}); threading.Event().wait()")
    monkeypatch.setattr(papers, "SECONDS", 1)
    paper = papers.drawn(b"%PDF-")
    assert (paper.pages, paper.pictures) == (3, [page])


def stands_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    renderer = folder / "renderer.py"
    renderer.write_text(f"import os, threading\n{script}\n")
    monkeypatch.setattr(papers, "RENDERER", renderer)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not know every limit")
@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('/tmp/medsync-never', 'w')",
        "socket.socket()",
        "os.pipe()",
        "bytearray(2 * 1024 ** 3)",
    ],
)
def test_the_renderer_can_do_nothing_but_draw(attempt: str) -> None:
    script = (
        f"import os, runpy, socket; given = runpy.run_path({str(papers.RENDERER)!r})\n"
        f"given['give_up']({papers.MEMORY}, 5, 1000)\n"
        f"try:\n    {attempt}\nexcept (OSError, MemoryError):\n    os.write(1, b'refused')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert ended.stdout == b"refused", ended.stderr


def test_two_workers_draw_once_and_a_lost_bell_is_rung_again(
    clinic: Clinic, come: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = come(pdfs.letter(1))
    at = one.next_try_at
    rung: list[Any] = []
    monkeypatch.setattr(drawing, "ring", rung.append)
    with in_clinic(clinic):
        assert ClinicClock.objects.get(job=clocks.MEDIA).next_at <= clock.real_now() + timedelta(minutes=2)
        assert fetching.ring_due(now=at + timedelta(minutes=2)) == 1
    assert rung == [one.pk]

    calls: list[bytes] = []
    real = papers.drawn
    monkeypatch.setattr(papers, "drawn", lambda data: (calls.append(data), real(data))[1])
    with in_clinic(clinic):
        for _ in range(2):
            tasks.draw_pages.run(str(one.pk))
        drawing.draw(one.pk, now=at + timedelta(days=1))
        assert fetching.ring_due(now=at + timedelta(days=1)) == 0
    assert len(calls) == 1


def test_a_paper_that_takes_workers_with_it_is_let_be(
    clinic: Clinic, owner: User, browse: Any, come: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_a: Any) -> None:
        raise Killed

    one = come(pdfs.letter(1))
    at = one.next_try_at
    with monkeypatch.context() as patched:
        patched.setattr(papers, "drawn", die)
        for _ in range(drawing.MOST_TRIES):
            with pytest.raises(Killed):
                drawn(clinic, at=at)
            assert drawn(clinic, at=at).next_try_at == at + drawing.LEASE  # it may still be at work
            at += drawing.LEASE
        one = drawn(clinic, at=at)
    assert (one.state, one.drawn, one.next_try_at) == ("stored", 0, None)
    assert "file-card" in thread(clinic, owner, browse)


def test_what_drawing_costs(clinic: Clinic, come: Any) -> None:
    one = come(pdfs.letter(3))
    with in_clinic(clinic):
        Attachment.objects.get()
        with statements() as sent:
            drawing.draw(one.pk, now=one.next_try_at)
    assert len([s for s in sent if "SAVEPOINT" not in s]) <= 5, "\n".join(s[:120] for s in sent)
