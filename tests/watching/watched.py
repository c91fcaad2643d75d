"""A gateway whose processes are watched as an operator would: scraped, and asked whether a rule of ours holds."""

import asyncio
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import asyncpg

from sluice.core.secrets import Secret
from tests.faults_proxy import BEFORE, PASS, Proxy
from tests.harness import Gateway
from tests.harness.processes import until
from tests.watching.promql import Scrape, Series, Vector, holds, series
from tests.watching.rules import RULES

ROLES = ("api", "worker")
PATIENCE = 1.0  # seconds for a scrape


class Watched(Gateway):
    """Its inner ports are sockets of ours, so that their addresses outlive the processes; its database can be cut off."""

    def __init__(self, server: Secret, folder: Path, **env: str) -> None:
        self.inner = {role: socket.create_server(("127.0.0.1", 0)) for role in ROLES}
        self.cable = Cable()
        super().__init__(server, folder, **env)

    def begin(self) -> None:
        self.direct, self.dsn = self.dsn, self.cable.plug(self.dsn)
        super().begin()
        self.dsn = self.direct  # a test's own way does not go through the cable

    def stop(self) -> None:
        super().stop()
        self.cable.pull()
        for listener in self.inner.values():
            listener.close()

    def spawn(self, name: str, command: list[str], env: Mapping[str, str] | None = None, files: tuple[int, ...] = ()) -> None:
        if name in ROLES:
            number = self.inner[name].fileno()
            env, files = {**(env or {}), "SLUICE_INNER_LISTENER": str(number)}, (*files, number)
        super().spawn(name, command, env, files)

    def restart(self, role: str, **env: str) -> None:
        self.processes[role].stop()
        before, self.env = self.env, self.env | env
        self.start_api() if role == "api" else self.start_worker()
        self.env = before
        until(lambda: self.get(role, "/readyz")[0] == 200, self)

    def get(self, role: str, path: str) -> tuple[int, bytes]:
        """Status and body; 0: no answer."""
        host, port = self.inner[role].getsockname()[:2]
        try:
            with urlopen(f"http://{host}:{port}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except HTTPError as answer:
            return answer.code, answer.read()
        except OSError:
            return 0, b""

    def scrape(self) -> Scrape:
        """Both processes, as Prometheus would have them: with `up`, which says whether one answered."""
        found: Series = {}
        at = time.time()
        for role in ROLES:
            labels = {"job": "sluice", "instance": role}
            status, body = self.get(role, "/metrics")
            found[("up", frozenset(labels.items()))] = float(status == 200)
            found |= series(body.decode(), **labels)
        return Scrape(at, found)

    def value(self, name: str, **labels: str) -> float:
        """The greatest of the series that bear these labels, in any process; 0 for none."""
        every = self.scrape().series.items()
        return max((value for (each, have), value in every if each == name and labels.items() <= set(have)), default=0.0)

    def finds(self, alert: str, since: list[Scrape], later: float = 0.0) -> Vector:
        """What the alert's rule finds now, over this scrape and those before; `later`: seconds that have passed since."""
        scrapes = [*since, self.scrape()]
        return holds(RULES[alert].expression, scrapes, scrapes[-1].at + later)

    def sql(self, sql: str, *args: Any) -> Any:
        """As the owner, who may do what the program may not."""

        async def do() -> Any:
            connection = await asyncpg.connect(self.direct, server_settings={"default_transaction_read_only": "off"})
            try:
                return await connection.fetch(sql, *args)
            finally:
                await connection.close()

        return self.run(do())


class Cable:
    """Between the gateway and its database; may be cut, and mended. In a thread, since the gateway's processes are real."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def plug(self, dsn: str) -> str:
        """The DSN of this end."""
        far = urlsplit(dsn)
        query = {name: values[0] for name, values in parse_qs(far.query).items()}
        self.proxy = Proxy(lambda: asyncio.open_unix_connection(f"{query['host']}/.s.PGSQL.{query['port']}"))
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.proxy.__aenter__(), self.loop).result()
        return Secret(far._replace(netloc=f"{far.netloc.rpartition('@')[0]}@127.0.0.1:{self.proxy.port}", query="").geturl())

    def cut(self) -> None:
        self.proxy.judge = lambda packet: BEFORE

    def mend(self) -> None:
        self.proxy.judge = lambda packet: PASS

    def pull(self) -> None:
        asyncio.run_coroutine_threadsafe(self.proxy.__aexit__(None), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
