"""The live connection: who hears what, and that frames carry ids only."""

import json
import logging
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction

from clinics.models import Clinic, Membership
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import live
from messaging.inbox.consumers import LOGGED_OUT, NOT_A_MEMBER
from tests.messaging.inboxes import a_thread
from tests.messaging.sockets import connected
from tests.world import World


@sync_to_async(thread_sensitive=True)
def publish(clinic: Clinic, **ids: Any) -> None:
    """Publish as a domain operation does: inside a clinic, inside a transaction."""
    with in_clinic(clinic), transaction.atomic():
        live.publish("conversation", **ids)
    connection.close()


def test_a_member_gets_the_id_and_version_after_commit(committed: World) -> None:
    clinic, user = committed.clinics["alpha"], committed.users["receptionist@alpha.example"]

    async def scene() -> None:
        socket = await connected(user, clinic.slug)
        assert await socket.next_frame() == {"type": "ready"}
        await publish(clinic, id=clinic.id, version=7)
        assert await socket.next_frame() == {
            "type": "conversation",
            "id": str(clinic.id),
            "version": 7,
        }
        await socket.leave()

    async_to_sync(scene)()


def test_nothing_is_sent_for_work_that_was_rolled_back(committed: World) -> None:
    clinic, user = committed.clinics["alpha"], committed.users["owner@alpha.example"]

    @sync_to_async(thread_sensitive=True)
    def roll_back() -> None:
        with in_clinic(clinic), transaction.atomic():
            live.publish("conversation", id=clinic.id)
            transaction.set_rollback(True)
        connection.close()

    async def scene() -> None:
        socket = await connected(user, clinic.slug)
        await socket.next_frame()
        await roll_back()
        assert await socket.hears_nothing()
        await socket.leave()

    async_to_sync(scene)()


def test_another_clinics_changes_are_not_heard(committed: World) -> None:
    clinic, other = committed.clinics["alpha"], committed.clinics["beta"]
    user = committed.users["owner@alpha.example"]

    async def scene() -> None:
        socket = await connected(user, clinic.slug)
        await socket.next_frame()
        await publish(other, id=other.id)
        assert await socket.hears_nothing()
        await socket.leave()

    async_to_sync(scene)()


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (None, LOGGED_OUT),
        ("stranger@nowhere.example", NOT_A_MEMBER),
        ("owner@beta.example", NOT_A_MEMBER),
        ("operator@platform.example", NOT_A_MEMBER),
    ],
)
def test_whoever_is_no_member_is_sent_away(committed: World, who: str | None, code: int) -> None:
    async def scene() -> None:
        socket = await connected(committed.users[who] if who else None, "alpha")
        assert await socket.close_code() == code

    async_to_sync(scene)()


def test_an_unknown_clinic_looks_like_a_foreign_one(committed: World) -> None:
    async def scene() -> None:
        socket = await connected(committed.users["owner@alpha.example"], "nowhere")
        assert await socket.close_code() == NOT_A_MEMBER

    async_to_sync(scene)()


def test_a_member_who_left_hears_nothing_more(committed: World) -> None:
    clinic, user = committed.clinics["alpha"], committed.users["doctor@alpha.example"]

    @sync_to_async(thread_sensitive=True)
    def leave() -> None:
        Membership.objects.filter(user=user, clinic=clinic).update(ended_at=clock.now())
        connection.close()

    async def scene() -> None:
        socket = await connected(user, clinic.slug)
        await socket.next_frame()
        await leave()
        await publish(clinic, id=clinic.id)
        assert await socket.close_code() == NOT_A_MEMBER

    async_to_sync(scene)()


def test_what_a_page_says_is_ignored(committed: World) -> None:
    async def scene() -> None:
        socket = await connected(committed.users["owner@alpha.example"], "alpha")
        await socket.next_frame()
        await socket.send_input({"type": "websocket.receive", "text": '{"type": "inbox.changed"}'})
        assert await socket.hears_nothing()
        await socket.leave()

    async_to_sync(scene)()


def test_a_reply_pushes_ids_and_no_word_of_it(committed: World) -> None:
    from messaging import outbox

    clinic, user = committed.clinics["alpha"], committed.users["owner@alpha.example"]

    @sync_to_async(thread_sensitive=True)
    def reply() -> str:
        with in_clinic(clinic):
            thread = a_thread("Rosa Delgado", body="secret words")
            outbox.send_reply(thread, body="secret answer", user=user, now=clock.now())
            thread_id = str(thread.id)
        connection.close()
        return thread_id

    async def scene() -> None:
        socket = await connected(user, clinic.slug)
        await socket.next_frame()
        thread_id = await reply()
        frame = await socket.next_frame()
        assert frame["id"] == thread_id
        said = json.dumps(frame)
        assert "secret" not in said
        assert "Rosa" not in said
        assert "+1646" not in said
        await socket.leave()

    async_to_sync(scene)()


def test_a_layer_that_is_down_does_not_harm_the_work(
    committed: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clinic = committed.clinics["alpha"]

    class Broken:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            raise ConnectionError

    monkeypatch.setattr(live, "get_channel_layer", lambda: Broken())

    with caplog.at_level(logging.WARNING), in_clinic(clinic), transaction.atomic():
        live.publish("conversation", id=clinic.id)
    live.publisher.close()

    assert "inbox frames not sent: ConnectionError, 1 dropped" in caplog.text
