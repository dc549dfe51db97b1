"""A provider's file server for tests: what it answers under each path is said by the test; it notes who asked."""

import contextlib
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


class MediaServer:
    """Use as a context manager; `base` is its origin, `asked` are (path, Authorization) in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.sent = 0
        self.half_sent = threading.Event()
        self._answers: dict[str, Answer] = {}
        self._stopping = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Authorization")))
                self.close_connection = True
                with contextlib.suppress(OSError):  # the caller had enough
                    outer._answers.get(self.path, status(404))(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> "MediaServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def base(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def at(self, path: str, answer: Answer) -> str:
        """Answer so under this path from now on; return the URL."""
        self._answers[path] = answer
        return self.base + path

    def endless(self, *, length: int | None = None) -> Answer:
        """Send without an end, whatever length is claimed."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.send_header("Content-Type", "image/png")
            if length is not None:
                request.send_header("Content-Length", str(length))
            request.end_headers()
            while not self._stopping.is_set():
                request.wfile.write(b"\x89PNG\r\n\x1a\n" * 8192)
                self.sent += 65536

        return answer

    def half(self, data: bytes, content_type: str = "application/octet-stream") -> Answer:
        """Send half of a file, say so by `half_sent`, and hold the rest back for ever."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            file(data, content_type, cut=len(data) // 2)(request)
            request.wfile.flush()
            self.half_sent.set()
            self._stopping.wait()

        return answer

    def drip(self, *, head: bool = False) -> Answer:
        """Send a byte now and then, in the head or in the body."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            if head:
                request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            else:
                request.send_response(200)
                request.end_headers()
            while not self._stopping.is_set():
                request.wfile.write(b"a")
                request.wfile.flush()
                time.sleep(0.05)

        return answer


def file(data: bytes, content_type: str = "application/octet-stream", *, cut: int | None = None) -> Answer:
    """Send a file; `cut` ends it after so many bytes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data[:cut])

    return answer


def status(code: int) -> Answer:
    """Answer with nothing but a status."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def redirect(to: str, code: int = 302) -> Answer:
    """Lead on to another address."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.send_header("Location", to)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def garbage(request: BaseHTTPRequestHandler) -> None:
    """Answer what is no HTTP."""
    request.wfile.write(b"\x00\xff nothing of the kind\r\n\r\n")
