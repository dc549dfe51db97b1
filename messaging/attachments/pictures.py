"""Pictures, by their bytes alone: which they are, and a copy without what a phone writes into them (where, when).

Pillow decodes only the four formats that are asked for, and nothing that would grow beyond MOST_PIXELS.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from messaging.attachments import sniffing

LARGEST = 5 * 1024 * 1024  # WhatsApp's own limit for pictures
MOST_PIXELS = 50_000_000
#: What a browser's file chooser is asked for.
TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_FORMATS = {sniffing.JPEG: "JPEG", sniffing.PNG: "PNG", sniffing.WEBP: "WEBP", sniffing.GIF: "GIF"}
#: What is tried, one after the other, until a picture is small enough: its longer side, and the quality.
_SMALLER = ((4096, 90), (3072, 85), (2048, 82), (1600, 75), (1024, 70))

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureRefused(ValueError):
    """The bytes cannot be taken; `code` is "too_big", "no_picture", "broken" or "too_many_pixels"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def type_of(data: bytes) -> str:
    """Return the content type of a picture by its first bytes. Raises PictureRefused."""
    if len(data) > LARGEST:
        raise PictureRefused("too_big")
    found = sniffing.type_of(data)
    if found not in sniffing.PICTURES:
        raise PictureRefused("no_picture")
    return found


def cleaned(data: bytes, content_type: str) -> bytes | None:
    """Return an upright copy without place, time and device, None when the picture carries nothing like that.

    Raises PictureRefused for what cannot be decoded.
    """
    with _broken():
        image = _opened(data, content_type)
        if not _tells(image):
            return None
        return _saved(_plain(image), _FORMATS[content_type], quality=90)


def for_sending(data: bytes, content_type: str, *, limit: int) -> tuple[bytes, str]:
    """Return a picture as a JPEG or PNG of at most `limit` bytes that tells nothing of where it was taken.

    Raises PictureRefused.
    """
    with _broken():
        return _for_sending(data, content_type, limit)


def _for_sending(data: bytes, content_type: str, limit: int) -> tuple[bytes, str]:
    image = _opened(data, content_type)
    sendable = content_type in (sniffing.JPEG, sniffing.PNG)
    if sendable and len(data) <= limit and not _tells(image):
        return data, content_type
    image = _plain(image)
    if image.mode in ("RGBA", "LA", "P") or content_type == sniffing.PNG:
        drawn = _saved(image, "PNG")
        if len(drawn) <= limit:
            return drawn, sniffing.PNG
        flat = Image.new("RGB", image.size, "white")  # what is see-through would come out black
        flat.paste(image.convert("RGBA"), mask=image.convert("RGBA").getchannel("A"))
        image = flat
    for side, quality in _SMALLER:
        smaller = image.copy()
        smaller.thumbnail((side, side))
        found = _saved(smaller, "JPEG", quality=quality)
        if len(found) <= limit:
            return found, sniffing.JPEG
    raise PictureRefused("too_big")


@contextmanager
def _broken() -> Iterator[None]:
    """Refuse a picture whatever a decoder raises over a stranger's bytes."""
    try:
        yield
    except PictureRefused:
        raise
    except Image.DecompressionBombError as error:
        raise PictureRefused("too_many_pixels") from error
    except Exception as error:
        raise PictureRefused("broken") from error


def _opened(data: bytes, content_type: str) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=[_FORMATS[content_type]])
    if image.width * image.height > MOST_PIXELS:
        raise PictureRefused("too_many_pixels")
    image.load()
    return image


def _tells(image: Image.Image) -> bool:
    """Tell whether there is more in a picture than what is seen."""
    known = image.info.keys() & {"exif", "xmp", "photoshop", "comment", "XML:com.adobe.xmp"}
    return bool(known or getattr(image, "text", None) or image.getexif())


def _plain(image: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(_orientation(image))
    upright = image.copy() if turn is None else image.transpose(turn)
    profile = image.info.get("icc_profile")
    upright.info = {"icc_profile": profile} if profile else {}  # without it colours would change
    return upright


def _orientation(image: Image.Image) -> int:
    """Return how a picture lies; many phones and programs write what cannot be read, and the picture is whole."""
    try:
        found = image.getexif().get(_ORIENTATION)
    except Exception:
        return 1
    return found if isinstance(found, int) else 1


def _saved(image: Image.Image, form: str, *, quality: int = 90) -> bytes:
    if form == "JPEG" and image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    out = io.BytesIO()
    options = {} if form in ("PNG", "GIF") else {"quality": quality}
    image.save(out, form, icc_profile=image.info.get("icc_profile"), **options)
    return out.getvalue()
