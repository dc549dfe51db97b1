"""The live connection of one open inbox."""

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer

from clinics.models import Clinic
from clinics.permissions import Action, can
from clinics.tenancy import clinic_by_slug
from messaging.live import group_of

#: The page reads itself again on these, and the server says there what is so.
LOGGED_OUT = 4401
NOT_A_MEMBER = 4403


class InboxConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """Hands on frames of ids. The membership is asked on connect and again on each frame."""

    group: str | None = None

    async def connect(self) -> None:
        """Let a member in; close with a code of ours for everybody else."""
        await self.accept()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(code=LOGGED_OUT)
            return
        clinic = await self._member_clinic()
        if clinic is None:
            await self.close(code=NOT_A_MEMBER)
            return
        self.group = group_of(clinic.schema_name)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.send_json({"type": "ready"})

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        if self.group is not None:
            await self.channel_layer.group_discard(self.group, self.channel_name)
            self.group = None

    async def receive(self, text_data: Any = None, bytes_data: Any = None, **kwargs: Any) -> None:
        """Ignore what pages say, JSON or not: all they do goes by HTTP."""

    async def inbox_changed(self, event: dict[str, Any]) -> None:
        """Hand a frame on, when the user still is a member."""
        if self.group is None:
            return
        if await self._member_clinic() is None:
            await self.close(code=NOT_A_MEMBER)
            return
        frame = {name: value for name, value in event.items() if name not in ("type", "kind")}
        await self.send_json({"type": event["kind"], **frame})

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _member_clinic(self) -> Clinic | None:
        # Shared tables only, so no clinic is entered; whatever reads a clinic's tables would enter it here.
        clinic = clinic_by_slug(self.scope["url_route"]["kwargs"]["slug"])
        if clinic is None or not can(self.scope["user"], clinic, Action.WORK, fresh=True):
            return None
        return clinic


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Answers sockets that no page opens; without it each would end as an error of ours."""

    async def connect(self) -> None:
        """Refuse before it opens: 403."""
        await self.close()
