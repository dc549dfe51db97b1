"""What the benchmarks share: a throw-away Postgres, Django on it, a clinic, figures.

At the top stands the standard library alone: until `start_django` this may be a Python without the project's packages,
and until its end nothing that needs Django's apps can be imported.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clinics.models import Clinic

PROJECT = Path(__file__).resolve().parents[1]


def start_django(*, durable: bool = True) -> None:
    """Start an embedded Postgres of our own, set Django up on it and migrate; both end with this process.

    ``durable`` keeps fsync on, as in production. The command may be called with any Python: it goes on with the
    project's. DATABASE_URL names a server to use instead, whose database may be filled.
    """
    python = PROJECT / ".venv/bin/python"
    if Path(sys.prefix).resolve() != (PROJECT / ".venv").resolve() and python.exists():
        os.execv(python, [str(python), *sys.argv])
    sys.path.insert(0, str(PROJECT))
    home = Path(tempfile.mkdtemp(prefix="medsync-bench-"))
    home.chmod(
        0o711
    )  # as root, Postgres' account must pass; below a closed folder it would move out and stay
    (home / "static").mkdir()
    os.environ |= {
        "MEDSYNC_HOME": str(home),
        "SECRET_KEY": "benchmarks-only-" + "x" * 50,
        "MEDSYNC_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "medsync.settings",
    }
    os.environ.pop("REDIS_URL", None)
    import django
    from cryptography.fernet import Fernet
    from django.core.management import call_command

    from medsync.stack.postgres import EmbeddedPostgres

    os.environ.setdefault("FIELD_ENCRYPTION_KEYS", Fernet.generate_key().decode())
    if "DATABASE_URL" in os.environ:
        atexit.register(shutil.rmtree, home, ignore_errors=True)
    else:
        server = EmbeddedPostgres(home, durable=durable)
        os.environ["DATABASE_URL"] = server.start().url
        atexit.register(
            lambda: (_close_connections(), server.stop(), shutil.rmtree(home, ignore_errors=True))
        )
    django.setup()
    call_command("migrate_schemas", shared=True, verbosity=0)


def make_clinic(slug: str = "bench", *, country: str = "US", timezone: str = "America/New_York") -> Clinic:
    """Return a new clinic with its defaults: a place, a doctor, a type, hours."""
    from clinics.operations import create_clinic

    clinic, _ = create_clinic(
        slug=slug,
        name=slug.title(),
        country=country,
        timezone=timezone,
        language="en",
        owner_email=f"owner@{slug}.example",
    )
    return clinic


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _close_connections() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        close_pool = getattr(connection, "close_pool", None)
        if close_pool is not None:
            close_pool()
