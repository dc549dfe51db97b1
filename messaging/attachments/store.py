"""The private store: one folder a clinic, files under keys of our own, readable by nobody else on the machine."""

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import connection

from medsync.lib.ids import new_id

_KEY = re.compile(r"[0-9a-f]{32}(-[1-9])?")
_WHOLE = re.compile(r"[0-9a-f]{32}")


def keep(data: bytes, *, key: str = "") -> str:
    """Store a file of the entered clinic whole or not at all; return its key.

    Under a `key` that is there already it takes the place of what was: who repeats work leaves nothing behind.
    """
    key = key or new_id().hex
    storage, part = _storage(), f"{_path(key)}.part"
    storage.delete(part)
    kept = Path(storage.path(storage.save(part, ContentFile(data))))
    with kept.open("rb") as file:
        os.fsync(file.fileno())  # the row that says it is here outlives a power cut
    os.replace(kept, storage.path(_path(key)))
    return key


def read(key: str) -> bytes | None:
    """Return a file of the entered clinic, None when there is none under this key."""
    if not _KEY.fullmatch(key):
        return None
    try:
        with _storage().open(_path(key)) as file:
            data: bytes = file.read()
    except FileNotFoundError:
        return None
    return data


def remove(key: str) -> None:
    """Delete a file of the entered clinic, its pages, and what a dying process left of it.

    One that is not there is no mistake.
    """
    if not _KEY.fullmatch(key):
        return
    path = Path(_storage().path(_path(key)))
    for found in path.parent.glob(f"{path.name}*"):
        found.unlink(missing_ok=True)


def untouched_since(at: datetime) -> Iterator[str]:
    """Yield the keys of the entered clinic's files to which nothing was written since that real time. Reads none."""
    for folder in Path(_storage().location).glob("[0-9a-f][0-9a-f]"):
        written: dict[str, float] = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                key = entry.name[:32]
                if not _WHOLE.fullmatch(key) or key[30:] != folder.name:
                    continue
                with contextlib.suppress(FileNotFoundError):  # taken back meanwhile
                    changed = entry.stat(follow_symlinks=False).st_mtime
                    written[key] = max(changed, written.get(key, changed))
        yield from (key for key, changed in written.items() if changed < at.timestamp())


def page_key(key: str, n: int) -> str:
    """Return the key of a page's picture, which lies beside the file that it is of."""
    return f"{key}-{n}"


def _storage() -> FileSystemStorage:
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    if schema == "public":
        raise ValueError("files belong to a clinic")
    return FileSystemStorage(
        location=Path(settings.FILES_ROOT) / schema,
        file_permissions_mode=0o600,
        directory_permissions_mode=0o700,
    )


def _path(key: str) -> str:
    return f"{key[30:32]}/{key}"  # the beginning of a key is its time, and would fill one folder a day
