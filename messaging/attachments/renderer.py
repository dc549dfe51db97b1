"""A process of its own that turns the first pages of a PDF into pictures; `papers` starts it, nobody imports it.

PDFium is native code and the bytes are a stranger's. So everything is loaded first, and then this process gives up what
it does not need: more memory and time than it was given, every further file, socket and child process. Whatever
happens then, what was written so far stands.

Standard input is the PDF; standard output is a line "pages N", then for each page "page BYTES" and a WebP.
Run as `python -I renderer.py PAGES WIDTH HEIGHT MEMORY SECONDS LARGEST LOCKED`, the last being how it ends where a
password is asked for.
"""

import contextlib
import io
import os
import resource
import sys

import pypdfium2
from PIL import Image, WebPImagePlugin  # noqa: F401
from pypdfium2 import raw

#: A tiny page is shown larger, but not as a few huge dots.
_LARGEST_SCALE = 4.0
_QUALITY = 80


def main(pages: int, width: int, height: int, memory: int, seconds: int, largest: int, locked: int) -> int:
    """Write the pages; return how the process ends."""
    data = sys.stdin.buffer.read()
    Image.preinit()  # with the import of WebP above, all that saving a picture would look for on disk
    give_up(memory, seconds, largest)
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        return locked if error.err_code == raw.FPDF_ERR_PASSWORD else 1
    with contextlib.suppress(pypdfium2.PdfiumError):
        document.init_forms()  # what was filled in is part of the page
    _write(b"pages %d\n" % len(document))
    for index in range(min(pages, len(document))):
        picture = _picture(document[index], width, height)
        _write(b"page %d\n" % len(picture) + picture)
    return 0


def give_up(memory: int, seconds: int, largest: int) -> None:
    """Let go of all that drawing does not need."""
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_CPU": seconds,
        "RLIMIT_FSIZE": largest,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": 0,  # what is open stays open
    }
    for name, value in limits.items():
        with contextlib.suppress(OSError, ValueError):  # not every system knows each
            resource.setrlimit(getattr(resource, name), (value, value))


def _picture(page: pypdfium2.PdfPage, width: int, height: int) -> bytes:
    across, down = page.get_size()
    scale = min(width / max(across, 1.0), height / max(down, 1.0), _LARGEST_SCALE)
    drawn = page.render(scale=scale).to_pil()
    drawn.thumbnail((width, height))  # the renderer rounds up
    out = io.BytesIO()
    drawn.convert("RGB").save(out, "WEBP", quality=_QUALITY, method=2)
    page.close()
    return out.getvalue()


def _write(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


if __name__ == "__main__":
    sys.exit(main(*(int(given) for given in sys.argv[1:])))
