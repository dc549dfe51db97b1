"""Websocket routes."""

from typing import Any

from django.urls import re_path

from messaging.inbox.consumers import InboxConsumer, NoSuchSocket

websocket_urlpatterns: list[Any] = [
    re_path(r"^ws/c/(?P<slug>[a-z0-9-]{1,40})/inbox/$", InboxConsumer.as_asgi()),
    re_path(r"", NoSuchSocket.as_asgi()),
]
