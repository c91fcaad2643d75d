"""The ground of a run: an embedded server, a gateway's processes, a shop and a desk, of its own and on loopback."""

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import psutil

from sluice.core.settings import Settings, read_settings
from sluice.payments.desk import Desk
from sluice.payments.opening import open_desk
from tests.harness import Gateway, Shop
from tests.postgres import shared_server

T = TypeVar("T")
ROOM = {"max_connections": "200"}  # pgbench takes one for each client
PLAIN = {"SLUICE_STRICT": "0", "SLUICE_RAIL_SECONDS": "10"}  # as an operator runs it, not as a test does


class Ground:
    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway, self.folder, self.dsn = gateway, folder, gateway.dsn
        self.shop = Shop(gateway)
        self.secret = self.shop.secret
        self.intents = f"{gateway.url}/v1/payment_intents"
        self.desk: Desk = self.run(open_desk(self.settings()))

    @property
    def api(self) -> psutil.Process:
        return psutil.Process(self.gateway.processes["api"].child.pid)

    def settings(self) -> Settings:
        return replace(read_settings(data=self.folder, database_url=str(self.dsn)), bank=self.gateway.env["SLUICE_BANK"])

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.gateway.run(work)

    def close(self) -> None:
        for rail in self.desk.rails.values():
            self.run(rail.close())
        self.run(self.desk.database.close())


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Without the worker: what it does for one run's payments would be the next run's noise."""
    with shared_server(f"bench-{folder.name}", ROOM) as server, Gateway(server, folder, **PLAIN) as gateway:
        gateway.processes["worker"].stop()
        stands = Ground(gateway, folder)
        try:
            yield stands
        finally:
            stands.close()
