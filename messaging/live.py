"""Tell open pages that something changed: ids only, after commit; what it means they read again."""

import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction

logger = logging.getLogger(__name__)


def group_of(schema: str) -> str:
    """Return the name of the group that a clinic's open inboxes listen to."""
    return f"clinic.{schema}.inbox"


def publish(kind: str, **ids: Any) -> None:
    """Send a frame to the inboxes of the clinic that is entered, once the present transaction has committed.

    `kind` is what changed ("conversation"); `ids` are its id and version, nothing that names a person. A layer
    that is down is logged only: pages read again by themselves every 30 seconds.
    """
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    event = {"type": "inbox.changed", "kind": kind, **{name: _plain(value) for name, value in ids.items()}}
    transaction.on_commit(lambda: _send(schema, event))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else str(value)


def _send(schema: str, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group_of(schema), event)
    except Exception as error:  # whatever the layer's client raises, the caller's work is committed already
        logger.warning("inbox frame not sent: %s", type(error).__name__)
