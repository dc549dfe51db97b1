"""A real `manage.py up` for tests that need the whole product: own home, own port, nothing inherited."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """Return the first true value of `condition`; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Say whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that every account can pass: below pytest's own, Postgres would move out when we are root."""
    with tempfile.TemporaryDirectory(prefix="medsync-up-") as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)


@contextlib.contextmanager
def running_stack(*, demo: bool = False, **environment: str) -> Iterator["RunningStack"]:
    """Start a whole stack for a `with` block, and leave nothing of it behind."""
    with open_folder() as folder:
        stack = RunningStack(folder / "home", demo=demo, **environment)
        try:
            yield stack.start()
        finally:
            stack.stop(with_signal=signal.SIGTERM)


class RunningStack:
    """`manage.py up` with its environment; `start` waits until /readyz says yes."""

    def __init__(self, home: Path, *, demo: bool = False, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {name: os.environ[name] for name in INHERITED if name in os.environ} | {
            "MEDSYNC_HOME": str(home),
            "MEDSYNC_PORT": str(self.port),
            "MEDSYNC_DEMO": "1" if demo else "0",
            **environment,
        }
        self.output = home.with_name(f"{home.name}.out")
        self.process: subprocess.Popen[bytes] | None = None
        self._forking: subprocess.Popen[str] | None = None

    def start(self, *, seconds: float = 240) -> "RunningStack":
        """Start it and wait until it is ready."""
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=PROJECT,
                env=self.env,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            until(lambda: self.ready() or self.process.poll() is not None, seconds=seconds, what="readiness")
            assert self.process.poll() is None, "it ended"
        except AssertionError as error:
            self.stop(with_signal=signal.SIGTERM)
            raise AssertionError(
                f"{error}\n{self.said()}\n{self.log('prepare')}\n{self.log('web')}"
            ) from None
        return self

    def log(self, part: str) -> str:
        """Return the end of a part's log."""
        try:
            return (self.home / "logs" / f"{part}.log").read_text(errors="replace")[-3000:]
        except FileNotFoundError:
            return ""

    def stop(self, *, with_signal: signal.Signals = signal.SIGINT, seconds: float = 60) -> int:
        """Stop it as a person would, and return the exit code."""
        assert self.process is not None
        if self._forking is not None:
            self._forking.communicate()  # its stdin ends, and so does it
            self._forking = None
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(seconds)

    def get(self, path: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers (lower case) and body of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body
        finally:
            connection.close()

    def ready(self) -> bool:
        """Say whether /readyz says yes."""
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def pids(self) -> dict[str, int]:
        """Return the process ids that run.json names."""
        try:
            return dict(json.loads((self.home / "run.json").read_text())["pids"])
        except FileNotFoundError:
            return {}

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a management command that finds this stack by its home."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.env | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def run(self, code: str) -> None:
        """Run code beside the stack, in a process of its own that finds everything loaded; what it raises fails."""
        if self._forking is None:
            self._forking = subprocess.Popen(
                [sys.executable, "-m", "tests.stack.forking"],
                cwd=PROJECT,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._forking.stdin is not None
        assert self._forking.stdout is not None
        self._forking.stdin.write(json.dumps(code) + "\n")
        self._forking.stdin.flush()
        answer = self._forking.stdout.readline()
        assert answer == '""\n', json.loads(answer) if answer else "the forking process has ended"

    def said(self) -> str:
        """Return what stands on its screen."""
        return self.output.read_text()
