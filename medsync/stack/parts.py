"""The processes of a stack: what they are called, how they start, how they end."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from medsync.stack import locate, processes

LEFT_OVER_SECONDS = 10.0
STOP_SECONDS = 10.0

WEB = ("-m", "uvicorn", "medsync.asgi:application", "--lifespan", "off", "--no-access-log")
WORKER = ("-m", "celery", "-A", "medsync", "worker", "-P", "threads", "--loglevel", "INFO")
BEAT = ("-m", "celery", "-A", "medsync", "beat", "--loglevel", "INFO", "--pidfile=")
BEAT_SCHEDULER = ("--scheduler", "django_celery_beat.schedulers:DatabaseScheduler")


class Part(Protocol):
    """What the supervisor needs to know of a process."""

    name: str
    log: Path
    process: subprocess.Popen[bytes] | None

    def start(self) -> object:
        """Start it; Raises StackError or OSError."""

    def stop(self) -> None:
        """End it and reap it."""


class Program:
    """A Python program of ours: web, worker or beat."""

    def __init__(self, name: str, arguments: tuple[str, ...], *, home: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.command = [sys.executable, *arguments]
        self.log = home / "logs" / f"{name}.log"
        self.env = env
        self.process: subprocess.Popen[bytes] | None = None
        self._asked = False

    def start(self) -> None:
        """Start it; it counts as up when its process lives."""
        self._asked = False
        self.process = processes.spawn(self.command, log=self.log, env=self.env, cwd=locate.PROJECT)

    def ask_to_stop(self) -> None:
        """Tell it once to finish what it is at; a second signal would make Celery drop its work."""
        if self.process is not None and not self._asked:
            self._asked = True
            self.process.terminate()

    def stop(self) -> None:
        """Let it finish what it is at, for ten seconds at most."""
        self.ask_to_stop()
        if self.process is not None:
            processes.end(self.process, with_signal=None, patience=STOP_SECONDS)
            self.process = None


def web(home: Path, env: Mapping[str, str], *, host: str, port: int) -> Program:
    """Return the web server: HTTP and websockets on one port."""
    where = ("--host", host, "--port", str(port), "--timeout-graceful-shutdown", "3")
    return Program("web", WEB + where, home=home, env=env)


def worker(home: Path, env: Mapping[str, str]) -> Program:
    """Return the worker; alone on its machine it need not look for others."""
    return Program("worker", (*WORKER, "--without-gossip", "--without-mingle"), home=home, env=env)


def beat(home: Path, env: Mapping[str, str]) -> Program:
    """Return the clock, a process of its own: a killed worker must not leave a second one behind."""
    return Program("beat", BEAT + BEAT_SCHEDULER, home=home, env=env)


def note_pid(home: Path, part: Part) -> None:
    """Write down which process a part is, with its command line, for the start after a crash."""
    folder = home / "pids"
    folder.mkdir(exist_ok=True)
    file = folder / f"{part.name}.pid"
    if part.process is None:
        file.unlink(missing_ok=True)
    else:
        file.write_text(f"{part.process.pid}\n{_marker(part)}\n")


def end_left_overs(home: Path) -> None:
    """End what an `up` that was killed left behind, after checking that it is what the pid files say.

    On Linux the kernel has told these processes already; here they are waited for.
    """
    for file in sorted((home / "pids").glob("*.pid")):
        with contextlib.suppress(OSError, ValueError):
            number, marker = file.read_text().split("\n")[:2]
            if marker:
                _end_stranger(int(number), marker)
        file.unlink(missing_ok=True)


def _marker(part: Part) -> str:
    """Return words that the command line of a part always holds."""
    if isinstance(part, Program):
        return " ".join(part.command[1:5])
    # Postgres minds its own left-overs; Valkey rewrites its title but keeps its name.
    return "valkey-server" if part.name == "valkey" else ""


def _end_stranger(pid: int, marker: str) -> None:
    """End a process that is not our child."""
    deadline = time.monotonic() + LEFT_OVER_SECONDS
    asked = False
    while marker in processes.command_line(pid):
        with contextlib.suppress(ProcessLookupError):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            elif not asked:
                os.kill(pid, signal.SIGTERM)
                asked = True
        time.sleep(0.05)
