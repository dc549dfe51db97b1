"""Pictures and PDFs that members send: what a channel carries goes, the rest is refused in words before anything is."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from PIL import Image

from clinics import clocks
from clinics.models import Clinic, ClinicState, Sender, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import outbox, threads
from messaging.attachments import attaching, drawing, fetching, papers, pictures, publishing, sending
from messaging.models import Attachment, Attempt, Message
from tests.messaging import files, pdfs
from tests.messaging.inboxes import a_thread, reenter
from tests.messaging.outbound import sender_of
from tests.standin.twilio import Script, TwilioStandIn
from tests.world import CLINICS, World

SOON = timedelta(seconds=61)


@pytest.fixture
def inside(committed: World, settings: Any, tmp_path: Path) -> Iterator[Clinic]:
    settings.FILES_ROOT = tmp_path / "files"
    with in_clinic(committed.clinics["alpha"]):
        yield committed.clinics["alpha"]


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioStandIn]:
    tokens = {sid: token for *_, sid, token in CLINICS if sid}
    settings.OUTBOX_HTTP_DEADLINE = 1.5
    with TwilioStandIn(tokens=tokens) as standin:
        settings.TWILIO_API_BASE_URL = standin.base_url
        yield standin


@pytest.fixture
def say(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a sender of replies with files, as the composer posts them."""

    def post(thread: Any, *chosen: tuple[str, bytes], path: str = "send", **fields: Any) -> Any:
        uploads = [SimpleUploadedFile(name, data) for name, data in chosen]
        answer = browse(owner).post(
            f"/c/{inside.slug}/inbox/{thread.pk}/{path}/",
            {"body": "", "client_message_id": str(uuid4()), **fields, "files": uploads},
            headers={"HX-Request": "true"},
        )
        reenter(inside)
        return answer

    return post


def path_of(url: str) -> str:
    return "/m/" + url.rpartition("/m/")[2]


def big_picture() -> bytes:
    """Return a photo of more than five megabytes."""
    out = io.BytesIO()
    Image.effect_noise((2600, 2200), 90).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "make", "content_type"),
    [
        ("plan.pdf", files.lab_result, "application/pdf"),
        ("x-ray.png", lambda: files.drawn("PNG"), "image/png"),
        ("sticker.webp", lambda: files.drawn("WEBP"), "image/png"),
        ("photo.jpg", files.taken_at_home, "image/jpeg"),
        ("badly-noted.jpg", files.badly_noted, "image/jpeg"),
    ],
    ids=["pdf", "png", "webp becomes png or jpeg", "without its place", "with notes that cannot be read"],
)
def test_a_file_goes_by_whatsapp_and_the_provider_fetches_it(
    inside: Clinic, say: Any, twilio: TwilioStandIn, name: str, make: Any, content_type: str
) -> None:
    thread = a_thread()

    assert say(thread, (name, make()), body="Here it is").status_code == 200
    assert outbox.work(now=clock.now() + SOON) == 1

    (accepted,) = twilio.accepted
    assert accepted.body == "Here it is"
    (url,) = accepted.media
    one = Attachment.objects.get()
    assert url.startswith("https://medsync.example/m/")
    assert not any(secret in url for secret in (name, str(one.pk), one.pk.hex, inside.slug))
    for method in ("head", "get"):
        answer = getattr(Client(), method)(path_of(url))
        reenter(inside)
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("image/" if "image" in content_type else content_type)
        assert int(answer["Content-Length"]) == one.size
        assert Path(name).stem in answer["Content-Disposition"]
    if answer["Content-Type"].startswith("image/"):
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.format in ("JPEG", "PNG")
        assert dict(picture.getexif()) == {}
    else:
        assert answer.content == make()


def test_while_a_picture_is_converted_a_colleague_can_answer(
    inside: Clinic, say: Any, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds for a large one: here the colleague is there in just that moment."""
    thread, converts, said = a_thread(), pictures.for_sending, []

    def answer() -> None:
        with in_clinic(inside):
            said.append(outbox.send_reply(thread, body="Welcome", user=owner, now=clock.now()).pk)
        connection.close()

    def convert(*picture: Any, **how: Any) -> Any:
        colleague = Thread(target=answer)
        colleague.start()
        colleague.join(30)
        assert said, "the thread is locked"
        return converts(*picture, **how)

    monkeypatch.setattr(pictures, "for_sending", convert)
    assert say(thread, ("x.png", files.drawn("PNG")), sender=sender_of(inside).pk).status_code == 200
    assert Message.objects.filter(direction="outbound", status="queued").count() == 2


def test_a_file_needs_no_words(inside: Clinic, say: Any, twilio: TwilioStandIn) -> None:
    say(a_thread(), ("x.png", files.drawn("PNG")))
    outbox.work(now=clock.now() + SOON)

    (accepted,) = twilio.accepted
    assert (accepted.body, len(accepted.media)) == ("", 1)
    message = Message.objects.get(direction="outbound")
    assert (message.kind, message.body, message.status) == ("media", "", "sent")


def test_nothing_at_all_is_still_refused(inside: Clinic, say: Any) -> None:
    assert say(a_thread()).status_code == 409
    assert not Message.objects.filter(direction="outbound").exists()


def test_a_large_picture_is_made_small_enough(inside: Clinic, say: Any) -> None:
    data = big_picture()
    assert len(data) > 5 * sending.MB
    say(a_thread(), ("photo.png", data))
    one = Attachment.objects.get()
    assert (one.content_type, one.name) == ("image/jpeg", "photo.jpg")
    assert one.size <= 5 * sending.MB


def test_two_pictures_go_by_text_message(inside: Clinic, say: Any, twilio: TwilioStandIn) -> None:
    thread = a_thread(channel="sms")
    say(thread, ("a.png", files.drawn("PNG")), ("b.jpg", files.drawn()), body="both")
    outbox.work(now=clock.now() + SOON)
    assert len(twilio.accepted[0].media) == 2


@pytest.mark.parametrize(
    ("channel", "chosen", "words"),
    [
        ("sms", [("plan.pdf", files.lab_result)], "Only pictures go by text message"),
        ("whatsapp", [("a.jpg", files.drawn), ("b.jpg", files.drawn)], "one file a message"),
        ("whatsapp", [("letter.docx", lambda: files.office("word/document.xml"))], "cannot be sent"),
        ("whatsapp", [("x.jpg", lambda: b"<script>alert(1)</script>")], "cannot be sent"),
        ("whatsapp", [("x.jpg", lambda: b"\xff\xd8\xff" + b"\0" * 99)], "damaged"),
        ("whatsapp", [("x.pdf", lambda: b"%PDF-" + b"\0" * 17 * sending.MB)], "too big"),
        ("sms", [(f"{n}.jpg", files.drawn) for n in range(11)], "one after the other"),
    ],
    ids=["pdf by sms", "two on whatsapp", "word", "script", "broken", "too big", "eleven"],
)
def test_what_a_channel_does_not_carry_is_refused_in_words(
    inside: Clinic, say: Any, settings: Any, channel: str, chosen: Any, words: str
) -> None:
    answer = say(a_thread(channel=channel), *[(name, make()) for name, make in chosen], body="x")

    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert not Message.objects.filter(direction="outbound").exists()
    assert not list(Path(settings.FILES_ROOT).rglob("*.*"))


def test_a_number_whose_carriers_take_no_pictures_sends_none(inside: Clinic, say: Any) -> None:
    Sender.objects.filter(clinic=inside, channel="sms").update(phone_number="+525555550100")
    answer = say(a_thread(channel="sms"), ("a.jpg", files.drawn()), body="x")
    assert answer.status_code == 409
    assert "cannot send pictures by text message" in answer.content.decode()


def test_a_file_does_not_wait_for_later(inside: Clinic, say: Any) -> None:
    at = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    answer = say(a_thread(), ("a.jpg", files.drawn()), path="later", body="x", at=at)
    assert answer.status_code == 409
    assert "A file cannot wait" in answer.content.decode()


def test_pressing_send_twice_sends_once(inside: Clinic, say: Any) -> None:
    thread = a_thread()
    for _ in range(2):
        say(thread, ("a.jpg", files.drawn()), body="x", client_message_id="same")
    assert (Message.objects.filter(direction="outbound").count(), Attachment.objects.count()) == (1, 1)


def test_a_retry_carries_the_file_again(inside: Clinic, say: Any, twilio: TwilioStandIn) -> None:
    twilio.script(Script(kind="error:429"))
    say(a_thread(), ("a.jpg", files.drawn()), body="x")
    outbox.work(now=clock.now() + SOON)
    assert twilio.accepted == []
    outbox.work(now=clock.now() + timedelta(minutes=10))

    assert len(twilio.accepted[0].media) == 1
    assert Attempt.objects.count() == 2


def test_nothing_is_kept_of_what_was_not_stored(
    inside: Clinic, owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_a: Any, **_k: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(threads, "touch", broken)
    with pytest.raises(RuntimeError):
        outbox.send_reply(
            a_thread(),
            body="",
            user=owner,
            now=clock.now(),
            files=[sending.Upload("a.jpg", files.drawn())],
        )
    assert [path for path in Path(settings.FILES_ROOT).rglob("*") if path.is_file()] == []


def test_who_guesses_a_public_link_gets_nothing(inside: Clinic, say: Any) -> None:
    say(a_thread(), ("a.jpg", files.drawn()), body="x")
    one, now = Attachment.objects.get(), clock.real_now()
    good = path_of(publishing.url_of(inside.pk, one.pk, now=now))
    other = path_of(publishing.url_of(inside.pk, uuid4(), now=now))
    nowhere = path_of(publishing.url_of(uuid4(), one.pk, now=now))

    def status(path: str) -> int:
        code: int = Client().get(path).status_code
        reenter(inside)
        return code

    assert status(good) == 200
    changed = good[:-3] + ("abc" if not good.endswith("abc") else "abd")
    for bad in (other, nowhere, changed, good[:-1], "/m/", "/m/x", "/m/" + "é" * 9, good + "A"):
        assert status(bad) == 404
    with time_machine.travel(now + publishing.KEPT_FOR + timedelta(seconds=1), tick=False):
        assert status(good) == 404
    Clinic.objects.filter(pk=inside.pk).update(state=ClinicState.CLOSING)
    assert status(good) == 404
    Clinic.objects.filter(pk=inside.pk).update(state=ClinicState.READY)


def test_what_a_patient_sent_is_never_public(inside: Clinic, settings: Any) -> None:
    message = Message.objects.get(conversation=a_thread(), direction="inbound")
    ready = sending.prepared([sending.Upload("a.jpg", files.drawn())], message.sender)
    with attaching.kept_with(transaction.atomic()):
        attaching.attach_kept(message, ready, now=clock.now())
    url = publishing.url_of(inside.pk, Attachment.objects.get().pk, now=clock.real_now())
    assert Client().get(path_of(url)).status_code == 404
    reenter(inside)


def test_what_is_taken_back_leaves_no_file(inside: Clinic, say: Any, settings: Any) -> None:
    thread = a_thread()
    say(thread, ("a.jpg", files.drawn()), body="wait")
    message = Message.objects.get(direction="outbound")
    answer = say(thread, path=f"messages/{message.pk}/take-back")

    assert answer.status_code == 200
    message.refresh_from_db()
    assert (message.status, Attachment.objects.count()) == ("cancelled", 0)
    assert [path for path in Path(settings.FILES_ROOT).rglob("*") if path.is_file()] == []


def test_the_thread_shows_what_went(inside: Clinic, say: Any, owner: User, browse: Any) -> None:
    thread = a_thread()
    page = say(thread, ("a very long plan.pdf", files.lab_result())).content.decode()
    reenter(inside)
    assert "a very long plan.pdf" in page
    assert "Picture or file" not in page.split('data-part="items"')[-1]


def drawn() -> Attachment:
    """Let the worker draw the newest PDF."""
    one = Attachment.objects.order_by("-id")[0]
    assert one.next_try_at is not None
    drawing.draw(one.pk, now=one.next_try_at)
    one.refresh_from_db()
    return one


def test_the_pages_of_a_pdf_that_went_are_in_the_thread(
    inside: Clinic, say: Any, twilio: TwilioStandIn, owner: User, browse: Any
) -> None:
    thread, data = a_thread(), pdfs.letter(3)
    say(thread, ("plan.pdf", data))
    one = drawn()
    assert (one.pages, one.drawn, one.next_try_at) == (3, 3, None)
    page = browse(owner).get(f"/c/{inside.slug}/inbox/{thread.pk}/").content.decode()
    reenter(inside)
    assert 'alt="plan.pdf, page 2 of 3"' in page

    outbox.work(now=clock.now() + SOON)
    (accepted,) = twilio.accepted
    answer = Client().get(path_of(accepted.media[0]))
    reenter(inside)
    assert answer.content == data  # the provider gets the paper itself
    assert Client().get(path_of(accepted.media[0]) + "/pages/1/").status_code == 404
    reenter(inside)


def test_a_pdf_whose_bell_was_lost_is_drawn_by_the_sweep(
    inside: Clinic, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(a_thread(), ("plan.pdf", pdfs.letter()))
    rung: list[Any] = []
    monkeypatch.setattr(drawing, "ring", rung.append)
    due = clocks.due(clocks.MEDIA, clock.real_now() + attaching.LOST_AFTER)
    assert [clinic.pk for clinic in due] == [inside.pk]
    assert fetching.ring_due(now=clock.now() + attaching.LOST_AFTER) == 1
    assert rung == [Attachment.objects.get().pk]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_pdf_that_is_taken_back_leaves_no_page(
    inside: Clinic, say: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    thread = a_thread()
    say(thread, ("plan.pdf", pdfs.letter(2)), body="wait")
    message = Message.objects.get(direction="outbound")
    path = f"messages/{message.pk}/take-back"
    if when == "before":
        drawn()
        say(thread, path=path)
    else:
        real, one = papers.drawn, Attachment.objects.get()
        monkeypatch.setattr(papers, "drawn", lambda data: (say(thread, path=path), real(data))[1])
        assert one.next_try_at is not None
        drawing.draw(one.pk, now=one.next_try_at)

    assert not Attachment.objects.exists()
    assert [each for each in Path(settings.FILES_ROOT).rglob("*") if each.is_file()] == []
