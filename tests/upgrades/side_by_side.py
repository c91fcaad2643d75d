"""Two programs on one database: the last release's API and worker, and beside them HEAD's. One bank serves both."""

import json
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

import requests

from sluice.core.secrets import Secret
from sluice.store.database import connect
from tests.harness import Gateway, Shop
from tests.harness.processes import until
from tests.harness.wire import Checked
from tests.postgres import new_database
from tests.upgrades.release import Release, said, sluice

AGAIN = (409, 429, 503)
BREATH = 0.03  # seconds: the load is bounded however long the test takes
PAY = {
    "amount": "2000", "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true",
    "automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never",
}  # fmt: skip


class TwoVersions(Gateway):
    """At first the release alone, on its own schema. `url` is its API's; `new_url` HEAD's, once that was started."""

    def __init__(self, server: Secret, folder: Path, release: Release) -> None:
        super().__init__(server, folder, SLUICE_RAIL_SECONDS="1")
        self.release = release

    def __enter__(self) -> "TwoVersions":
        with ExitStack() as opened:
            opened.callback(self.runner.close)
            holder = new_database(self.server)
            self.dsn = self.run(holder.__aenter__())
            opened.callback(lambda: self.run(holder.__aexit__(None, None, None)))
            said(self.old("migrate"))
            opened.callback(self.stop)
            self.begin()
            self.database = self.run(connect(self.dsn, lanes=1, readers=2))
            opened.callback(lambda: self.run(self.database.close()))
            self.close = opened.pop_all().close
        return self

    def old(self, *words: str, **env: str) -> Any:
        return sluice(self.release, *words, data=self.folder, DATABASE_URL=str(self.dsn), **env)

    def new(self, *words: str, **env: str) -> Any:
        return sluice(Release(Path(__file__).parents[2]), *words, data=self.folder, DATABASE_URL=str(self.dsn), **env)

    def start_api(self) -> None:
        self.start("api", self.listener, self.release.env)

    def start_worker(self, **env: str) -> None:
        self.spawn("worker", ["-m", "sluice.cli.main", "worker"], self.release.env | env)

    def start_new(self) -> None:
        """HEAD's API and worker, beside what runs."""
        self.new_listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self.new_url = f"http://127.0.0.1:{self.new_listener.getsockname()[1]}"
        self.start("new api", self.new_listener, {})
        self.spawn("new worker", ["-m", "sluice.cli.main", "worker"])
        until(lambda: answers(self.new_url), self)

    def start(self, name: str, listener: socket.socket, env: Mapping[str, str]) -> None:
        number = listener.fileno()
        self.spawn(name, ["-m", "sluice.cli.main", "api"], {"SLUICE_LISTENER": str(number)} | dict(env), (number,))


def answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return bool(requests.get(url, timeout=2).status_code)
    return False


class OldShop(Shop):
    """A shop that the release made, before HEAD knew the database."""

    def __init__(self, gateway: TwoVersions) -> None:
        self.gateway, self.transport = gateway, Checked()
        self.account = said(gateway.old("merchants", "add", "A shop of before"))
        self.secret = said(gateway.old("keys", "create", "--merchant", self.account))
        scopes = gateway.fetch("select scope, livemode from scopes where merchant = $1", self.account)
        self.scope = next(row["scope"] for row in scopes if not row["livemode"])


class Payer(threading.Thread):
    """Pays and refunds at one API, one call after the other with a breath between, until told; asks again as SDKs do."""

    def __init__(self, url: str, key: str, name: str) -> None:
        super().__init__(daemon=True)
        self.url, self.key, self.name, self.enough = url, key, name, threading.Event()
        self.intents: list[dict[str, Any]] = []
        self.refused: list[str] = []

    def run(self) -> None:
        with requests.Session() as self.session:
            for number in count():
                if self.enough.wait(BREATH):
                    return
                paid = self.post("/v1/payment_intents", PAY, f"pay {number}")
                self.intents.append(paid)
                if number % 3 == 2 and paid.get("status") == "succeeded":
                    self.post("/v1/refunds", {"payment_intent": paid["id"], "amount": "500"}, f"refund {number}")

    def post(self, path: str, params: Mapping[str, str], key: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": f"{self.name} {key}"}
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            with suppress(requests.ConnectionError):
                said = self.session.post(self.url + path, data=params, headers=headers, timeout=30)
                if said.status_code not in AGAIN:
                    if said.status_code != 200:
                        self.refused.append(said.json()["error"]["code"])
                    return dict(json.loads(said.content))
            time.sleep(0.05)
        raise AssertionError(f"{path} was not answered")

    def paid(self, count: int) -> bool:
        return len(self.intents) >= count

    def stop(self) -> None:
        self.enough.set()
        self.join(90)
