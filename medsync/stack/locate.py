"""Find the stack that runs for a MEDSYNC_HOME, and the secrets that belong to it. Only the standard library.

Read by `medsync.settings` before Django knows anything, so that every `manage.py` command talks to the
Postgres and Valkey of the `make run` next door. What the environment says always wins.
"""

import base64
import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 8000
NOT_RUNNING = "MedSync is not running here: start it with `make run`, or set DATABASE_URL."


def home() -> Path:
    """Return the folder with everything one machine's stack keeps: MEDSYNC_HOME, or `.medsync` in the checkout."""
    return Path(os.environ.get("MEDSYNC_HOME") or PROJECT / ".medsync").expanduser().absolute()


def database_url() -> str | None:
    """Return DATABASE_URL, else the URL of the running stack's database, else None."""
    return os.environ.get("DATABASE_URL") or _of_running_stack("database_url")


def redis_url() -> str | None:
    """Return REDIS_URL, else the URL of the running stack's Valkey, else None."""
    return os.environ.get("REDIS_URL") or _of_running_stack("redis_url")


def base_url() -> str | None:
    """Return the address at which the running stack serves pages, else None."""
    return _of_running_stack("base_url")


def broker_url(url: str) -> str:
    """Return a redis URL as Celery spells it: only unix sockets differ."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    database = next(
        (value for name, _, value in (p.partition("=") for p in parts.query.split("&")) if name == "db"), "0"
    )
    return f"redis+socket://{unquote(parts.path)}?virtual_host={database}"


def secret_key() -> str | None:
    """Return SECRET_KEY, else the key made for this home, else None."""
    return os.environ.get("SECRET_KEY") or _kept_secrets().get("SECRET_KEY")


def field_encryption_keys() -> str | None:
    """Return FIELD_ENCRYPTION_KEYS (comma-separated Fernet keys, newest first), else those of this home, else None."""
    return os.environ.get("FIELD_ENCRYPTION_KEYS") or _kept_secrets().get("FIELD_ENCRYPTION_KEYS")


def running(folder: Path | None = None) -> dict[str, Any] | None:
    """Return what the live `manage.py up` of a home wrote down (URLs, port, process ids), or None."""
    folder = folder or home()
    try:
        facts: dict[str, Any] = json.loads((folder / "run.json").read_text())
    except (OSError, ValueError):
        return None
    return facts if _is_locked(folder / "up.lock") else None


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[bool]:
    """Hold the home for this process; yield False when another `up` holds it. The kernel lets go with the process."""
    with (folder / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def write_private(path: Path, text: str) -> None:
    """Replace a file by one only its owner can read, in one step."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def make_secrets(folder: Path) -> dict[str, str]:
    """Return this home's SECRET_KEY and FIELD_ENCRYPTION_KEYS, made and kept (0600) the first time."""
    kept = _kept_secrets(folder)
    if not kept:
        kept = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        }
        write_private(folder / "secrets.json", json.dumps(kept))
    return kept


def _kept_secrets(folder: Path | None = None) -> dict[str, str]:
    """Return the secrets of a home, {} when it has none. A damaged file is an error: data hangs on its keys."""
    try:
        kept: dict[str, str] = json.loads(((folder or home()) / "secrets.json").read_text())
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return {}
    return kept


def _of_running_stack(fact: str) -> str | None:
    value = (running() or {}).get(fact)
    return str(value) if value else None


def _is_locked(lock: Path) -> bool:
    """Say whether another process holds `lock`."""
    try:
        with lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
