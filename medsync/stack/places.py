"""Where the embedded servers may live: folders their account can reach, sockets short enough for the kernel."""

import functools
import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from medsync.stack.errors import StackError
from medsync.stack.processes import Account

# sockaddr_un holds 104 (macOS) to 108 bytes, the closing NUL included.
SOCKET_PATH_LIMIT = 100
# Folders below these are made with `own_folder`, which refuses what somebody else put there.
SHORT_BASES = (Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108
OPEN_BASES = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108


def is_root() -> bool:
    """Say whether this process may change accounts."""
    return os.geteuid() == 0


@functools.cache
def server_account() -> Account | None:
    """Return the account Postgres runs as: None (our own) unless we are root, whom Postgres refuses."""
    if not is_root():
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        "Postgres does not run as root, and there is neither a `postgres` nor a `nobody` account here. "
        "Start MedSync as an ordinary user, or set DATABASE_URL."
    )


def can_reach(path: Path, account: Account | None) -> bool:
    """Say whether `account` may pass through every folder down to `path` (None: always, it is ourselves)."""
    if account is None:
        return True
    path = path.resolve()
    return all(_may_enter(folder, account) for folder in [path, *path.parents] if folder.is_dir())


def _may_enter(folder: Path, account: Account) -> bool:
    info = folder.stat()
    if info.st_uid == account.uid:
        return bool(info.st_mode & stat.S_IXUSR)
    if info.st_gid == account.gid:
        return bool(info.st_mode & stat.S_IXGRP)
    return bool(info.st_mode & stat.S_IXOTH)


def short_hash(path: Path) -> str:
    """Return ten characters that stand for an absolute path."""
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:10]


def own_folder(path: Path, *, mode: int, account: Account | None = None) -> Path:
    """Make `path` a real folder with `mode` that belongs to `account` (or us), or raise StackError.

    A folder that somebody else put there first (a squatter below /tmp) is refused, never taken over.
    """
    uid = account.uid if account else os.geteuid()
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        info = path.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid not in {uid, os.geteuid()}:
            raise StackError(
                f"{path} belongs to somebody else. Remove it, or choose another MEDSYNC_HOME."
            ) from None
    if account and path.stat().st_uid != account.uid:
        os.chown(path, account.uid, account.gid)
    path.chmod(mode)
    return path


def socket_folder(wanted: Path, *, file_name: str, account: Account | None = None) -> Path:
    """Return a 0700 folder for a unix socket: `wanted`, or a short one below /tmp when its path is too long."""
    if len(os.fsencode(wanted / file_name)) < SOCKET_PATH_LIMIT:
        return own_folder(wanted, mode=0o700, account=account)
    name = f"medsync-{os.geteuid()}-{short_hash(wanted)}"
    for base in SHORT_BASES:
        if len(os.fsencode(base / name / file_name)) < SOCKET_PATH_LIMIT:
            return own_folder(base / name, mode=0o700, account=account)
    raise StackError(f"No folder is short enough for a socket; choose a shorter MEDSYNC_HOME than {wanted}.")


def traversable_root(home: Path, *, lasting: bool) -> Path:
    """Return a folder outside `home` that every account can pass, for when `home` lies below a closed one.

    What need not last goes where the machine cleans up by itself.
    """
    for base in OPEN_BASES if lasting else reversed(OPEN_BASES):
        if base.is_dir() and os.access(base, os.W_OK | os.X_OK) and can_reach(base, server_account()):
            return own_folder(base / f"medsync-{short_hash(home)}", mode=0o711)
    raise StackError("No folder can be reached by the Postgres account; choose another MEDSYNC_HOME.")


def copy_once(source: Path, target: Path) -> None:
    """Copy a folder tree unless it is there; a copy that breaks off leaves no half of it behind."""
    if target.exists():
        return
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial, symlinks=True)
    try:
        partial.rename(target)
    except OSError:
        # Somebody else finished the same copy first.
        shutil.rmtree(partial, ignore_errors=True)
        if not target.exists():
            raise
