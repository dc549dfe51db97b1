"""Voice notes as every browser plays them: AAC in MP4, by ffmpeg in a process of its own.

Phones record Opus in Ogg and AMR, which Safari and others do not play. The decoder reads a stranger's bytes, so it
gets one file and no network, one thread, little memory and little time; without ffmpeg the original stays.
"""

import contextlib
import functools
import logging
import resource
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from messaging.attachments import sniffing

logger = logging.getLogger(__name__)

#: What some browsers do not play, with the one reader of it that ffmpeg may use.
READERS = {sniffing.OGG: "ogg", sniffing.AMR: "amr", sniffing.AUDIO_3GP: "mov"}
TYPE = sniffing.M4A
SECONDS = 60
MEMORY = 1024 * 1024 * 1024
LARGEST = 32 * 1024 * 1024
_LONGEST = 2 * 3600  # of sound; a voice note of 16 MB is not longer
_one_at_a_time = threading.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Sound:
    """A voice note that every browser plays, and how long it is."""

    data: bytes
    seconds: int


@functools.cache
def ffmpeg() -> str:
    """Return the path of ffmpeg, "" when there is none on this machine."""
    with contextlib.suppress(ImportError, RuntimeError):
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    return shutil.which("ffmpeg") or ""


def playable(data: bytes, content_type: str) -> Sound | None:
    """Return a voice note anew for every browser; None when it plays as it is, or could not be made."""
    reader, program = READERS.get(content_type), ffmpeg()
    if reader is None or not program:
        return None
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="medsync-sound-") as folder:
        source, target = Path(folder, "in"), Path(folder, "out.m4a")
        source.write_bytes(data)
        told = _run(_command(program, reader, source, target))
        if told is None or not target.exists() or not target.stat().st_size:
            return None
        return Sound(target.read_bytes(), _seconds(told))


def _command(program: str, reader: str, source: Path, target: Path) -> list[str]:
    quiet = [
        program,
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-progress",
        "pipe:1",
        "-threads",
        "1",
    ]
    read = ["-protocol_whitelist", "file,pipe", "-f", reader, "-t", str(_LONGEST), "-i", f"file:{source}"]
    write = [
        "-vn",
        "-sn",
        "-dn",
        "-map",
        "0:a:0",
        "-map_metadata",
        "-1",
        "-c:a",
        "aac",
        "-b:a",
        "64k",
        "-ac",
        "1",
    ]
    limits = ["-threads", "1", "-fs", str(LARGEST), "-movflags", "+faststart", "-f", "ipod"]
    return [*quiet, *read, *write, *limits, "-y", f"file:{target}"]


def _run(command: list[str]) -> str | None:
    """Run ffmpeg within its limits; return what it tells, None when it failed."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    )
    if hasattr(
        resource, "prlimit"
    ):  # from outside: between fork and exec a process with threads may do nothing
        with contextlib.suppress(OSError):
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        told, _nothing = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        logger.warning("a voice note took too long to be made playable")
        return None
    if process.returncode:
        logger.info("a voice note could not be made playable: ffmpeg ended with %s", process.returncode)
        return None
    return told.decode("ascii", "replace")


def _seconds(told: str) -> int:
    """Return how long the sound is, by the last line of the progress that says so."""
    for line in reversed(told.splitlines()):
        name, _equals, value = line.partition("=")
        if name == "out_time_us" and value.lstrip("-").isdigit():
            return max(1, round(int(value) / 1_000_000))
    return 1
