"""The live connection of one open page of a clinic.

The server says what changed, by ids. A page says only which thread it has open and whether its member writes there:
`{"open": "<id>" or null, "typing": true}`, at once when that changes and again every 15 s, which also shows both
that the line is alive.
"""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer

from clinics.models import Clinic
from clinics.tenancy import clinic_by_slug, in_clinic
from messaging import presence
from messaging.inbox.members import members_now
from messaging.live import group_of

#: The page reads itself again on these, and the server says there what is so.
LOGGED_OUT = 4401
NOT_A_MEMBER = 4403
LONGEST_WORD = 200  # characters of what a page says
WORDS, SECONDS = 20, 10.0  # no more from one page in that time


@dataclass(frozen=True, slots=True)
class Said:
    """What a page said."""

    open: UUID | None
    typing: bool


def _understood(text: Any) -> Said | None:
    """Return what a page said, None for whatever we do not know."""
    try:
        said = json.loads(text) if isinstance(text, str) and len(text) <= LONGEST_WORD else None
        if not isinstance(said, dict) or "open" not in said:
            return None
        return Said(UUID(said["open"]) if said["open"] else None, said.get("typing") is True)
    except (ValueError, TypeError, AttributeError):
        return None


class InboxConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """Hands on frames of ids. The membership is asked on connect and again on each frame."""

    group: str | None = None
    schema = ""
    here: UUID | None = None
    _heard: tuple[float, int] = (0.0, 0)

    async def connect(self) -> None:
        """Let a member in; close with a code of ours for everybody else."""
        await self.accept()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(code=LOGGED_OUT)
            return
        clinic = await self._clinic() if user.pk in await self._members() else None
        if clinic is None:
            await self.close(code=NOT_A_MEMBER)
            return
        self.schema, self.group = clinic.schema_name, group_of(clinic.schema_name)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.send_json({"type": "ready"})

    async def disconnect(self, code: int) -> None:
        """Leave the group, and the thread."""
        group, self.group = self.group, None
        if group is not None:
            await self.channel_layer.group_discard(group, self.channel_name)
            await self._leave(group)

    async def receive(self, text_data: Any = None, bytes_data: Any = None, **kwargs: Any) -> None:
        """Keep where the member is; ignore everything else, for all that pages do goes by HTTP."""
        said = _understood(text_data)
        if self.group is None or said is None or self._says_too_much():
            return
        if said.open is None:
            await self._leave(self.group)
            await self.send_json({"type": "here", "id": None, "open": [], "typing": []})
            return
        if self.here != said.open:
            await self._leave(self.group)
        self.here = said.open
        if self.scope["user"].pk not in await self._members():
            await self._dismiss()
        elif await self._note(said.open, said.typing):
            await self._tell(self.group, said.open)
        else:
            await self._say_who(said.open)

    async def inbox_changed(self, event: dict[str, Any]) -> None:
        """Hand a frame on, when the user still is a member."""
        if self.group is None:
            return
        if self.scope["user"].pk not in await self._members():
            await self._dismiss()
            return
        frame = {name: value for name, value in event.items() if name not in ("type", "kind")}
        await self.send_json({"type": event["kind"], **frame})

    async def inbox_here(self, event: dict[str, Any]) -> None:
        """Say who is at a thread, to those who have it open."""
        if self.group is not None and self.here is not None and str(self.here) == event["id"]:
            await self._say_who(self.here)

    async def _dismiss(self) -> None:
        """Close once: frames that wait already find no group."""
        if self.group is not None:
            await self.disconnect(NOT_A_MEMBER)
            await self.close(code=NOT_A_MEMBER)

    async def _tell(self, group: str, conversation_id: UUID) -> None:
        await self.channel_layer.group_send(group, {"type": "inbox.here", "id": str(conversation_id)})

    async def _leave(self, group: str) -> None:
        left, self.here = self.here, None
        if left is not None and await self._forget(left):
            await self._tell(group, left)

    async def _say_who(self, conversation_id: UUID) -> None:
        members, me = await self._members(), self.scope["user"].pk
        if me not in members:
            await self._dismiss()
            return
        present = await self._present(conversation_id, members - {me})
        await self.send_json(
            {
                "type": "here",
                "id": str(conversation_id),
                "open": list(present.open),
                "typing": list(present.typing),
            }
        )

    async def _members(self) -> frozenset[UUID]:
        return await members_now(self._slug)

    @property
    def _slug(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["slug"])

    def _says_too_much(self) -> bool:
        now = time.monotonic()
        began, words = self._heard
        self._heard = (began, words + 1) if now - began < SECONDS else (now, 1)
        return self._heard[1] > WORDS

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _clinic(self) -> Clinic | None:
        return clinic_by_slug(self._slug)

    # The functions below enter the clinic themselves: a schema that was set at connect would be another's by now.
    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _note(self, conversation_id: UUID, typing: bool) -> bool:
        with self._inside():
            return presence.note(conversation_id, self.scope["user"].pk, typing=typing)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _forget(self, conversation_id: UUID) -> bool:
        with self._inside():
            return presence.forget(conversation_id, self.scope["user"].pk)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _present(self, conversation_id: UUID, user_ids: frozenset[UUID]) -> presence.Present:
        with self._inside():
            return presence.at(conversation_id, user_ids)

    def _inside(self) -> AbstractContextManager[Any]:
        return in_clinic(self.schema)


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Answers sockets that no page opens; without it each would end as an error of ours."""

    async def connect(self) -> None:
        """Refuse before it opens: 403."""
        await self.close()
