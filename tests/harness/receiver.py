"""A shop's webhook endpoint on loopback: keeps what arrives, answers as it is told."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.harness.processes import until


class Delivery(NamedTuple):
    """One POST: where, which headers, the raw body."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A context manager. `answers` gives the status for a delivery; 200 unless told otherwise."""

    def __init__(self, answers: Callable[[Delivery], int] = lambda _: 200) -> None:
        self.answers = answers
        self.deliveries: list[Delivery] = []

    def __enter__(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                delivery = Delivery(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                receiver.deliveries.append(delivery)
                self.send_response(receiver.answers(delivery))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def wait_for(self, count: int, seconds: float = 30.0) -> list[Delivery]:
        until(lambda: len(self.deliveries) >= count, seconds=seconds)
        return self.deliveries[:count]
