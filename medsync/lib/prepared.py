"""Long statements of hot paths: planning one costs more than running it, so a connection keeps its plans.

A plan belongs to a search path. The clinic's schema stands in the text, so that each clinic has plans of its own and
none is made anew because the connection was in another clinic meanwhile. They go with the connection, which the pool
ends after some minutes.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection

#: Times that a connection runs a statement in a clinic before its plan is kept: a rare one is not worth the keeping.
AFTER = 2
#: Statements whose plans a connection keeps, half a megabyte each, and such as it counts; the longest idle goes first.
AT_MOST = 16


def compact(statement: str) -> str:
    """Return a statement without comments and indents: the driver remembers how it read a text of up to 4096 signs."""
    return " ".join(word for line in statement.splitlines() for word in line.partition("--")[0].split())


def fetch(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement in the entered clinic; return its rows. The server binds the values: types must be clear."""
    with connection.cursor():  # connects, and enters the clinic
        driver: Any = connection.connection
    driver.prepared_max = AT_MOST
    driver.prepare_threshold = AFTER  # for this one alone, or every statement would be counted
    try:
        with connection.make_cursor(psycopg.Cursor(driver)) as cursor:  # type: ignore[arg-type]
            cursor.execute(f"/* {connection.schema_name} */ {statement}", values)  # type: ignore[attr-defined]
            rows: list[tuple[Any, ...]] = cursor.fetchall()
    finally:
        driver.prepare_threshold = None
    return rows
