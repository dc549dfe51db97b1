"""Whether the database is ready to serve: every schema migrated, the demo seeded. Read without Django, to be quick.

A first start asks `manage.py prepare` to do the work and notes what it found afterwards. Later starts only
compare: the same migration files, the same lock file, and in every clinic's schema the same migrations.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from medsync.stack import locate

APPS = ("medsync", "clinics", "scheduling", "messaging")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the last preparation left: a fingerprint of the code's migrations, their names in the database."""

    fingerprint: str
    migrations: list[str]
    demo: bool


def is_prepared(home: Path, url: str, *, demo: bool) -> bool:
    """Say whether the database at `url` needs no `manage.py prepare`."""
    note = _read(home, url)
    if note is None or note.fingerprint != fingerprint() or demo != note.demo:
        return False
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            schemas = _clinic_schemas(connection, demo=demo)
            return schemas is not None and all(
                _applied(connection, schema) == note.migrations for schema in ["public", *schemas]
            )
    except psycopg.Error:
        # Unreachable, or without our tables: `prepare` will say what is wrong, in full.
        return False


def note_prepared(home: Path, url: str, *, demo: bool) -> None:
    """Write down the state that `manage.py prepare` has just reached."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        note = Prepared(fingerprint(), _applied(connection, "public"), demo)
    locate.write_private(_file(home, url), json.dumps(asdict(note)))


def fingerprint() -> str:
    """Return a hash that changes with every migration file of ours and every version of a package."""
    digest = hashlib.sha256()
    files = [path for app in APPS for path in sorted((locate.PROJECT / app).glob("**/migrations/*.py"))]
    lock = locate.PROJECT / "requirements.txt"
    for path in [*files, *([lock] if lock.exists() else [])]:
        digest.update(str(path.relative_to(locate.PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _clinic_schemas(connection: psycopg.Connection, *, demo: bool) -> list[str] | None:
    """Return the schemas of clinics that are served; None when the demo should be there and is not."""
    rows = connection.execute(
        "SELECT schema_name, is_demo FROM public.clinics_clinic WHERE state IN ('ready', 'closing') ORDER BY schema_name"
    ).fetchall()
    if demo and not any(is_demo for _, is_demo in rows):
        return None
    return [name for name, _ in rows if name != "public"]


def _applied(connection: psycopg.Connection, schema: str) -> list[str]:
    table = sql.Identifier(schema, "django_migrations")
    rows = connection.execute(sql.SQL("SELECT app, name FROM {} ORDER BY app, name").format(table)).fetchall()
    return sorted({f"{app}.{name}" for app, name in rows})


def _file(home: Path, url: str) -> Path:
    """Return the note's place: one for each database that this home has used."""
    return home / f"prepared-{hashlib.sha256(url.encode()).hexdigest()[:10]}.json"


def _read(home: Path, url: str) -> Prepared | None:
    try:
        return Prepared(**json.loads(_file(home, url).read_text()))
    except (OSError, ValueError, TypeError):
        return None
