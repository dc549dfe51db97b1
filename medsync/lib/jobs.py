"""Wake a task after commit. The broker is only a bell: what must be done stands in Postgres."""

import logging
from typing import Any

from celery import current_app
from django.db import connection, transaction

logger = logging.getLogger(__name__)


def enqueue(task: str, *, schema: str, after: float = 0, **ids: Any) -> None:
    """Send the task, to be run in `after` seconds; a broker that is down is logged, for the sweeper finds what it lost."""
    delay = {"countdown": after} if after > 0 else {}
    try:
        # By name: a web process knows no tasks, only workers import them.
        current_app.send_task(task, kwargs=ids, headers={"schema": schema}, retry=False, **delay)
    except Exception as error:  # whatever the broker's client raises, the caller's work is committed already
        logger.warning("bell not rung for %s: %s", task, type(error).__name__)


def enqueue_on_commit(task: str, **ids: Any) -> None:
    """Send the task once the present transaction has committed, for the clinic that is entered now.

    The schema is read here, because `on_commit` may run after the clinic has been left. Arguments are ids only,
    and `after`, the seconds that it has time.
    """
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    transaction.on_commit(lambda: enqueue(task, schema=schema, **ids))
