"""Pages that listen: opens so many websockets in a process of its own and notes when frames arrive.

Reads the sockets (address, cookie, clinic) as JSON from its standard input, prints "ready" when all are open, then on
each line of its input that names how many frames are to come waits for them (or until nothing came for five seconds)
and prints when which version came to which clinic's sockets, in seconds of the machine's monotonic clock.
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.client import connect

QUIET = 5.0


async def main() -> None:
    """Listen until the input ends."""
    lines = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    pages = json.loads(await lines.readline())
    frames: list[tuple[str, int, float]] = []
    news = asyncio.Event()
    open_now = asyncio.Semaphore(40)

    async def listen(page: dict[str, str], ready: asyncio.Future[None]) -> None:
        async with open_now:
            socket = await connect(
                page["url"], additional_headers={"Cookie": page["cookie"]}, origin=page["origin"]
            )
            await socket.recv()
        ready.set_result(None)
        async for text in socket:
            frame = json.loads(text)
            frames.append((page["clinic"], frame["version"], time.monotonic()))
            news.set()

    opened = [loop.create_future() for _ in pages]
    begun = time.monotonic()
    tasks = [asyncio.create_task(listen(*pair)) for pair in zip(pages, opened, strict=True)]
    await asyncio.gather(*opened)
    print(json.dumps({"ready": time.monotonic() - begun}), flush=True)
    while line := await lines.readline():
        expected = int(line)
        while len(frames) < expected:
            news.clear()
            try:
                await asyncio.wait_for(news.wait(), QUIET)
            except TimeoutError:
                break
        print(json.dumps(frames), flush=True)
        frames.clear()
    for task in tasks:
        task.cancel()


asyncio.run(main())
