"""The sandbox's bank seen from its own side: what it booked, and weather on order. Through the bank's test door."""

import json
import socket
from typing import Any


class Bank:
    def __init__(self, port: int) -> None:
        self.port = port

    def there(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True

    def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as line:
            line.sendall(json.dumps({"id": 1, "verb": verb, **fields}).encode() + b"\n")
            said: dict[str, Any] = json.loads(line.makefile().readline())["said"]
        return said

    def order(self, verb: str, weather: str, times: int = 1) -> None:
        """The next messages of that verb fare like that, whoever sends them: only on a gateway that is one's own."""
        assert self.ask("weather", on=verb, weather=weather, times=times)["word"] == "done"

    def booked(self, reference: str = "") -> list[dict[str, Any]]:
        """The book's records, of one reference or all."""
        records: list[dict[str, Any]] = self.ask("book", reference=reference).get("records", [])
        return records
