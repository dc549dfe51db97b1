"""A stand-in provider for the outbox benchmark: takes every message after a delay, by Twilio's protocol.

Run as `python bench/_standin.py MILLISECONDS`; prints its port, ends with its stdin. It counts receivers, so that a
message that went twice shows: `GET /` answers {"accepted": …, "twice": …}.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from urllib.parse import parse_qs

taken: Counter[tuple[str, str]] = Counter()
delay = float(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 0.1


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection's requests."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            body = await reader.readexactly(length)
            answer = _counts() if head.startswith(b"GET / ") else await _take(head, body)
            writer.write(
                b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(answer), answer)
            )
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _counts() -> bytes:
    return json.dumps({"accepted": taken.total(), "twice": sum(n > 1 for n in taken.values())}).encode()


async def _take(head: bytes, body: bytes) -> bytes:
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    account = head.split(b"/Accounts/")[1].split(b"/")[0].decode()
    await asyncio.sleep(delay)
    taken[form["To"], form["Body"]] += 1
    sid = f"SM{taken.total():032x}"
    return json.dumps(
        {
            "sid": sid,
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": form["Body"],
            "date_created": "Sat, 21 Nov 2026 18:00:00 +0000",
            "date_updated": "Sat, 21 Nov 2026 18:00:00 +0000",
            "date_sent": None,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form["From"],
            "to": form["To"],
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "status": "queued",
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
            "subresource_uris": {"media": f"/2010-04-01/Accounts/{account}/Messages/{sid}/Media.json"},
        }
    ).encode()


async def main() -> None:
    """Serve until stdin ends."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # open connections are nobody's to close


asyncio.run(main())
