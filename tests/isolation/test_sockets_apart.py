"""Many sockets of three clinics while all three change: each hears its own clinic, every frame, and no other's."""

import asyncio
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction

from clinics.models import Clinic, Membership, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import live
from messaging.inbox.consumers import NOT_A_MEMBER
from tests.messaging.sockets import Socket, connected
from tests.statements import statements
from tests.world import World

SLUGS = ("alpha", "beta", "gamma")
PAGES = 6  # that each member has open
FRAMES = 20  # in each clinic


def ids_of(place: int) -> list[str]:
    return [str(UUID(int=place * 1000 + n)) for n in range(FRAMES)]


@sync_to_async(thread_sensitive=False)
def publish(clinic: Clinic, thread: str) -> None:
    with in_clinic(clinic), transaction.atomic():
        connection.ensure_connection()
        live.publish("conversation", id=thread, version=1)
    connection.close()


async def open_pages(world: World) -> list[tuple[str, User, Socket]]:
    found = []
    for slug in SLUGS:
        for email, user in world.users.items():
            for _ in range(PAGES if email.endswith(f"@{slug}.example") else 0):
                socket = await connected(user, slug)
                assert await socket.next_frame() == {"type": "ready"}
                found.append((slug, user, socket))
    return found


async def publish_everything(world: World) -> None:
    await asyncio.gather(
        *(
            publish(world.clinics[slug], thread)
            for n in range(FRAMES)
            for place, slug in enumerate(SLUGS)
            for thread in ids_of(place)[n : n + 1]
        )
    )


def test_every_socket_hears_all_of_its_clinic_and_nothing_else(committed: World) -> None:
    async def scene() -> None:
        pages = await open_pages(committed)
        assert len(pages) == 3 * 4 * PAGES

        with statements() as sent:
            await publish_everything(committed)
            for slug, _user, socket in pages:
                heard = [(await socket.next_frame())["id"] for _ in range(FRAMES)]
                assert sorted(heard) == ids_of(SLUGS.index(slug))
        for _slug, _user, socket in pages:
            assert await socket.receive_nothing(0.01)
            await socket.leave()

        asked = [statement for statement in sent if "clinics_membership" in statement]
        # Each frame is asked about, but once for all pages that hear it and not once for each.
        assert 3 <= len(asked) <= FRAMES * len(pages) // 4

    async_to_sync(scene)()


def test_who_leaves_a_clinic_while_frames_fly_hears_no_more(committed: World) -> None:
    gone = committed.users["doctor@beta.example"]

    @sync_to_async(thread_sensitive=True)
    def end() -> None:
        Membership.objects.filter(user=gone).update(ended_at=clock.now())
        connection.close()

    async def scene() -> None:
        pages = await open_pages(committed)
        await publish_everything(committed)
        for _slug, _user, socket in pages:
            for _ in range(FRAMES):
                await socket.next_frame()
        await end()

        await publish_everything(committed)

        for _slug, user, socket in pages:
            if user == gone:
                assert await socket.close_code() == NOT_A_MEMBER
                assert await socket.receive_nothing(0.01)
            else:
                frames: list[Any] = [await socket.next_frame() for _ in range(FRAMES)]
                assert len(frames) == FRAMES
                await socket.leave()

    async_to_sync(scene)()
