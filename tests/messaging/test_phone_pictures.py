"""Pictures from played phones: kept privately, shown in the thread and on the phone, by links that end."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging import intake
from messaging.attachments import drawing, store
from messaging.attachments.pictures import LARGEST
from messaging.models import Attachment, Kind, Message
from scheduling.models import ContactAddress
from tests.messaging.desks import desk, inside, played, png
from tests.messaging.files import drawn
from tests.messaging.inboxes import a_thread, reenter

__all__ = ["desk", "inside", "played"]

pytestmark = pytest.mark.django_db


def upload(data: bytes, name: str = "tooth.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="image/png")


@pytest.fixture
def sent(desk: Any) -> Attachment:
    """Send a picture from a new phone."""
    desk("new/", "post", channel="whatsapp")
    address = ContactAddress.objects.get()
    answer = desk(f"{address.id}/send/", "post", body="my tooth", file=upload(png()))
    assert answer.status_code == 200
    return Attachment.objects.select_related("message").get()


def files_below(root: Any) -> list[Path]:
    return [path for path in Path(root).rglob("*") if path.is_file()]


def picture_url(html: str) -> str:
    return unescape(re.search(r'<img src="([^"]+)"', html)[1])  # type: ignore[index]


def test_a_picture_is_kept_with_its_message(sent: Attachment, inside: Clinic, settings: Any) -> None:
    message = sent.message
    assert (message.kind, message.body, message.direction) == (Kind.MEDIA, "my tooth", "inbound")
    assert (sent.kind, sent.content_type, sent.state, sent.size) == (
        "image",
        "image/png",
        "stored",
        len(png()),
    )
    (kept,) = files_below(settings.FILES_ROOT)
    assert kept.read_bytes() == png()
    assert kept.is_relative_to(settings.FILES_ROOT / inside.schema_name)
    assert kept.stat().st_mode & 0o077 == 0


def test_the_thread_and_the_phone_show_it_with_words_for_who_cannot_see_it(
    sent: Attachment, inside: Clinic, owner: User, browse: Any, desk: Any
) -> None:
    on_phone = desk().content.decode()
    thread = browse(owner).get(f"/c/{inside.slug}/inbox/{sent.message.conversation_id}/").content.decode()

    assert 'alt="Picture from' in on_phone
    assert 'alt="Picture from' in thread
    assert "Picture or file" not in thread.split('data-part="items"')[1].split("</article>")[0]
    for html in (on_phone, thread):
        response = browse(owner).get(picture_url(html))
        assert response.content == png()
        assert response["Content-Type"] == "image/png"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"].startswith("private")


def test_a_link_is_for_members_of_this_clinic_alone(
    sent: Attachment,
    inside: Clinic,
    stranger: User,
    other_owner: User,
    other_clinic: Clinic,
    browse: Any,
    desk: Any,
) -> None:
    url = picture_url(desk().content.decode())

    assert browse(None).get(url).status_code == 302
    assert browse(stranger).get(url).status_code == 404
    assert browse(other_owner).get(url).status_code == 404
    elsewhere = url.replace(f"/c/{inside.slug}/", f"/c/{other_clinic.slug}/")
    assert browse(other_owner).get(elsewhere).status_code == 404


def test_a_link_ends_after_half_an_hour_of_real_time(
    sent: Attachment, owner: User, browse: Any, desk: Any
) -> None:
    desk("clock/", "post", step="day")
    url, now = picture_url(desk().content.decode()), clock.real_now()
    assert browse(owner).get(url).status_code == 200

    with time_machine.travel(now + timedelta(minutes=31), tick=False):
        assert browse(owner).get(url).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.partition("?")[0],
        lambda url: re.sub(r"until=\d+", "until=99999999999", url),
        lambda url: re.sub(r"sign=.", "sign=!", url),
        lambda url: re.sub(r"until=\d+", "until=soon", url),
    ],
    ids=["no signature", "later end", "other signature", "no time"],
)
def test_a_changed_link_opens_nothing(
    sent: Attachment, owner: User, browse: Any, desk: Any, change: Any
) -> None:
    url = picture_url(desk().content.decode())

    assert browse(owner).get(change(url)).status_code == 404


def test_a_link_is_the_same_for_a_while_so_that_pictures_are_not_loaded_again(
    sent: Attachment, desk: Any
) -> None:
    now = clock.real_now().replace(second=0)
    start = now + timedelta(minutes=15 - now.minute % 15)  # soon: nobody is locked out for being idle
    urls = []
    for minutes in (1, 14, 16):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            urls.append(picture_url(desk().content.decode()))

    assert urls[0] == urls[1] != urls[2]


def test_a_file_that_is_gone_is_not_found(sent: Attachment, owner: User, browse: Any, desk: Any) -> None:
    url = picture_url(desk().content.decode())
    store.remove(sent.file)

    assert browse(owner).get(url).status_code == 404


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "does not send this kind of file"),
        (b"<!doctype html><script>alert(1)</script>", "does not send this kind of file"),
        (b"\xff\xd8\xff\xe0no picture behind its head", "damaged"),
        (png() + b"\0" * LARGEST, "pictures up to 5 MB"),
    ],
    ids=["svg", "html named png", "broken", "too big"],
)
def test_what_is_no_picture_or_too_big_is_refused_in_words(
    desk: Any, settings: Any, data: bytes, words: str
) -> None:
    a_thread()
    address = ContactAddress.objects.get()

    answer = desk(f"{address.id}/send/", "post", body="", file=upload(data))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert files_below(settings.FILES_ROOT) == []
    assert Message.objects.filter(kind=Kind.MEDIA).count() == 0


@pytest.mark.parametrize(
    ("form", "content_type"),
    [("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
    ids=["jpeg", "webp", "gif"],
)
def test_the_type_is_what_the_bytes_say(desk: Any, form: str, content_type: str) -> None:
    a_thread()
    address = ContactAddress.objects.get()

    desk(f"{address.id}/send/", "post", body="", file=upload(drawn(form), "lies.png"))

    assert Attachment.objects.get().content_type == content_type


def test_nothing_is_kept_of_a_picture_that_could_not_be_taken(
    desk: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_thread()
    address = ContactAddress.objects.get()

    def down(*_args: Any, **_more: Any) -> None:
        raise intake.Unavailable

    monkeypatch.setattr(intake, "receive_message", down)

    assert desk(f"{address.id}/send/", "post", body="", file=upload(png())).status_code == 503
    assert files_below(settings.FILES_ROOT) == []


def test_a_key_of_another_clinic_opens_nothing(
    sent: Attachment, inside: Clinic, other_clinic: Clinic
) -> None:
    key = sent.file
    reenter(other_clinic)
    assert store.read(key) is None
    assert store.read("../" + inside.schema_name) is None
    reenter(inside)
    assert store.read(key) == png()


def test_a_stored_attachment_has_a_file_and_no_other_has(sent: Attachment) -> None:
    with pytest.raises(IntegrityError, match="stored_attachments_have_a_file"), transaction.atomic():
        Attachment.objects.update(file="")
    with pytest.raises(IntegrityError, match="stored_attachments_have_a_file"), transaction.atomic():
        Attachment.objects.update(state="refused")


def test_a_pdf_shows_its_pages_on_the_phone_and_in_the_thread(
    desk: Any, inside: Clinic, owner: User, browse: Any
) -> None:
    desk("new/", "post", channel="whatsapp")
    address = ContactAddress.objects.get()
    desk(f"{address.id}/send/", "post", sample="referral")
    one = Attachment.objects.get()
    assert (one.state, one.content_type) == ("stored", "application/pdf")
    assert one.next_try_at is not None
    drawing.draw(one.pk, now=one.next_try_at)

    page = desk().content.decode()
    assert 'alt="referral.pdf, page 3 of 3"' in page
    answer = browse(owner).get(unescape(page.split('class="file-page" href="')[1].split('"')[0]))
    reenter(inside)
    assert answer["Content-Type"] == "image/webp"
