"""The thread that hands frames to the channel layer: one event loop and one connection for the life of a process.

A layer's connections belong to the event loop that opened them, so a loop of its own for each frame would mean a new
connection for each. Whoever publishes only leaves a frame here and goes on.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from typing import Any, Protocol

logger = logging.getLogger(__name__)

#: Seconds for one frame; a layer that takes longer counts as down.
PATIENCE = 2.0
#: More frames than that wait for nothing but a layer that is down; pages read again by themselves.
LONGEST_QUEUE = 10_000

Event = dict[str, Any]
_Key = tuple[str, Any, Any]


class Layer(Protocol):
    """What is asked of a channel layer."""

    async def group_send(self, group: str, message: Event) -> None:
        """Send to all who listen to a group."""


def merged(old: Event, new: Event) -> Event:
    """Return one frame for two about the same thing: the higher version, none when either says none."""
    first, second = old.get("version"), new.get("version")
    kept = {name: value for name, value in new.items() if name != "version"}
    return kept if first is None or second is None else {**kept, "version": max(first, second)}


class Publisher:
    """Sends frames in the order in which they came; of one thing only the newest waits."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)  # the thread and its connection stay with the parent
        atexit.register(self.close)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[_Key, tuple[Layer, str, Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ends = False

    def put(self, layer: Layer, group: str, event: Event) -> None:
        """Leave a frame to be sent; returns at once, from whatever thread."""
        key = (group, event.get("kind"), event.get("id"))
        with self._lock:
            known = self._waiting.get(key)
            if known is None and len(self._waiting) >= LONGEST_QUEUE:
                return  # the line that was logged when the layer went stands for this one too
            wakes = not self._waiting
            self._waiting[key] = (layer, group, merged(known[2], event) if known else event)
            loop = self._loop or self._start()
        if wakes:
            loop.call_soon_threadsafe(self._news.set)

    def close(self, patience: float = PATIENCE) -> None:
        """Send what waits, as far as it goes, and end the thread; the next frame begins a new one."""
        with self._lock:
            thread, loop = self._thread, self._loop
            if thread is None or loop is None:
                return
            self._ends = True
            loop.call_soon_threadsafe(self._news.set)
        thread.join(patience)
        self._forget()

    def _start(self) -> asyncio.AbstractEventLoop:
        loop = self._loop = asyncio.new_event_loop()
        self._news = asyncio.Event()
        self._thread = threading.Thread(target=self._work, args=(loop,), name="live", daemon=True)
        self._thread.start()
        return loop

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._send_for_ever())
        finally:
            loop.close()  # the layer closes its connection with it

    async def _send_for_ever(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            with self._lock:
                frames, self._waiting = list(self._waiting.values()), {}
                ends = self._ends
            await _send_all(frames)
            if ends:
                return


async def _send_all(frames: list[tuple[Layer, str, Event]]) -> None:
    """Send them one after the other; when one fails twice the rest is dropped with it."""
    for done, (layer, group, event) in enumerate(frames):
        try:
            await _send(layer, group, event)
        except Exception as error:  # whatever the layer's client raises, nobody waits for the answer
            dropped = len(frames) - done
            logger.warning("inbox frames not sent: %s, %d dropped", type(error).__name__, dropped)
            return


async def _send(layer: Layer, group: str, event: Event) -> None:
    try:
        await _send_once(layer, group, event)
    except TimeoutError:
        raise
    except Exception:  # a connection that the server closed is noticed by the first who uses it
        await _send_once(layer, group, event)


async def _send_once(layer: Layer, group: str, event: Event) -> None:
    async with asyncio.timeout(PATIENCE):
        await layer.group_send(group, event)
