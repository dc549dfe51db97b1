"""Keep the parts of a stack alive: start in order, start again what died, stop in reverse."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medsync.stack import parts, processes
from medsync.stack.errors import StackError

FIRST_DELAY = 0.2
LONGEST_DELAY = 30.0
# A part that lived this long was well: its next death counts as the first.
HEALTHY_SECONDS = 60.0
TRIM_EVERY_SECONDS = 10.0


@dataclass(slots=True)
class Watched:
    """A part and what has become of it."""

    part: parts.Part
    state: str = "waiting"
    deaths: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0

    @property
    def pid(self) -> int | None:
        """The process id while it lives."""
        return self.part.process.pid if self.part.process and self.part.process.returncode is None else None


class Supervisor:
    """Owns the parts from the first start to the last stop. Not thread-safe: one loop drives it."""

    def __init__(self, home: Path, *, changed: Callable[[], None]) -> None:
        self.home = home
        self.watched: list[Watched] = []
        self._changed = changed
        self._trim_at = 0.0

    def start(self, part: parts.Part) -> None:
        """Start a part and watch it from now on. Raises StackError."""
        watched = Watched(part)
        self.watched.append(watched)
        self._say(watched, "starting")
        self._start(watched)

    def look(self, now: float | None = None) -> None:
        """Notice who died, start again whose pause is over, and keep logs small."""
        now = time.monotonic() if now is None else now
        for watched in self.watched:
            process = watched.part.process
            if process is not None and process.poll() is not None:
                self._bury(watched, now)
            if watched.part.process is None and now >= watched.start_again_at:
                self._try_again(watched)
        if now >= self._trim_at:
            self._trim_at = now + TRIM_EVERY_SECONDS
            for watched in self.watched:
                processes.trim(watched.part.log)

    def stop(self) -> None:
        """Stop everything: our programs together, then the servers, the last started first."""
        for watched in self.watched:
            if isinstance(watched.part, parts.Program):
                watched.part.ask_to_stop()
        for watched in reversed(self.watched):
            self._say(watched, "stopping")
            watched.part.stop()
            parts.note_pid(self.home, watched.part)
            self._say(watched, "stopped")

    def stop_at_once(self) -> None:
        """Kill our programs (never the database) while `stop` waits for them."""
        for watched in self.watched:
            if isinstance(watched.part, parts.Program) and watched.part.process is not None:
                watched.part.process.kill()

    def pids(self) -> dict[str, int]:
        """Return the process ids of what lives."""
        return {watched.part.name: watched.pid for watched in self.watched if watched.pid}

    def _start(self, watched: Watched) -> None:
        watched.part.start()
        watched.started_at = time.monotonic()
        parts.note_pid(self.home, watched.part)
        self._say(watched, "running")

    def _bury(self, watched: Watched, now: float) -> None:
        """Write a death down and choose the pause before the next start: 0.2 s, doubled each time, at most 30 s."""
        if now - watched.started_at > HEALTHY_SECONDS:
            watched.deaths = 0
        watched.part.process = None
        watched.start_again_at = now + min(FIRST_DELAY * 2**watched.deaths, LONGEST_DELAY)
        watched.deaths += 1
        parts.note_pid(self.home, watched.part)
        self._say(watched, "died, starting again" if watched.deaths < 5 else "keeps dying, see its log")

    def _try_again(self, watched: Watched) -> None:
        try:
            self._start(watched)
        except (StackError, OSError):
            watched.part.process = None
            self._bury(watched, time.monotonic())

    def _say(self, watched: Watched, state: str) -> None:
        watched.state = state
        self._changed()
