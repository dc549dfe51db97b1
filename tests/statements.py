"""Counts what is really sent to Postgres: search_path, savepoints, BEGIN and COMMIT included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements of this block, on whatever connection of this process.

    A transaction's BEGIN is sent with its first statement by the driver; it is listed where the COMMIT is.
    """
    sent: list[str] = []
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def executed(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if query:  # the pool asks with an empty one whether a connection still lives
            sent.append(" ".join(str(query).split()))
        return execute(self, query, *args, **kwargs)

    def committed(self: Any) -> None:
        sent.extend(("BEGIN", "COMMIT"))
        commit(self)

    with (
        mock.patch.object(psycopg.Cursor, "execute", executed),
        mock.patch.object(psycopg.Connection, "commit", committed),
    ):
        yield sent
