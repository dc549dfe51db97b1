"""Pure: what a file is by its bytes; what its name or its sender says counts for nothing.

Only what patients send is known, and what a browser would run (HTML, SVG, programs) is nothing of it. Libraries that
guess among hundreds of types say "maybe" where a yes is wanted.
"""

import io
import zipfile

from messaging.models import AttachmentKind

JPEG, PNG, WEBP, GIF = "image/jpeg", "image/png", "image/webp", "image/gif"
OGG, AMR, AUDIO_3GP, AAC, MP3, M4A = (
    "audio/ogg",
    "audio/amr",
    "audio/3gpp",
    "audio/aac",
    "audio/mpeg",
    "audio/mp4",
)
MP4, VIDEO_3GP = "video/mp4", "video/3gpp"
PDF, VCARD = "application/pdf", "text/vcard"
DOC = "application/msword"
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX, XLSX, PPTX = (
    f"{_OFFICE}.wordprocessingml.document",
    f"{_OFFICE}.spreadsheetml.sheet",
    f"{_OFFICE}.presentationml.presentation",
)

#: Each type that is taken, with the ending of a file without a name.
ENDINGS = {
    JPEG: "jpg",
    PNG: "png",
    WEBP: "webp",
    GIF: "gif",
    OGG: "ogg",
    AMR: "amr",
    AUDIO_3GP: "3gp",
    AAC: "aac",
    MP3: "mp3",
    M4A: "m4a",
    MP4: "mp4",
    VIDEO_3GP: "3gp",
    PDF: "pdf",
    DOC: "doc",
    DOCX: "docx",
    XLSX: "xlsx",
    PPTX: "pptx",
    VCARD: "vcf",
}
PICTURES = frozenset({JPEG, PNG, WEBP, GIF})
_KINDS = {"image": AttachmentKind.IMAGE, "audio": AttachmentKind.AUDIO, "video": AttachmentKind.VIDEO}
_HEADS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"OggS", OGG),
    (b"#!AMR", AMR),
    (b"ID3", MP3),
    (b"%PDF-", PDF),
)
_PARTS = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX, "ppt/presentation.xml": PPTX}
_OLE, _WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "WordDocument".encode("utf-16-le")
_M4A_BRANDS = (b"M4A ", b"M4B ")
#: More entries than this has no letter or table that a patient sends.
_MOST_PARTS = 5_000


def type_of(data: bytes, *, said: str = "") -> str:
    """Return the content type of a file, "" for one that is not taken.

    `said` is what its sender calls it: it only tells sound from film where one container holds either.
    """
    for head, found in _HEADS:
        if data.startswith(head):
            return found
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] == b"ftyp":
        return _mpeg4(data[8:12], said)
    if data.startswith(b"PK\x03\x04"):
        return _office(data)
    if data.startswith(_OLE):
        return DOC if _WORD in data else ""
    if data[:1] == b"\xff" and len(data) > 1:
        return _mpeg_audio(data[1])
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith(b"BEGIN:VCARD"):
        return VCARD
    return ""


def kind_of(content_type: str) -> AttachmentKind:
    """Return how a file of this type is shown."""
    return _KINDS.get(content_type.partition("/")[0].lower(), AttachmentKind.DOCUMENT)


def _mpeg4(brand: bytes, said: str) -> str:
    sound = said.lower().startswith("audio/")
    if brand in _M4A_BRANDS:
        return M4A
    if brand.startswith((b"3gp", b"3g2")):
        return AUDIO_3GP if sound else VIDEO_3GP
    if brand in (b"heic", b"heix", b"mif1", b"avif", b"crx "):
        return ""  # pictures that most browsers do not show
    return M4A if sound else MP4


def _mpeg_audio(second: int) -> str:
    """Tell the two streams that begin with a bare frame apart by their layer bits."""
    if second & 0xF6 == 0xF0:
        return AAC
    return MP3 if second & 0xE0 == 0xE0 and second & 0x06 else ""


def _office(data: bytes) -> str:
    """Return which office document a zip is, without unpacking anything."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            names = {info.filename for info in file.infolist()[:_MOST_PARTS]}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return ""
    if "[Content_Types].xml" not in names or any(name.lower().endswith("vbaproject.bin") for name in names):
        return ""  # no document, or one that carries a program
    return next((found for part, found in _PARTS.items() if part in names), "")
