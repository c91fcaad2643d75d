"""A wire tap before the bank: passes everything on, and keeps what was said to it."""

import json
import socket
import threading
from contextlib import suppress

PACKET = 1 << 16


class Tap:
    """On a free port of loopback, in threads of its own; a context manager."""

    def __init__(self, port: int) -> None:
        self.bank, self.heard = port, bytearray()

    def __enter__(self) -> "Tap":
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.bank))
                threading.Thread(target=self.pour, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self.pour, args=(far, near, False), daemon=True).start()

    def pour(self, source: socket.socket, into: socket.socket, keep: bool) -> None:
        with suppress(OSError):
            while packet := source.recv(PACKET):
                if keep:
                    self.heard += packet
                into.sendall(packet)
        with suppress(OSError):
            into.shutdown(socket.SHUT_WR)

    def verbs(self) -> list[str]:
        """What was asked of the bank, in order."""
        return [json.loads(line)["verb"] for line in bytes(self.heard).splitlines()]
