"""The first pages of a PDF as pictures, by PDFium in a process of its own that can do nothing else (`renderer`).

What comes back is a stranger's doing too: only whole WebP pictures of a sane size are taken. Of a paper that takes too
long, or kills the process half-way, the pages that were done are kept; without any it is a card that opens in a tab.
"""

import logging
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from messaging.attachments import sniffing

logger = logging.getLogger(__name__)

#: A referral has two or three pages; who wants to read on opens the file.
MOST = 5
#: A4 at 150 dots an inch: small print can be read.
WIDTH, HEIGHT = 1240, 1754
SECONDS = 20
MEMORY = 1024 * 1024 * 1024
LARGEST = 16 * 1024 * 1024  # all pages together
TYPE = sniffing.WEBP
#: More than a file of 16 MB can say truthfully.
_MOST_PAGES = 1_000_000
RENDERER = Path(__file__).with_name("renderer.py")
_LONGEST_LINE = 32
_LOCKED = 3  # how the renderer ends where a password is asked for
_one_at_a_time = threading.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Paper:
    """How many pages a PDF has, 0 when nobody knows, and its first ones; `locked`: it asks for a password."""

    pages: int = 0
    pictures: list[bytes] = field(default_factory=list, repr=False)
    locked: bool = False


def drawn(data: bytes) -> Paper:
    """Return what can be shown of a PDF; nothing for one that cannot be read."""
    with _one_at_a_time, tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(data)
        source.seek(0)
        ended = _run(source, target)
        target.seek(0)
        pages, pictures = _read(target)
    if ended == _LOCKED:
        return Paper(locked=True)
    if ended:
        logger.info("of a PDF %d pages could be drawn: the renderer ended with %s", len(pictures), ended)
    return Paper(pages, pictures)


def _run(source: IO[bytes], target: IO[bytes]) -> int:
    """Run the renderer within its limits; return how it ended."""
    given = (MOST, WIDTH, HEIGHT, MEMORY, SECONDS, LARGEST, _LOCKED)
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", str(RENDERER), *map(str, given)],
        stdin=source,
        stdout=target,
        stderr=subprocess.DEVNULL,
        env={},  # no secret of ours
        cwd=tempfile.gettempdir(),
    )
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _read(target: IO[bytes]) -> tuple[int, list[bytes]]:
    pages = min(_number(target, b"pages"), _MOST_PAGES)
    pictures: list[bytes] = []
    while len(pictures) < min(pages, MOST):
        size = _number(target, b"page")
        if not 0 < size <= LARGEST:
            break
        picture = target.read(size)
        if len(picture) < size or sniffing.type_of(picture) != TYPE:
            break
        pictures.append(picture)
    return pages, pictures


def _number(target: IO[bytes], word: bytes) -> int:
    """Return the number of the next line if it begins so, else 0."""
    said, _space, number = target.readline(_LONGEST_LINE).strip().partition(b" ")
    return int(number) if said == word and number.isdigit() else 0
