"""Postgres dies by SIGKILL under load: whatever was acknowledged before is there afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from medsync.stack.postgres import EmbeddedPostgres
from tests.faults.running import PROJECT, until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

THREADS = 3


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="medsync-faults-") as folder:
        os.chmod(folder, 0o711)
        server = EmbeddedPostgres(Path(folder), durable=True)
        try:
            yield server.start()
        finally:
            server.stop()


class Driver:
    """The writing process; `acknowledged` is what it was told was stored."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.acknowledged: dict[str, list[str]] = defaultdict(list)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.driver", str(THREADS)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            word, _, value = line.strip().partition(" ")
            self.acknowledged[word].append(value)

    def count(self) -> int:
        """Return the smaller number of what came in and what was queued."""
        return min(len(self.acknowledged["in"]), len(self.acknowledged["out"]))

    def end(self) -> None:
        """Let it finish."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.reader.join(10)


def test_no_acknowledged_write_is_lost(postgres: EmbeddedPostgres) -> None:
    environment = {**os.environ, "DATABASE_URL": postgres.url}
    subprocess.run(
        [sys.executable, "-m", "tests.faults.prepare"], cwd=PROJECT, env=environment, check=True, timeout=120
    )
    driver = Driver(environment)
    try:
        wanted = 0
        for _ in range(2):
            wanted = driver.count() + 25
            until(lambda wanted=wanted: driver.count() >= wanted, seconds=90, what="writes under load")
            assert postgres.process is not None
            os.kill(postgres.process.pid, signal.SIGKILL)  # its children end with it
            postgres.process.wait(10)
            postgres.start()
        wanted = driver.count() + 10
        until(lambda: driver.count() >= wanted, seconds=90, what="writes after the restart")
    finally:
        driver.end()
    with psycopg.connect(postgres.url) as connection:
        (schema,) = connection.execute("SELECT schema_name FROM clinics_clinic").fetchone()  # type: ignore[misc]
        rows = connection.execute(
            f'SELECT direction, id::text, provider_message_id FROM "{schema}".messaging_message'
        ).fetchall()
        held = " ".join(row[0] for row in connection.execute("SELECT event_id FROM clinics_heldevent"))
    stored_in = [sid for direction, _, sid in rows if direction == "inbound" and sid]
    stored_out = {id_ for direction, id_, _ in rows if direction == "outbound"}
    # One that died half-way may have been kept for replay instead of stored: it is not lost either.
    lost = [sid for sid in set(driver.acknowledged["in"]) - set(stored_in) if sid not in held]
    assert not lost, "a webhook that got a 2xx is lost"
    assert not set(driver.acknowledged["out"]) - stored_out, "a queued message is lost"
    assert len(stored_in) == len(set(stored_in))
    assert len(driver.acknowledged["in"]) >= 60
