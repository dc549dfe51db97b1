"""Websockets of our routes, as pages open them, without a server between."""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser

from clinics.models import User
from messaging.inbox.routing import websocket_urlpatterns

WAIT = 5.0
SILENCE = 0.2


class Socket(ApplicationCommunicator):
    """A websocket of our routes, as it stands behind the log-in middleware."""

    def __init__(self, user: User | None, slug: str) -> None:
        path = f"/ws/c/{slug}/inbox/"
        scope = {"type": "websocket", "path": path, "user": user or AnonymousUser()}
        super().__init__(URLRouter(websocket_urlpatterns), scope)

    async def next_frame(self) -> Any:
        """Return the next JSON frame."""
        output = await self.receive_output(WAIT)
        assert output["type"] == "websocket.send", output
        return json.loads(output["text"])

    async def say(self, **words: Any) -> None:
        """Say something as a page does."""
        await self.send_input({"type": "websocket.receive", "text": json.dumps(words)})

    async def close_code(self) -> int:
        """Return the code with which the server closed."""
        output = await self.receive_output(WAIT)
        assert output["type"] == "websocket.close", output
        return int(output["code"])

    async def hears_nothing(self) -> bool:
        """Tell whether nothing comes for a while."""
        return bool(await self.receive_nothing(SILENCE))

    async def leave(self) -> None:
        """Disconnect."""
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(WAIT)


async def connected(user: User | None, slug: str) -> Socket:
    """Return a socket that was accepted."""
    socket = Socket(user, slug)
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(WAIT))["type"] == "websocket.accept"
    return socket
