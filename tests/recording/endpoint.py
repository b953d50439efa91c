"""An operator's endpoint: a plain HTTP server in a thread, which takes what is forwarded to it, or does not."""

import contextlib
import email
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

WAIT_S = 20


class Delivery(NamedTuple):
    """One request as it came: its headers, and the two parts of its form."""

    path: str
    headers: dict[str, str]
    evaluation: Any
    archive: bytes
    filename: str


class Endpoint:
    """Answers `answers` one after the other, then 200; a request waits while `gate` is closed."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.host, self.port = address
        self.answers: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self._deliveries: queue.Queue[Delivery] = queue.Queue()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/recordings?from=tests"

    @property
    def is_idle(self) -> bool:
        """Whether there is no delivery that `next` has not given yet."""
        return self._deliveries.empty()

    def next(self) -> Delivery:
        """The next delivery; waits for it."""
        return self._deliveries.get(timeout=WAIT_S)

    def take(self, delivery: Delivery) -> int:
        """The status to answer."""
        self._deliveries.put(delivery)
        self.gate.wait(WAIT_S)
        return self.answers.pop(0) if self.answers else 200


@contextlib.contextmanager
def endpoint(port: int = 0) -> Iterator[Endpoint]:
    """An endpoint that listens until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = taker.take(parsed(self.path, dict(self.headers.items()), body))
            with contextlib.suppress(OSError):  # who sent it may be gone by now
                self.send_response(status)
                self.send_header("Location", f"http://{self.headers['Host']}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        taker = Endpoint(("127.0.0.1", server.server_port))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield taker
        finally:
            taker.gate.set()
            server.shutdown()
            thread.join()


def parsed(path: str, headers: dict[str, str], body: bytes) -> Delivery:
    """The parts of a form, read with the standard library's own parser for mail."""
    form = email.message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    assert form.get_content_type() == "multipart/form-data"
    inner = [part for part in form.walk() if part is not form]
    parts: dict[Any, Any] = {part.get_param("name", header="content-disposition"): part for part in inner}
    assert list(parts) == ["evaluation", "archive"]
    assert [part.get_content_type() for part in parts.values()] == ["application/json", "application/gzip"]
    evaluation = json.loads(parts["evaluation"].get_payload(decode=True))
    archive = parts["archive"]
    return Delivery(path, headers, evaluation, archive.get_payload(decode=True), archive.get_filename())
