"""Tell open pages that something changed: ids only, after commit; what it means they read again."""

from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import connection, transaction

from messaging.publisher import Publisher, merged

publisher = Publisher()


def group_of(schema: str) -> str:
    """Return the name of the group that a clinic's open inboxes listen to."""
    return f"clinic.{schema}.inbox"


def publish(kind: str, **ids: Any) -> None:
    """Send a frame to the inboxes of the clinic that is entered, once the present transaction has committed.

    `kind` is what changed ("conversation"); `ids` are its id and version, nothing that names a person. What one
    transaction says of the same thing is one frame. Nobody waits for the layer, and one that is down is logged
    only: pages read again by themselves every 30 seconds.
    """
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    event = {"type": "inbox.changed", "kind": kind, **{name: _plain(value) for name, value in ids.items()}}
    frame = _Frame(group_of(schema), event)
    for entry in connection.run_on_commit:
        # One that still waits was rolled back with no savepoint, and those that it could be are ours too.
        waiting = entry[1]
        if isinstance(waiting, _Frame) and waiting.is_about(frame):
            waiting.event = merged(waiting.event, event)
            return
    transaction.on_commit(frame)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else str(value)


class _Frame:
    """A frame that waits for the commit."""

    __slots__ = ("event", "group")

    def __init__(self, group: str, event: dict[str, Any]) -> None:
        self.group = group
        self.event = event

    def is_about(self, other: "_Frame") -> bool:
        mine, theirs = self.event, other.event
        return self.group == other.group and all(mine.get(n) == theirs.get(n) for n in ("kind", "id"))

    def __call__(self) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        if isinstance(layer, InMemoryChannelLayer):  # its queues belong to the loop of who listens
            async_to_sync(layer.group_send)(self.group, self.event)
        else:
            publisher.put(layer, self.group, self.event)
