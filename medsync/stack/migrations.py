"""Which schemas lack migrations that the code has. Django's connection must stand in `public` or anywhere: names are qualified."""

import functools

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from clinics.models import Clinic, ClinicState

PUBLIC = "public"


@functools.cache
def newest() -> frozenset[tuple[str, str]]:
    """Return (app, name) of the last migration of every app, read from disk once a process."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.leaf_nodes())


def behind() -> dict[str, int]:
    """Return how many apps are behind in each schema that is served; {} when all is well.

    Raises django.db.Error when the database cannot be asked.
    """
    missing = _missing(PUBLIC)
    if missing:  # the list of clinics itself may not be readable yet
        return {PUBLIC: missing}
    schemas = Clinic.objects.filter(state__in=[ClinicState.READY, ClinicState.CLOSING])
    counts = {
        name: _missing(name) for name in schemas.order_by("schema_name").values_list("schema_name", flat=True)
    }
    return {name: count for name, count in counts.items() if count}


def _missing(schema: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"{connection.ops.quote_name(schema)}.django_migrations"])
        if cursor.fetchone()[0] is None:
            return len(newest())
        cursor.execute(f"SELECT app, name FROM {connection.ops.quote_name(schema)}.django_migrations")  # noqa: S608
        return len(newest() - set(cursor.fetchall()))
