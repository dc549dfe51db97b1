"""Pure: whether some bytes are a picture that browsers show, and which; a name or a header may say anything."""

LARGEST = 5 * 1024 * 1024  # WhatsApp's own limit for pictures
#: What a browser's file chooser is asked for.
TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")


class PictureRefused(ValueError):
    """The bytes cannot be taken; `code` is "too_big" or "no_picture"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def type_of(data: bytes) -> str:
    """Return the content type of a picture by its first bytes. Raises PictureRefused."""
    if len(data) > LARGEST:
        raise PictureRefused("too_big")
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    raise PictureRefused("no_picture")
