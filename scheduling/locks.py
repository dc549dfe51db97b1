"""Locks that keep bookings from deadlocking, and the one retry. Place in the lock order: 2.

The exclusion constraint is the judge of a double booking; these locks only make its callers queue instead of
waiting for each other in circles. They end with the transaction, or with the savepoint that is rolled back.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import OperationalError, connection, transaction

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

DEADLOCK, SERIALIZATION = "40P01", "40001"


def resource_locks(resource_ids: Iterable[UUID], *, patient_id: UUID | None = None) -> None:
    """Wait for the sole right to book these resources (and this patient), all in one ascending statement.

    Must be called inside a transaction, and before any row of a hold or an appointment is locked. A wait longer
    than the connection's ``lock_timeout`` raises OperationalError (55P03): the caller answers "try again later".
    """
    keys = {str(resource_id) for resource_id in resource_ids}
    if patient_id is not None:
        keys.add(f"patient:{patient_id}")
    with connection.cursor() as cursor:
        # Advisory locks belong to the whole database: the schema is part of the key. The inner ORDER BY is
        # computed first, so that everybody takes them in the same order.
        cursor.execute(
            """
            SELECT pg_advisory_xact_lock(key) FROM (
                SELECT DISTINCT hashtextextended(current_schema() || ':' || name, 0) AS key
                FROM unnest(%s::text[]) AS name ORDER BY 1
            ) AS ordered
            """,
            [sorted(keys)],
        )


def is_retryable(error: BaseException) -> bool:
    """Return whether an error says that the same transaction may succeed when it is run again."""
    return getattr(error.__cause__, "sqlstate", None) in (DEADLOCK, SERIALIZATION)


def retrying(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function, run once more from the top after a deadlock or a serialization failure.

    Only the outermost caller retries: inside an open transaction the error goes up to whoever opened it, for
    the work before it is lost as well.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return function(*args, **kwargs)
        try:
            return function(*args, **kwargs)
        except OperationalError as error:
            if not is_retryable(error):
                raise
            logger.warning("transaction repeated after %s", getattr(error.__cause__, "sqlstate", ""))
        return function(*args, **kwargs)

    return wrapper


def operation(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function in a transaction of its own, which joins an open one, repeated as `retrying` does."""
    return retrying(transaction.atomic(function))
