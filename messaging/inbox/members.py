"""Who may work in a clinic, asked once for all sockets of a process that hear the same frame.

A frame makes every socket of its clinic ask. Who asks before a read has begun shares it; who asks later gets the
next one: nobody is answered from what was read before they asked.
"""

from __future__ import annotations

import asyncio
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from clinics.permissions import Action, who_may
from clinics.tenancy import clinic_by_slug

_Reading = asyncio.Task[frozenset[UUID]]
_begun: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Reading]] = WeakKeyDictionary()


async def members_now(slug: str) -> frozenset[UUID]:
    """Return the users who may work in the clinic, nobody for one that is not there."""
    loop = asyncio.get_running_loop()
    waiting = _begun.setdefault(loop, {})
    if slug not in waiting:
        waiting[slug] = loop.create_task(_read(slug, waiting))
    return await asyncio.shield(
        waiting[slug]
    )  # one socket that closes does not take the answer from the others


async def _read(slug: str, waiting: dict[str, _Reading]) -> frozenset[UUID]:
    await asyncio.sleep(0)  # the sockets that hear the same frame come along
    del waiting[slug]
    found: frozenset[UUID] = await _members(slug)
    return found


@database_sync_to_async  # type: ignore[untyped-decorator]
def _members(slug: str) -> frozenset[UUID]:
    # Shared tables only, so no clinic is entered; whatever reads a clinic's tables would enter it here.
    clinic = clinic_by_slug(slug)
    return who_may(clinic, Action.WORK) if clinic else frozenset()
