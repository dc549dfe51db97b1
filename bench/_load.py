"""Two servers, one client, taking turns: what the webhook benchmarks share."""

import asyncio
import base64
import contextlib
import hmac
import itertools
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _common import PROJECT, percentile

BASE = "https://bench.example"
TOKEN = "token-of-the-benchmark"
ACCOUNT = "AC" + "b" * 32
CONNECTIONS = 16
NUMBERS = [f"+1212555{n:04d}" for n in range(100, 104)]
_sids = itertools.count(1)


def prepare_environment() -> None:
    """Name the account that signs; before Django reads its settings."""
    os.environ |= {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_WEBHOOK_BASE_URL": BASE,
        "ALLOWED_HOSTS": "127.0.0.1,bench.example",
        "LOG_LEVEL": "WARNING",
    }


def start_valkey() -> None:
    """Start a Valkey for broker, cache and live frames, as in production."""
    import atexit

    from medsync.stack.valkey import EmbeddedValkey

    server = EmbeddedValkey(Path(os.environ["MEDSYNC_HOME"])).start()
    os.environ["REDIS_URL"] = server.url
    atexit.register(server.stop)


def http(path: str, form: Mapping[str, str]) -> bytes:
    """Return a signed webhook as it goes over the wire."""
    text = BASE + path + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha1")).decode()
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"X-Twilio-Signature: {signature}\r\nUser-Agent: TwilioProxy/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def message(sender: str, number: str, body: str) -> bytes:
    """Return a patient's message with the fields that Twilio sends."""
    sid = f"SM{next(_sids):032x}"
    return http(
        "/api/webhooks/whatsapp",
        {
            "SmsMessageSid": sid,
            "NumMedia": "0",
            "ProfileName": "Ana",
            "MessageType": "text",
            "SmsSid": sid,
            "WaId": sender[1:],
            "SmsStatus": "received",
            "Body": body,
            "To": f"whatsapp:{number}",
            "NumSegments": "1",
            "ReferralNumMedia": "0",
            "MessageSid": sid,
            "AccountSid": ACCOUNT,
            "From": f"whatsapp:{sender}",
            "ApiVersion": "2010-04-01",
        },
    )


@dataclass
class Server:
    """One of the two, and what was measured of it."""

    name: str
    application: str
    workers: int = 1
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    rates: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    wrong: int = 0

    def _cpu_seconds(self) -> float:
        """Return the processor time of the workers, which hardly moves with the machine's load."""
        assert self.process is not None
        own = f"/proc/{self.process.pid}"
        workers = Path(f"{own}/task/{self.process.pid}/children").read_text().split()
        ticks = 0
        for pid in (self.process.pid, *workers):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def start(self) -> None:
        """Start uvicorn with so many workers and wait until it listens."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", self.application, "--host", "127.0.0.1"),
                *("--port", str(self.port), "--log-level", "warning", "--no-access-log"),
                *(("--workers", str(self.workers)) if self.workers > 1 else ()),
            ],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'bench'}", "PYTHONWARNINGS": "ignore"},
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise SystemExit(f"{self.name} does not start")

    def stop(self) -> None:
        """End the worker."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    def run(self, requests: Sequence[bytes], *, measured: bool = True) -> list[bytes]:
        """Send the requests over 16 connections; return the bodies of the answers."""
        started, busy = time.perf_counter(), self._cpu_seconds()
        answers = asyncio.run(_send_all(self.port, requests))
        took = time.perf_counter() - started
        if measured:
            self.cpu.append((self._cpu_seconds() - busy) * 1000 / len(requests))
            self.rates.append(len(requests) / took)
            self.times += [ms for _, ms, _ in answers]
            self.wrong += sum(status != 200 for status, _, _ in answers)
        return [body for _, _, body in answers]


async def _send_all(port: int, requests: Sequence[bytes]) -> list[tuple[int, float, bytes]]:
    answers: list[tuple[int, float, bytes]] = []
    waiting: Iterator[bytes] = iter(requests)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            body = await reader.readexactly(length)
            answers.append((int(head[9:12]), (time.perf_counter() - begun) * 1000, body))
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return answers


def report(what: str, floor: Server, ours: Server, aim: float) -> None:
    """Print both rates and the ratio, which is the figure."""
    for server in (floor, ours):
        print(
            f"{what} {server.name}: {statistics.median(server.rates):.0f} req/s "
            f"(rounds {', '.join(f'{rate:.0f}' for rate in server.rates)}), "
            f"p50 {percentile(server.times, 0.5):.1f} ms, p99 {percentile(server.times, 0.99):.1f} ms"
            + f", {statistics.median(server.cpu):.2f} CPU-ms a request"
            + (f", {server.wrong} answers were not 200" if server.wrong else "")
        )
    ratio = statistics.median(ours.rates) / statistics.median(floor.rates)
    print(f"{what}: {ratio:.3f} of the floor (aim {aim})")
