"""Files of patients' messages: fetched by the worker, kept whole or refused in words, and the message always stays."""

import io
import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from clinics import clocks
from clinics.models import Clinic, ClinicClock, User
from clinics.tenancy import in_clinic
from messaging.attachments import fetching, store, transcoding
from messaging.models import Attachment, Kind, Message
from messaging.providers.media import MediaError
from tests.messaging import files
from tests.messaging.hooks import write
from tests.standin.media import MediaServer, file, redirect, status
from tests.statements import statements

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
OFFICE = {
    "docx": "wordprocessingml.document",
    "xlsx": "spreadsheetml.sheet",
    "pptx": "presentationml.presentation",
}


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[MediaServer]:
    settings.FILES_ROOT = tmp_path / "files"
    with MediaServer() as started:
        settings.TWILIO_API_BASE_URL = started.base
        yield started


def send(clinic: Clinic, url: str, said: str = "image/jpeg", *, body: str = "", **fields: str) -> None:
    answer = write(clinic, body, NumMedia="1", MediaUrl0=url, MediaContentType0=said, **fields)
    assert answer.status_code == 200


def fetched(clinic: Clinic, *, at: datetime | None = None) -> Attachment:
    """Let the worker fetch the newest file, and return it."""
    with in_clinic(clinic):
        newest = Attachment.objects.order_by("-id")[0]
        fetching.fetch(newest.pk, now=at or newest.next_try_at or NOW)
        newest.refresh_from_db()
        return newest


def kept(settings: Any) -> list[Path]:
    return [path for path in Path(settings.FILES_ROOT).rglob("*") if path.is_file()]


def thread(clinic: Clinic, user: User, browse: Any) -> str:
    with in_clinic(clinic):
        message = Message.objects.filter(direction="inbound").order_by("-created_at")[0]
    page = browse(user).get(f"/c/{clinic.slug}/inbox/{message.conversation_id}/").content.decode()
    items: str = page.split('data-part="items"')[1].split('class="to-latest')[0]
    return items


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
@pytest.mark.parametrize(
    ("make", "said", "found"), [one[1:] for one in files.GOOD], ids=[one[0] for one in files.GOOD]
)
def test_what_patients_send_is_kept(
    clinic: Clinic, server: MediaServer, channel: str, make: Any, said: str, found: str
) -> None:
    data = make()
    url = server.at("/Media/ME1", redirect("/stored"))
    server.at("/stored", file(data))

    send(clinic, url, said, body="look", channel=channel)
    with in_clinic(clinic):
        before = Attachment.objects.get()
        assert (before.state, before.url, before.file) == ("waiting", url, "")
    one = fetched(clinic)

    assert (one.state, one.reason, one.url, one.size) == ("stored", "", "", len(data))
    assert one.content_type.endswith(OFFICE.get(found, found))
    with in_clinic(clinic):
        assert store.read(one.file) == data
        assert one.message.body == "look"
    assert [asked[1] is not None for asked in server.asked] == [True, False]  # credentials to Twilio alone


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
@pytest.mark.parametrize(
    ("make", "said", "why"), [one[1:] for one in files.BAD], ids=[one[0] for one in files.BAD]
)
def test_what_nobody_should_take_is_refused_and_the_message_stays(
    clinic: Clinic,
    owner: User,
    browse: Any,
    settings: Any,
    server: MediaServer,
    channel: str,
    make: Any,
    said: str,
    why: str,
) -> None:
    send(clinic, server.at("/Media/ME1", file(make())), said, body="look", channel=channel)
    one = fetched(clinic)

    assert (one.state, one.reason, one.next_try_at) == ("refused", why, None)
    assert kept(settings) == []
    html = thread(clinic, owner, browse)
    assert "look" in html
    assert ("It is damaged" if why == "broken" else "This kind of file is not taken") in html


@pytest.mark.parametrize(("channel", "limit"), [("whatsapp", 16), ("sms", 5)])
def test_what_is_too_big_for_its_channel_is_refused(
    clinic: Clinic, settings: Any, server: MediaServer, channel: str, limit: int
) -> None:
    big = files.lab_result() + b"\0" * (limit * 1024 * 1024)
    send(clinic, server.at("/a", file(big)), "application/pdf", channel=channel)
    assert (fetched(clinic).reason, kept(settings)) == ("too_big", [])

    send(clinic, server.at("/b", server.endless()), "application/pdf", channel=channel)
    assert (fetched(clinic).reason, kept(settings)) == ("too_big", [])


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a.jpg",
        "http://127.0.0.1:1/a.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "https://api.twilio.com/" + "a" * 600,
    ],
    ids=["a stranger's", "this machine", "metadata", "a file", "endless"],
)
def test_an_address_that_is_not_the_providers_is_never_asked(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer, url: str
) -> None:
    send(clinic, url, body="look")
    one = fetched(clinic)

    assert (one.state, one.reason) == ("refused", "bad_address")
    assert server.asked == []
    assert "It does not come from the provider" in thread(clinic, owner, browse)


@pytest.mark.parametrize("length", [499, 500, 501, 1900])
def test_a_long_signed_address_is_asked_for_as_it_is(
    clinic: Clinic, server: MediaServer, length: int
) -> None:
    path = "/a?X-Amz-Signature=".ljust(length - len(server.base), "b")
    send(clinic, server.at(path, file(files.drawn(), "image/jpeg")), body="look")
    assert fetched(clinic).state == "stored"
    assert [asked for asked, _ in server.asked] == [path]


def test_a_redirect_to_a_private_address_is_refused(clinic: Clinic, server: MediaServer) -> None:
    send(clinic, server.at("/a", redirect("https://10.0.0.1/a")))
    assert (fetched(clinic).state, fetched(clinic).reason) == ("refused", "bad_address")


def test_it_is_tried_for_a_day_and_then_by_hand(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer
) -> None:
    url = server.at("/a", status(500))
    send(clinic, url)
    times: list[datetime] = []
    one = fetched(clinic)
    while one.next_try_at is not None:
        times.append(one.next_try_at)
        assert one.state == "waiting"
        one = fetched(clinic)

    assert [b - a for a, b in itertools.pairwise(times)] == list(fetching.DELAYS[1:])
    assert sum(fetching.DELAYS, timedelta(0)) >= timedelta(hours=23)
    assert (one.state, one.reason, len(server.asked)) == ("refused", "gave_up", len(fetching.DELAYS) + 1)
    html = thread(clinic, owner, browse)
    assert "did not hand it out for a day" in html
    assert "data-file-again" in html

    server.at("/a", file(files.drawn(), "image/jpeg"))
    assert browse(owner).post(f"/c/{clinic.slug}/files/{one.pk}/again/").status_code == 302
    assert (fetched(clinic).state, fetched(clinic).tries) == ("stored", 1)
    assert browse(owner).post(f"/c/{clinic.slug}/files/{one.pk}/again/").status_code == 302
    with in_clinic(clinic):
        assert Attachment.objects.get().state == "stored"  # what is here is not begun anew


@pytest.mark.parametrize(
    ("code", "words"),
    [(401, "the provider refuses the account"), (404, "does not have it yet"), (503, "does not answer")],
)
def test_the_thread_says_why_it_waits_and_when_it_is_tried_again(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer, code: int, words: str
) -> None:
    send(clinic, server.at("/a", status(code)))
    assert "Being fetched" in thread(clinic, owner, browse)
    fetched(clinic)

    html = thread(clinic, owner, browse)
    assert words in html
    assert "Next try" in html


def test_what_the_provider_has_no_more_is_gone(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer
) -> None:
    send(clinic, server.at("/a", status(410)))
    assert fetched(clinic).state == "gone"
    assert "The provider has it no more" in thread(clinic, owner, browse)


def test_what_the_provider_does_not_have_is_asked_for_over_hours(clinic: Clinic, server: MediaServer) -> None:
    url = server.at("/b", status(404))
    send(clinic, url)
    with in_clinic(clinic):
        first = Attachment.objects.get().next_try_at
    assert first is not None
    while (one := fetched(clinic)).state == "waiting":
        assert (one.reason, one.next_try_at is not None) == ("not_there", True)
        last = one.next_try_at
    assert (one.state, one.next_try_at) == ("gone", None)
    assert last is not None
    assert timedelta(hours=4) < last - first < timedelta(hours=12)

    send(clinic, url)
    for _ in range(fetching.NOT_THERE_AT_MOST - 1):
        assert fetched(clinic).state == "waiting"
    server.at("/b", file(files.drawn(), "image/jpeg"))
    assert fetched(clinic).state == "stored"


def test_two_workers_fetch_once(clinic: Clinic, server: MediaServer) -> None:
    send(clinic, server.at("/a", file(files.drawn(), "image/jpeg")))
    with in_clinic(clinic):
        one = Attachment.objects.get()
        at = one.next_try_at
        assert at is not None
        fetching.fetch(one.pk, now=at)
        fetching.fetch(one.pk, now=at)
        fetching.fetch(one.pk, now=at + timedelta(days=2))

    assert len(server.asked) == 1


@pytest.mark.parametrize("where", ["replace", "settle"])
def test_a_worker_that_dies_half_way_leaves_no_half_file(
    clinic: Clinic, settings: Any, server: MediaServer, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    class Killed(BaseException):
        pass

    def die(*_a: Any, **_k: Any) -> None:
        raise Killed

    send(clinic, server.at("/a", file(files.taken_at_home(), "image/jpeg")))
    with in_clinic(clinic):
        one = Attachment.objects.get()
        at = one.next_try_at
        assert at is not None
        with monkeypatch.context() as patched:
            patched.setattr(*((os, "replace") if where == "replace" else (fetching, "_settle")), die)
            with pytest.raises(Killed):
                fetching.fetch(one.pk, now=at)
        one.refresh_from_db()
        assert (one.state, one.file, one.next_try_at) == ("waiting", "", at + fetching.LEASE)
        fetching.fetch(one.pk, now=at + timedelta(minutes=1))  # it may still be at work
        assert len(server.asked) == 1

        fetching.fetch(one.pk, now=at + fetching.LEASE)
        one.refresh_from_db()

    assert one.state == "stored"
    assert sorted(path.name for path in kept(settings)) == sorted([one.file, one.playable])


def test_a_file_that_takes_workers_with_it_is_given_up(
    clinic: Clinic, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_a: Any, **_k: Any) -> None:
        raise Killed

    send(clinic, server.at("/a", file(files.drawn(), "image/jpeg")))
    with monkeypatch.context() as patched:
        patched.setattr(fetching, "prepare", die)
        for _ in range(len(fetching.DELAYS) + 1):
            with pytest.raises(Killed):
                fetched(clinic)
        one = fetched(clinic)
    assert (one.state, one.reason, one.next_try_at) == ("refused", "gave_up", None)
    assert len(server.asked) == len(fetching.DELAYS) + 1
    with in_clinic(clinic):
        assert fetching.try_again(one, now=NOW)
    assert fetched(clinic).state == "stored"


def test_a_file_that_never_comes_leaves_nothing_of_an_earlier_try(
    clinic: Clinic, settings: Any, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_a: Any, **_k: Any) -> None:
        raise Killed

    send(clinic, server.at("/a", file(files.taken_at_home(), "image/jpeg")))
    with monkeypatch.context() as patched:
        patched.setattr(fetching, "_settle", die)
        with pytest.raises(Killed):
            fetched(clinic)
    assert len(kept(settings)) == 2
    half = kept(settings)[0]
    half.with_name(f"{half.name}.part").write_bytes(b"half")

    server.at("/a", status(410))
    assert (fetched(clinic).state, kept(settings)) == ("gone", [])


def test_a_worker_that_comes_too_late_takes_no_file_away(
    clinic: Clinic, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = files.drawn()
    send(clinic, server.at("/a", file(data, "image/jpeg")))
    real = fetching._fetched

    def slow(attachment: Attachment) -> Any:
        monkeypatch.setattr(fetching, "_fetched", real)
        assert fetched(clinic).state == "stored"  # another one, when the lease of this one had ended
        raise MediaError("gone")

    monkeypatch.setattr(fetching, "_fetched", slow)
    one = fetched(clinic)
    assert one.state == "stored"
    with in_clinic(clinic):
        assert store.read(one.file) == data


def test_a_full_disk_is_tried_again(
    clinic: Clinic, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_a: Any, **_k: Any) -> str:
        raise OSError(28, "No space left on device")

    send(clinic, server.at("/a", file(files.drawn(), "image/jpeg")))
    with monkeypatch.context() as patched:
        patched.setattr(store, "keep", full)
        assert (fetched(clinic).state, fetched(clinic).reason) == ("waiting", "no_room")
    assert fetched(clinic).state == "stored"


@pytest.mark.parametrize("make", [files.taken_at_home, files.badly_noted])
def test_a_picture_is_shown_upright_and_without_its_place(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer, make: Any
) -> None:
    original = make()
    assert Image.open(io.BytesIO(original)).getexif().get_ifd(0x8825)
    send(clinic, server.at("/a", file(original, "image/jpeg")))
    one = fetched(clinic)

    html = thread(clinic, owner, browse)
    url = html.split('<img src="')[1].split('"')[0].replace("&amp;", "&")
    shown = browse(owner).get(url).content
    picture = Image.open(io.BytesIO(shown))
    assert (picture.size, dict(picture.getexif())) == ((6, 8), {})
    with in_clinic(clinic):
        assert store.read(one.file) == original


def test_a_bomb_is_not_unpacked(clinic: Clinic, server: MediaServer) -> None:
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(out, "PNG")
    send(clinic, server.at("/a", file(out.getvalue(), "image/png")))
    assert fetched(clinic).reason == "too_many_pixels"


@pytest.mark.skipif(not transcoding.ffmpeg(), reason="no ffmpeg on this machine")
def test_a_voice_note_plays_in_every_browser(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer
) -> None:
    send(clinic, server.at("/a", file(files.voice_note(), "audio/ogg")), "audio/ogg")
    one = fetched(clinic)

    assert (one.kind, one.seconds, bool(one.playable)) == ("audio", 4, True)
    html = thread(clinic, owner, browse)
    assert "0:04" in html
    url = html.split("<audio")[1].split('src="')[1].split('"')[0].replace("&amp;", "&")
    whole = browse(owner).get(url)
    assert whole["Content-Type"] == "audio/mp4"
    assert whole.content[4:11] == b"ftypM4A"
    part = browse(owner).get(url, headers={"Range": "bytes=4-10"})
    assert (part.status_code, part.content) == (206, b"ftypM4A")
    assert part["Content-Range"] == f"bytes 4-10/{len(whole.content)}"
    assert browse(owner).get(url, headers={"Range": "bytes=-5"}).content == whole.content[-5:]
    assert browse(owner).get(url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416


def test_without_ffmpeg_the_recording_stays_as_it_is_and_the_thread_says_so(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcoding, "ffmpeg", lambda: "")
    send(clinic, server.at("/a", file(files.voice_note(), "audio/ogg")), "audio/ogg")

    assert (fetched(clinic).state, fetched(clinic).playable) == ("stored", "")
    assert "Some browsers do not play this recording" in thread(clinic, owner, browse)


def test_a_contact_card_is_shown_as_a_name_and_numbers(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer
) -> None:
    send(clinic, server.at("/a", file(files.contact(), "text/vcard")), "text/vcard")
    fetched(clinic)

    html = thread(clinic, owner, browse)
    assert "Dr. Ngozi Okoye" in html
    assert 'href="tel:+16465550142"' in html
    with in_clinic(clinic):
        assert Message.objects.get(direction="inbound").kind == Kind.CONTACT


def test_several_files_of_one_message_are_several(clinic: Clinic, server: MediaServer) -> None:
    fields = {"NumMedia": "3"}
    for n, data in enumerate((files.drawn(), files.lab_result(), b"<html>")):
        fields |= {f"MediaUrl{n}": server.at(f"/{n}", file(data)), f"MediaContentType{n}": "image/jpeg"}
    assert write(clinic, "", **fields).status_code == 200
    with in_clinic(clinic):
        for one in Attachment.objects.order_by("n"):
            assert one.next_try_at is not None
            fetching.fetch(one.pk, now=one.next_try_at)
        assert list(Attachment.objects.order_by("n").values_list("n", "state")) == [
            (1, "stored"),
            (2, "stored"),
            (3, "refused"),
        ]


def test_a_file_costs_the_webhook_two_statements(clinic: Clinic, server: MediaServer) -> None:
    url = server.at("/a", file(files.drawn()))
    write(clinic, "hola")
    send(clinic, url)
    with statements() as without:
        write(clinic, "hola otra vez")
    with statements() as sent:
        send(clinic, url, body="hola otra vez")

    assert len(sent) - len(without) <= 2, "\n".join(s[:120] for s in sent)


def test_a_lost_bell_is_rung_again_and_a_quiet_clinic_is_let_be(
    clinic: Clinic, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(clinic, server.at("/a", file(files.drawn())))
    rung: list[Any] = []
    monkeypatch.setattr(fetching, "ring", rung.append)
    with in_clinic(clinic):
        one = Attachment.objects.get()
        at = one.next_try_at
        assert at is not None
        later = at + timedelta(minutes=2)
        assert [due.pk for due in clocks.due(clocks.MEDIA, later)] == [clinic.pk]
        assert fetching.ring_due(now=later) == 1
        assert rung == [one.pk]
        assert ClinicClock.objects.get(job=clocks.MEDIA).next_at > later

        fetching.fetch(one.pk, now=later)
        assert fetching.ring_due(now=later) == 0
    assert clocks.due(clocks.MEDIA, later + timedelta(days=400)) == []


def test_who_comes_for_a_file(
    clinic: Clinic,
    other_clinic: Clinic,
    owner: User,
    stranger: User,
    other_owner: User,
    browse: Any,
    server: MediaServer,
) -> None:
    send(clinic, server.at("/a", file(files.office("word/document.xml"))), "x/y")
    one = fetched(clinic)
    html = thread(clinic, owner, browse)
    url = html.split('class="file-card" href="')[1].split('"')[0].replace("&amp;", "&")

    answer = browse(owner).get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert browse(None).get(url).status_code == 302
    for nobody in (stranger, other_owner):
        assert browse(nobody).get(url).status_code == 404
        assert browse(nobody).post(f"/c/{clinic.slug}/files/{one.pk}/again/").status_code == 404
    elsewhere = f"/c/{other_clinic.slug}/files/{one.pk}/again/"
    assert browse(other_owner).post(elsewhere).status_code == 404


def test_a_very_long_name_and_a_pdf_in_a_tab(
    clinic: Clinic, owner: User, browse: Any, server: MediaServer
) -> None:
    send(clinic, server.at("/a", file(files.lab_result())), "application/pdf")
    one = fetched(clinic)
    with in_clinic(clinic):
        Attachment.objects.filter(pk=one.pk).update(name="é<b>" * 45 + '"\n.html')
    html = thread(clinic, owner, browse)
    assert "<b>" not in html
    url = html.split('class="file-card" href="')[1].split('"')[0].replace("&amp;", "&")
    answer = browse(owner).get(url)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["Content-Disposition"].endswith(".pdf")
    assert "script-src 'none'" in answer["Content-Security-Policy"]
