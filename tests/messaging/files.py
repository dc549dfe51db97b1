"""Small whole files of every kind that patients send, made here; and some that nobody should take."""

import io
import struct
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from messaging import phone

SAMPLES = Path(phone.__file__).with_name("files")


def drawn(form: str = "JPEG", *, size: tuple[int, int] = (8, 6), **options: Any) -> bytes:
    """Return a small picture."""
    out = io.BytesIO()
    Image.new("RGB", size, (43, 80, 200)).save(out, form, **options)
    return out.getvalue()


def taken_at_home() -> bytes:
    """Return a picture that says where it was taken, lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it right
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825).update({1: "N", 2: (40.0, 44.0, 54.0), 3: "W", 4: (73.0, 59.0, 8.0)})
    return drawn(exif=exif)


def badly_noted() -> bytes:
    """Return the same picture as a careless program writes it: what its notes say cannot be read whole."""
    return taken_at_home().replace(b"\x01\x0f\x00\x02", b"\x01\x0f\x00\x05")


def office(part: str, *more: str) -> bytes:
    """Return an Office document whose main part is this one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in ("[Content_Types].xml", part, *more):
            file.writestr(name, "<x/>")
    return out.getvalue()


def box(brand: bytes) -> bytes:
    """Return the beginning of a file in MPEG-4's container."""
    return struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\2\0" + brand + b"mp41" + b"\0" * 64


@cache
def voice_note() -> bytes:
    """Return four seconds of Opus in Ogg."""
    return (SAMPLES / "voice-note.ogg").read_bytes()


@cache
def lab_result() -> bytes:
    """Return a PDF of one page."""
    return (SAMPLES / "lab-result.pdf").read_bytes()


@cache
def contact() -> bytes:
    """Return a contact card."""
    return (SAMPLES / "contact.vcf").read_bytes()


WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "WordDocument".encode("utf-16-le") + b"\0" * 100

#: What is taken: name, bytes, what the sender calls it, what it is.
GOOD: tuple[tuple[str, Any, str, str], ...] = (
    ("jpg", drawn, "image/jpeg", "image/jpeg"),
    ("jpg-with-place", taken_at_home, "image/jpeg", "image/jpeg"),
    ("jpg-badly-noted", badly_noted, "image/jpeg", "image/jpeg"),
    ("png", lambda: drawn("PNG"), "image/png", "image/png"),
    ("webp-sticker", lambda: drawn("WEBP"), "image/webp", "image/webp"),
    ("gif", lambda: drawn("GIF"), "image/gif", "image/gif"),
    ("png-called-jpg", lambda: drawn("PNG"), "image/jpeg", "image/png"),
    ("voice-note", voice_note, "audio/ogg; codecs=opus", "audio/ogg"),
    ("amr", lambda: b"#!AMR\n" + b"\x3c" + b"\0" * 31, "audio/amr", "audio/amr"),
    ("sound-3gp", lambda: box(b"3gp4"), "audio/3gpp", "audio/3gpp"),
    ("aac", lambda: b"\xff\xf1\x50\x80" + b"\0" * 64, "audio/aac", "audio/aac"),
    ("mp3", lambda: b"ID3\x03" + b"\0" * 64, "audio/mpeg", "audio/mpeg"),
    ("m4a", lambda: box(b"M4A "), "audio/mp4", "audio/mp4"),
    ("mp4", lambda: box(b"isom"), "video/mp4", "video/mp4"),
    ("pdf", lab_result, "application/pdf", "application/pdf"),
    ("docx", lambda: office("word/document.xml"), "application/octet-stream", "docx"),
    ("xlsx", lambda: office("xl/workbook.xml"), "", "xlsx"),
    ("pptx", lambda: office("ppt/presentation.xml"), "x/y", "pptx"),
    ("doc", lambda: WORD, "application/msword", "application/msword"),
    ("vcf", contact, "text/vcard", "text/vcard"),
)
#: What is not: name, bytes, what the sender calls it, why.
BAD: tuple[tuple[str, Any, str, str], ...] = (
    ("html", lambda: b"<!doctype html><script>alert(1)</script>", "image/png", "type"),
    ("svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "image/svg+xml", "type"),
    ("exe", lambda: b"MZ\x90\0" + b"\0" * 200, "application/pdf", "type"),
    ("zip", lambda: office("readme.txt"), "application/zip", "type"),
    ("macros", lambda: office("word/document.xml", "word/vbaProject.bin"), "", "type"),
    ("broken-jpg", lambda: b"\xff\xd8\xff\xe0" + b"\0" * 50, "image/jpeg", "broken"),
)
