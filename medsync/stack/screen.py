"""What `manage.py up` shows: one block of lines kept current on a terminal, plain lines elsewhere."""

import shutil
import time
from collections.abc import Sequence
from typing import TextIO

MARKS = {"running": "●", "stopped": "○", "waiting": "○"}
GREEN, YELLOW, RED, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"


class Screen:
    """Writes the state of the parts; `say` writes a line that stays."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._drawn = 0
        self._last: list[tuple[str, str, int | None]] = []

    def say(self, *lines: str) -> None:
        """Write lines that stay, above the block."""
        self._wipe()
        for line in lines:
            self._out.write(f"{line}\n")
        self._draw()

    def show(self, states: Sequence[tuple[str, str, int | None]]) -> None:
        """Show (name, state, process id) of each part, if anything changed."""
        if list(states) == self._last:
            return
        if self._live:
            self._wipe()
            self._last = list(states)
            self._draw()
            return
        for name, state, pid in states:
            if (name, state, pid) not in self._last:
                process = f" (process {pid})" if pid and state == "running" else ""
                self._out.write(f"{time.strftime('%H:%M:%S')} {name}: {state}{process}\n")
        self._last = list(states)
        self._out.flush()

    def _wipe(self) -> None:
        if self._drawn:
            self._out.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _draw(self) -> None:
        if self._live:
            width = shutil.get_terminal_size().columns
            for name, state, pid in self._last:
                colour = GREEN if state == "running" else RED if "dying" in state else YELLOW
                text = f"{name:<9} {state}" + (f"  ({pid})" if pid else "")
                self._out.write(f"  {colour}{MARKS.get(state, '◐')}{PLAIN} {text[: max(width - 5, 10)]}\n")
            self._drawn = len(self._last)
        self._out.flush()
