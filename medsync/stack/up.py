"""The whole life of one `manage.py up`."""

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TextIO

from medsync.lib.redact import redact
from medsync.stack import locate, parts, places, prepared
from medsync.stack.choices import Choices, read_choices
from medsync.stack.errors import StackError
from medsync.stack.postgres import EmbeddedPostgres
from medsync.stack.screen import Screen
from medsync.stack.supervisor import Supervisor

DEMO_USERS = (
    ("owner@riverside.example", "Riverside, New York"),
    ("reception@sol.example", "Clínica Sol, Mexico City"),
)
DEMO_PASSWORD = "medsync-demo"  # noqa: S105  (public on purpose; the demo listens on this machine only)
TICK_SECONDS = 0.1
# Web comes first: on two cores three programs that load at once all load slowly.
OTHERS_AFTER_SECONDS = 6.0
# Until then readiness is asked at every tick, later every two seconds.
EAGER_SECONDS = 30.0
STARTED, FAILED, RUNS_ALREADY = 0, 1, 2


class Up:
    """Brings the stack up, watches it, and takes it down on SIGINT, SIGTERM or SIGHUP."""

    def __init__(self, choices: Choices, out: TextIO) -> None:
        self.choices = choices
        self.screen = Screen(out)
        self.supervisor = Supervisor(choices.home, changed=self._changed)
        self._stop = threading.Event()
        self._ready = False
        self._urls: dict[str, str] = {}
        self._data = f"Its data stays in {choices.home}."

    def run(self) -> int:
        """Return the exit code: 0 after an orderly stop, 1 when a start failed, 2 when this home is taken."""
        home = self.choices.home
        try:
            home.mkdir(mode=0o711 if places.is_root() else 0o700, parents=True, exist_ok=True)
        except OSError as error:
            self.screen.say(f"MEDSYNC_HOME {home} cannot be made: {error.strerror}.")
            return FAILED
        if not os.access(home, os.W_OK | os.X_OK):
            self.screen.say(f"MEDSYNC_HOME {home} cannot be written to. Choose another folder.")
            return FAILED
        with _held(home) as held:
            if not held:
                self._say_taken()
                return RUNS_ALREADY
            return self._run()

    def _run(self) -> int:
        begun = time.monotonic()
        self._listen_to_signals()
        (self.choices.home / "run.json").unlink(missing_ok=True)
        code = STARTED
        try:
            parts.end_left_overs(self.choices.home)
            self._require_free_port()
            self._start_all(begun)
            while not self._stop.is_set():
                self._tick()
        except StackError as error:
            self.screen.say("", str(error))
            code = FAILED
        finally:
            # The first to go: from here on nobody should find us.
            (self.choices.home / "run.json").unlink(missing_ok=True)
            self.supervisor.stop()
        if code == STARTED:
            self.screen.say(f"MedSync has stopped. {self._data}")
        return code

    def _start_all(self, begun: float) -> None:
        env = self._start_servers()
        if not prepared.is_prepared(self.choices.home, env["DATABASE_URL"], demo=self.choices.demo):
            self._prepare(env)
        if self._stop.is_set():
            return
        self._urls = {"database_url": env["DATABASE_URL"], "redis_url": env["REDIS_URL"]}
        choices = self.choices
        self.supervisor.start(parts.web(choices.home, env, host=choices.host, port=choices.port))
        self._until_ready(begun + OTHERS_AFTER_SECONDS, begun)
        if self._stop.is_set():
            return
        self.supervisor.start(parts.worker(choices.home, env))
        self.supervisor.start(parts.beat(choices.home, env))
        self._until_ready(None, begun)

    def _start_servers(self) -> dict[str, str]:
        """Start what the environment does not name; return the environment of our programs."""
        home = self.choices.home
        env = dict(os.environ)
        if not env.get("DATABASE_URL"):
            postgres = EmbeddedPostgres(home)
            self.supervisor.start(postgres)
            env["DATABASE_URL"] = postgres.url
            if not postgres.data.is_relative_to(home.resolve()):
                self._data = (
                    f"Its data stays in {home} and, where Postgres' account can go, {postgres.data.parent}."
                )
        else:
            self._data = "Its data stays where DATABASE_URL points."
        if not env.get("REDIS_URL"):
            # Its client library takes a while to import, so only who needs it pays.
            from medsync.stack.valkey import EmbeddedValkey

            valkey = EmbeddedValkey(home)
            self.supervisor.start(valkey)
            env["REDIS_URL"] = valkey.url
        locate.make_secrets(home)
        (home / "static").mkdir(exist_ok=True)
        env |= {
            "MEDSYNC_HOME": str(home),
            "MEDSYNC_PORT": str(self.choices.port),
            "MEDSYNC_DEMO": "1" if self.choices.demo else "0",
            "MEDSYNC_BIND": self.choices.host,
            "PYTHONUNBUFFERED": "1",
        }
        env.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")
        return env

    def _prepare(self, env: dict[str, str]) -> None:
        """Run `manage.py prepare` to its end. Raises StackError."""
        seeding = " and seeding the demo" if self.choices.demo else ""
        self.screen.say(f"Preparing the database{seeding} (the first start takes longest) …")
        program = parts.Program("prepare", ("manage.py", "prepare"), home=self.choices.home, env=env)
        program.start()
        assert program.process is not None
        while program.process.poll() is None:
            if self._stop.is_set():
                program.stop()
                return
            self._stop.wait(TICK_SECONDS / 2)
        if program.process.returncode:
            words = program.log.read_text(errors="replace").strip().rsplit("\n", 1)[-1]
            raise StackError(
                f"The database could not be prepared: {redact(words)[:300]}\nMore is in {program.log}."
            )
        prepared.note_prepared(self.choices.home, env["DATABASE_URL"], demo=self.choices.demo)

    def _tick(self) -> None:
        self._stop.wait(TICK_SECONDS)
        self.supervisor.look()

    def _until_ready(self, deadline: float | None, begun: float) -> None:
        """Watch until /readyz says yes, once; give up at `deadline` (monotonic seconds, None: never)."""
        ask_at = 0.0
        while not (self._stop.is_set() or self._ready) and (deadline is None or time.monotonic() < deadline):
            self._tick()
            if (now := time.monotonic()) < ask_at:
                continue
            ask_at = now + (0.0 if now - begun < EAGER_SECONDS else 2.0)
            if self._answers_ready():
                self._ready = True
                self.screen.say(*self._where_to_click(time.monotonic() - begun))

    def _answers_ready(self) -> bool:
        # A name that every configuration allows; the address is ours, whatever a proxy setting says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.choices.base_url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _where_to_click(self, seconds: float) -> list[str]:
        lines = ["", f"MedSync is ready after {seconds:.1f} s:  {self.choices.base_url}/", ""]
        if self.choices.demo:
            lines += [f"  log in as  {email:<26} {clinic}" for email, clinic in DEMO_USERS]
            lines += [f"  password   {DEMO_PASSWORD}", ""]
        else:
            lines += ["  make a clinic:  manage.py create_clinic SLUG --name … --owner-email …", ""]
        lines += [f"  logs in {self.choices.home / 'logs'};  Ctrl-C stops everything", ""]
        return lines

    def _changed(self) -> None:
        """Show the states, and keep run.json true, which other commands read."""
        watched = self.supervisor.watched
        self.screen.show([(w.part.name, w.state, w.pid) for w in watched])
        if self._urls and not self._stop.is_set():
            facts = {
                **self._urls,
                "base_url": self.choices.base_url,
                "port": self.choices.port,
                "demo": self.choices.demo,
                "pid": os.getpid(),
                "pids": self.supervisor.pids(),
            }
            locate.write_private(self.choices.home / "run.json", json.dumps(facts))

    def _require_free_port(self) -> None:
        """Raise StackError when something else listens on our port; a killed web of ours gets time to leave."""
        family = socket.AF_INET6 if ":" in self.choices.host else socket.AF_INET
        deadline = time.monotonic() + 3
        while True:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.choices.host, self.choices.port))
                except OSError as error:
                    problem = error.strerror
                else:
                    return
            if time.monotonic() > deadline:
                raise StackError(
                    f"Port {self.choices.port} cannot be used here ({problem}). Choose another: MEDSYNC_PORT=8001 make run"
                )
            time.sleep(0.2)

    def _say_taken(self) -> None:
        facts = locate.running(self.choices.home) or {}
        where = f" at {facts['base_url']}/ (process {facts['pid']})" if facts else ""
        self.screen.say(
            f"MedSync is already running here{where}.",
            "Stop that one with Ctrl-C, or start another: MEDSYNC_HOME=/another/folder MEDSYNC_PORT=8001 make run",
        )

    def _listen_to_signals(self) -> None:
        def on_signal(number: int, frame: FrameType | None) -> None:
            if self._stop.is_set():
                self.supervisor.stop_at_once()
            self._stop.set()

        for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(wanted, on_signal)


@contextlib.contextmanager
def _held(home: Path) -> Iterator[bool]:
    """Take the home; try for a second, because `locate.running` touches the same lock for a moment."""
    with contextlib.ExitStack() as stack:
        held = False
        deadline = time.monotonic() + 1
        while not held and time.monotonic() < deadline:
            stack.pop_all().close()
            held = stack.enter_context(locate.only_one(home))
            if not held:
                time.sleep(0.1)
        yield held


def main() -> int:
    """Run `up` with this process's environment and terminal; return the exit code."""
    try:
        choices = read_choices(dict(os.environ))
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return Up(choices, sys.stdout).run()
