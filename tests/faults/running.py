"""Real processes for the fault tests: a Celery worker on a Valkey of its own, and the bell that beat would ring."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from celery import Celery

from medsync.stack import locate
from medsync.stack.valkey import EmbeddedValkey

PROJECT = Path(__file__).resolve().parents[2]
#: Everything that waits is short, so that a test sees a whole life of a message in seconds.
QUICK = {
    "OUTBOX_HTTP_DEADLINE": "5",
    "OUTBOX_LEASE": "7",
    "OUTBOX_LOOK_AGAIN": "1",
    "OUTBOX_ORDER_WAIT": "1",
    "OUTBOX_INLINE_SETTLE": "2",
}


def until(
    condition: Callable[[], Any], *, seconds: float, what: str, meanwhile: Callable[[], Any] | None = None
) -> Any:
    """Return the first true value of `condition`; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        if meanwhile is not None:
            meanwhile()
        time.sleep(0.1 if meanwhile else 0.01)
    return value


class Worker:
    """`celery worker` as the stack starts it, on the database of these tests."""

    def __init__(self, redis_url: str, **environment: str) -> None:
        self.redis_url = redis_url
        self.environment = {**os.environ, **QUICK, "REDIS_URL": redis_url, **environment}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it works as soon as it is up."""
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "medsync",
                "worker",
                "-P",
                "threads",
                "-c",
                "4",
                "-l",
                "ERROR",
            ],
            cwd=PROJECT,
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """SIGKILL, with all that it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class Bell:
    """What beat does every ten seconds, only oftener."""

    def __init__(self, redis_url: str) -> None:
        self.app = Celery(broker=locate.broker_url(redis_url), set_as_current=False)

    def ring(self) -> None:
        """Ask for a sweep, unless several are waiting already."""
        with self.app.connection_for_write() as connection:
            if connection.default_channel.client.llen("celery") < 3:
                self.app.send_task("messaging.sweep_outboxes", connection=connection)

    def send(self, task: str, schema: str) -> None:
        """Ring for one clinic."""
        self.app.send_task(task, headers={"schema": schema})

    def waiting(self) -> int:
        """Return how many tasks the broker holds."""
        with self.app.connection_for_write() as connection:
            return int(connection.default_channel.client.llen("celery"))

    def flush(self) -> None:
        """Empty the broker."""
        with self.app.connection_for_write() as connection:
            connection.default_channel.client.flushall()


@contextmanager
def valkey() -> Iterator[EmbeddedValkey]:
    """Give a Valkey that nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="medsync-faults-") as folder:
        os.chmod(folder, 0o711)
        with EmbeddedValkey(Path(folder)) as server:
            yield server
