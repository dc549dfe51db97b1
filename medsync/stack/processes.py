"""Starting, watching and ending child processes that must not outlive their parent."""

import contextlib
import ctypes
import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
ON_LINUX = platform.system() == "Linux"
LOG_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Account:
    """The system account a child runs as."""

    name: str
    uid: int
    gid: int


def dies_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that makes the kernel send `death_signal` when the parent goes; None off Linux.

    The bond is to the starting *thread*: start children from a thread that lives as long as they should.
    """
    if not ON_LINUX:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and here
            os._exit(1)

    return bind


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | str,
    death_signal: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own (Ctrl-C reaches only us), its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    trim(log)
    with log.open("ab") as out:
        os.chmod(log, 0o600)
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=dies_with_parent(death_signal),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def end(
    process: subprocess.Popen[bytes],
    *,
    with_signal: signal.Signals | None = signal.SIGTERM,
    patience: float = 10.0,
    last_resort: signal.Signals = signal.SIGKILL,
) -> None:
    """Ask `process` to stop (None: it has been asked), wait `patience` seconds, then send `last_resort`; reaps it."""
    if process.poll() is None:
        if with_signal is not None:
            process.send_signal(with_signal)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.send_signal(last_resort)
    process.wait()


def command_line(pid: int) -> str:
    """Return the command line of a running process, or '' when there is none."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        if ON_LINUX:
            return ""
    found = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def trim(log: Path) -> None:
    """Move what a large log holds to one older generation; its writer appends, so it may go on writing."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            older = log.with_suffix(log.suffix + ".1")
            shutil.copyfile(log, older)
            older.chmod(0o600)
            os.truncate(log, 0)
