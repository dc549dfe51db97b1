"""Who has a thread open and who writes: over the socket, by ids, to members of that clinic at that thread alone."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.cache import cache
from django.db import connection

from clinics.models import Membership, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import presence
from messaging.inbox.consumers import NOT_A_MEMBER, WORDS
from tests.messaging.sockets import Socket, connected
from tests.world import World

THREAD, OTHER_THREAD = UUID(int=7), UUID(int=8)


@pytest.fixture
def desk(committed: World) -> User:
    """Return the receptionist."""
    return committed.users["receptionist@alpha.example"]


@pytest.fixture
def doctor(committed: World) -> User:
    """Return the doctor."""
    return committed.users["doctor@alpha.example"]


async def at_work(user: User, slug: str = "alpha") -> Socket:
    socket = await connected(user, slug)
    assert await socket.next_frame() == {"type": "ready"}
    return socket


def here(thread: UUID | None, open: list[User] | None = None, typing: list[User] | None = None) -> Any:
    return {
        "type": "here",
        "id": str(thread) if thread else None,
        "open": sorted(str(user.pk) for user in open or []),
        "typing": sorted(str(user.pk) for user in typing or []),
    }


def test_two_at_one_thread_hear_of_each_other_and_that_one_writes(desk: User, doctor: User) -> None:
    async def scene() -> None:
        first, second = await at_work(desk), await at_work(doctor)
        await first.say(open=str(THREAD))
        assert await first.next_frame() == here(THREAD)

        await second.say(open=str(THREAD))
        assert await second.next_frame() == here(THREAD, [desk])
        assert await first.next_frame() == here(THREAD, [doctor])

        await second.say(open=str(THREAD), typing=True)
        assert await first.next_frame() == here(THREAD, [doctor], [doctor])
        await second.next_frame()
        await second.say(open=str(THREAD))
        assert await first.next_frame() == here(THREAD, [doctor])
        await second.next_frame()

        await second.say(open=None)
        assert await second.next_frame() == here(None)
        assert await first.next_frame() == here(THREAD)
        await first.leave()
        await second.leave()

    async_to_sync(scene)()


def test_a_page_that_closes_is_gone_at_once(desk: User, doctor: User) -> None:
    async def scene() -> None:
        first, second = await at_work(desk), await at_work(doctor)
        await first.say(open=str(THREAD))
        await first.next_frame()
        await second.say(open=str(THREAD))
        await first.next_frame()

        await second.leave()

        assert await first.next_frame() == here(THREAD)
        await first.leave()

    async_to_sync(scene)()


def test_who_has_another_thread_open_hears_nothing(desk: User, doctor: User) -> None:
    async def scene() -> None:
        first, second = await at_work(desk), await at_work(doctor)
        await first.say(open=str(OTHER_THREAD))
        await first.next_frame()
        await second.say(open=str(THREAD), typing=True)
        await second.next_frame()

        assert await first.hears_nothing()
        await first.leave()
        await second.leave()

    async_to_sync(scene)()


def test_another_clinics_member_at_the_same_id_is_not_seen(committed: World, desk: User) -> None:
    async def scene() -> None:
        first, foreign = await at_work(desk), await at_work(committed.users["owner@beta.example"], "beta")
        await first.say(open=str(THREAD), typing=True)
        assert await first.next_frame() == here(THREAD)

        await foreign.say(open=str(THREAD), typing=True)

        assert await foreign.next_frame() == here(THREAD)
        assert await first.hears_nothing()
        await first.leave()
        await foreign.leave()

    async_to_sync(scene)()


def test_to_be_there_again_is_no_news_for_the_others(desk: User, doctor: User) -> None:
    async def scene() -> None:
        first, second = await at_work(desk), await at_work(doctor)
        await first.say(open=str(THREAD))
        await first.next_frame()
        await second.say(open=str(THREAD))
        await second.next_frame()
        await first.next_frame()

        await second.say(open=str(THREAD))

        assert await second.next_frame() == here(
            THREAD, [desk]
        )  # who asks is always answered: the line is alive
        assert await first.hears_nothing()
        await first.leave()
        await second.leave()

    async_to_sync(scene)()


def test_who_is_no_member_any_more_is_sent_away_and_not_shown(
    committed: World, desk: User, doctor: User
) -> None:
    @sync_to_async(thread_sensitive=True)
    def end() -> None:
        Membership.objects.filter(user=doctor, clinic=committed.clinics["alpha"]).update(ended_at=clock.now())
        connection.close()

    async def scene() -> None:
        first, second = await at_work(desk), await at_work(doctor)
        await second.say(open=str(THREAD))
        await second.next_frame()
        await end()

        await second.say(open=str(THREAD), typing=True)
        assert await second.close_code() == NOT_A_MEMBER
        await first.say(open=str(THREAD))
        assert await first.next_frame() == here(THREAD)
        await first.leave()

    async_to_sync(scene)()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "null",
        '{"typing": true}',
        '{"open": "no id"}',
        '{"open": 7}',
        '{"open": {"id": 1}}',
        json.dumps({"open": str(THREAD), "name": "x" * 300}),
    ],
    ids=["empty", "text", "list", "null", "no thread", "no id", "number", "object", "long"],
)
def test_whatever_else_a_page_says_is_ignored(desk: User, text: str) -> None:
    async def scene() -> None:
        socket = await at_work(desk)
        await socket.send_input({"type": "websocket.receive", "text": text})
        assert await socket.hears_nothing()
        await socket.leave()

    async_to_sync(scene)()


def test_a_page_that_says_too_much_is_not_listened_to(desk: User) -> None:
    async def scene() -> None:
        socket = await at_work(desk)
        for _ in range(WORDS + 5):
            await socket.say(open=None)
        for _ in range(WORDS):
            assert await socket.next_frame() == here(None)
        assert await socket.hears_nothing()
        await socket.leave()

    async_to_sync(scene)()


def test_what_is_kept_names_ids_alone_and_ends_by_itself(
    committed: World, desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[str, Any, Any]] = []
    monkeypatch.setattr(cache, "set", lambda *given: kept.append(given))

    with in_clinic(committed.clinics["alpha"]):
        presence.note(THREAD, desk.pk, typing=True)

    assert kept == [(f"here:{THREAD}:{desk.pk}", "typing", presence.HERE_FOR)]
    assert presence.HERE_FOR <= 30


def test_names_are_told_to_members_only(committed: World, desk: User, browse: Any) -> None:
    path = "/c/alpha/inbox/colleagues/"

    names = browse(desk).get(path).json()

    assert names[str(desk.pk)]["short"] == desk.get_short_name()
    assert str(committed.users["owner@beta.example"].pk) not in names
    assert browse(committed.users["owner@beta.example"]).get(path).status_code == 404
    assert str(uuid4()) not in names
