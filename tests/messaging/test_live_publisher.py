"""Frames leave from one thread: over one connection, in order, dropped when the layer is down, and nobody waits."""

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.db import transaction

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from medsync.stack.valkey import EmbeddedValkey
from messaging import live, publisher
from messaging.publisher import Publisher
from tests.stack.running import open_folder
from tests.world import World

PATIENCE = 5.0


class Ear:
    """A layer that keeps what it was given, and on which thread."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, dict[str, Any]]] = []
        self.threads: set[int] = set()
        self.loops: set[int] = set()
        self.down = False
        self.gate: threading.Event | None = None

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Keep a frame; raise while down, wait while there is a gate."""
        if self.gate is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.gate.wait, PATIENCE)
        if self.down:
            raise OSError("+12125550142 is no word for a log")
        self.threads.add(threading.get_ident())
        self.loops.add(id(asyncio.get_running_loop()))
        self.frames.append((group, message))


@pytest.fixture
def sender() -> Iterator[Publisher]:
    """Give a publisher of the test's own."""
    own = Publisher()
    yield own
    own.close()


def frame(name: object, version: int | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "inbox.changed", "kind": "conversation", "id": str(name)}
    return event if version is None else {**event, "version": version}


def test_all_frames_leave_from_one_thread_and_one_loop_in_order(sender: Publisher) -> None:
    ear = Ear()

    for n in range(50):
        sender.put(ear, "g", frame(n))
    sender.close()

    assert [event["id"] for _group, event in ear.frames] == [str(n) for n in range(50)]
    assert len(ear.threads) == len(ear.loops) == 1
    assert ear.threads != {threading.get_ident()}


def test_many_threads_lose_no_frame(sender: Publisher) -> None:
    ear = Ear()

    def publish(worker: int) -> None:
        for n in range(100):
            sender.put(ear, "g", frame(f"{worker}-{n}"))

    workers = [threading.Thread(target=publish, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sender.close()

    assert len({event["id"] for _group, event in ear.frames}) == 800
    assert len(ear.threads) == 1


def test_who_publishes_does_not_wait_and_the_newest_of_a_thing_is_enough(sender: Publisher) -> None:
    ear, gate = Ear(), threading.Event()
    ear.gate = gate

    sender.put(ear, "g", frame("first", 1))
    for version in (2, 4, 3):  # all of them while the layer takes its time
        sender.put(ear, "g", frame("busy", version))
    sender.put(ear, "other", frame("busy", 1))
    assert not ear.frames
    gate.set()
    sender.close()

    busy = [event["version"] for group, event in ear.frames if (group, event["id"]) == ("g", "busy")]
    assert busy[-1] == 4
    assert len(busy) <= 2  # the first may have been taken already
    assert ("other", frame("busy", 1)) in ear.frames


def test_a_layer_that_is_down_costs_a_line_without_words_and_then_works_again(
    sender: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()
    ear.down = True
    with caplog.at_level(logging.WARNING):
        sender.put(ear, "g", frame("lost"))
        sender.close()
    ear.down = False
    sender.put(ear, "g", frame("later"))
    sender.close()

    assert [event["id"] for _group, event in ear.frames] == ["later"]
    assert "inbox frames not sent: OSError, 1 dropped" in caplog.text
    assert "+1212" not in caplog.text


def test_a_layer_that_hangs_holds_up_neither_work_nor_the_end(
    sender: Publisher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Hangs:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(publisher, "PATIENCE", 0.05)
    with caplog.at_level(logging.WARNING):
        for n in range(5):
            sender.put(Hangs(), "g", frame(n))
        sender.close(PATIENCE)

    assert "TimeoutError" in caplog.text


def test_what_waits_for_a_layer_that_is_down_has_a_limit(
    sender: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear, gate = Ear(), threading.Event()
    ear.gate = gate
    monkeypatch.setattr(publisher, "LONGEST_QUEUE", 10)

    for n in range(100):
        sender.put(ear, "g", frame(n))
    gate.set()
    sender.close()

    assert len(ear.frames) <= 1 + 2 * 10


def test_a_forked_process_begins_a_thread_of_its_own(sender: Publisher) -> None:
    ear = Ear()
    sender.put(ear, "g", frame("parent"))
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:  # no assertion here: whatever happens, pytest must not go on twice
        try:
            own = Ear()
            sender.put(own, "g", frame("child"))
            sender.close()
            os.write(writing, ",".join(event["id"] for _group, event in own.frames).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    sender.close()

    assert os.read(reading, 100) == b"child"
    assert [event["id"] for _group, event in ear.frames] == ["parent"]


def test_two_hundred_frames_take_one_connection_to_valkey() -> None:
    with open_folder() as folder, EmbeddedValkey(Path(folder) / "v") as server:
        client = redis.Redis.from_url(server.url)
        client.ping()
        layer, own = RedisPubSubChannelLayer(hosts=[server.url]), Publisher()
        heard = client.pubsub()
        heard.subscribe("asgi__group__g")
        heard.get_message(timeout=PATIENCE)
        before = client.info("stats")["total_connections_received"]

        for n in range(200):
            own.put(layer, "g", frame(n))
        got = [heard.get_message(timeout=PATIENCE) for _ in range(200)]
        own.close()

        assert all(message and message["type"] == "message" for message in got)
        assert client.info("stats")["total_connections_received"] - before == 1
        heard.close()
        client.close()


def test_a_valkey_that_was_restarted_hears_the_next_frame() -> None:
    with open_folder() as folder, EmbeddedValkey(Path(folder) / "v") as server:
        layer, own = RedisPubSubChannelLayer(hosts=[server.url]), Publisher()
        own.put(layer, "g", frame("before"))
        server.stop()
        server.start()
        client = redis.Redis.from_url(server.url)
        heard = client.pubsub()
        heard.subscribe("asgi__group__g")
        heard.get_message(timeout=PATIENCE)

        own.put(layer, "g", frame("after"))

        message = heard.get_message(timeout=PATIENCE)
        own.close()
        assert message is not None
        assert layer.deserialize(message["data"])["id"] == "after"
        heard.close()
        client.close()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what live hands to the publisher."""
    frames: list[dict[str, Any]] = []
    monkeypatch.setattr(live, "get_channel_layer", Ear)
    monkeypatch.setattr(live.publisher, "put", lambda _layer, _group, event: frames.append(event))
    return frames


def test_one_transaction_that_touches_a_thread_three_times_is_one_frame(
    committed: World, clinic: Clinic, said: list[dict[str, Any]]
) -> None:
    with in_clinic(clinic), transaction.atomic():
        live.publish("conversation", id=clinic.id, version=3)
        live.publish("conversation", id=clinic.id, version=5)
        with transaction.atomic():
            live.publish("conversation", id=clinic.id, version=4)
        live.publish("task", id=clinic.id)
        assert not said

    assert said == [
        {"type": "inbox.changed", "kind": "conversation", "id": str(clinic.id), "version": 5},
        {"type": "inbox.changed", "kind": "task", "id": str(clinic.id)},
    ]


def test_a_frame_without_a_version_makes_pages_read_in_any_case(
    committed: World, clinic: Clinic, said: list[dict[str, Any]]
) -> None:
    with in_clinic(clinic), transaction.atomic():
        live.publish("conversation", id=clinic.id, version=3)
        live.publish("conversation", id=clinic.id)

    assert said == [{"type": "inbox.changed", "kind": "conversation", "id": str(clinic.id)}]


def test_what_a_savepoint_took_back_does_not_take_the_others_frame(
    committed: World, clinic: Clinic, said: list[dict[str, Any]]
) -> None:
    with in_clinic(clinic), transaction.atomic():
        with transaction.atomic():
            live.publish("conversation", id=clinic.id, version=9)
            transaction.set_rollback(True)
        live.publish("conversation", id=clinic.id, version=2)

    assert [event["version"] for event in said] == [2]


def test_two_clinics_frames_are_kept_apart(
    committed: World, clinic: Clinic, other_clinic: Clinic, said: list[dict[str, Any]]
) -> None:
    with in_clinic(clinic), transaction.atomic():
        live.publish("conversation", id=clinic.id, version=1)
        with in_clinic(other_clinic):
            live.publish("conversation", id=clinic.id, version=2)

    assert [event["version"] for event in said] == [1, 2]
