"""`./dev soak [--minutes 20]`: a steady load on `sluice up`, and whether memory stays flat and no row gets stuck.

A line a minute: calls, the slowest answer, megabytes of each process, rows that must not gather. At the end all comes to rest,
the books are verified, and a verdict is printed; exit code 1 if it is not kept. The bank is a simulator that keeps its whole
book in memory, and PostgreSQL fills its cache: both are shown and not judged.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import linear_regression
from typing import Any, NamedTuple

import asyncpg
import psutil

from bench.soaking import Mix
from bench.starting import memory, started
from sluice.books.verify.proof import verify
from sluice.payments.proofs import EVERY
from sluice.store.database import connect
from sluice.store.postgres import Postgres
from tests.load.dead_receivers import Receivers
from tests.load.swarm import Client, eventually

LEFT_OVER = 120  # seconds after which a row that still waits is stuck
ROWS = {
    "outbox": "select count(*) from outbox",
    "stuck instructions": f"""select count(*) from instructions
        where state <> 'closed' and created < extract(epoch from clock_timestamp()) - {LEFT_OVER}""",
    "stuck keys": f"""select count(*) from idempotency
        where status is null and created < extract(epoch from clock_timestamp()) - {LEFT_OVER}""",
    "late deliveries": f"""select count(*) from deliveries d join webhook_endpoints w on w.scope = d.scope and w.id = d.endpoint
        where w.url like '%/well/%' and d.due < (extract(epoch from clock_timestamp()) - {LEFT_OVER}) * 1000000""",
    "connections": "select count(*) from pg_stat_activity where backend_type = 'client backend'",
}
OPEN = "select (select count(*) from outbox) + (select count(*) from instructions where state <> 'closed')"
MUST_BE_NONE = ("stuck instructions", "stuck keys", "late deliveries")
JUDGED, GROWTH = ("api", "worker", "up"), 5.0  # megabytes that each may gain from a quarter of the time to its end
JUDGED_FROM = 300.0  # seconds: a shorter run shows no slope
CONNECTIONS = 40
REST = 180.0  # seconds for everything to come to its end
RECEIVERS = ("well", "well", "hang", "reset", "drip")


class Sample(NamedTuple):
    at: float
    calls: Counter[int]
    slowest: float
    megabytes: dict[str, float]
    rows: dict[str, int]

    def line(self) -> str:
        calls = ", ".join(f"{count}×{status or 'none'}" for status, count in sorted(self.calls.items()))
        held = "  ".join(f"{name} {size:.1f}" for name, size in self.megabytes.items())
        rows = "  ".join(f"{name} {count}" for name, count in self.rows.items())
        return f"{self.at / 60:5.1f} min  {calls}; slowest {self.slowest:.2f} s  |  MB: {held}  |  {rows}"


def main() -> None:
    asked = arguments()
    seconds = asked.seconds or asked.minutes * 60
    os.environ["SLUICE_WEBHOOK_PAUSES"] = "2,10,60"
    with tempfile.TemporaryDirectory(prefix="sluice-soak-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the embedded server may run as another user
        with started(folder) as (up, _), Receivers() as receivers:
            faults = asyncio.run(soak(folder, up, receivers, asked, seconds))
    say("kept: memory is flat, nothing is stuck, the books agree" if not faults else "NOT KEPT: " + "; ".join(faults))
    sys.exit(1 if faults else 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, help="instead of minutes")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--pace", type=float, default=8.0, help="calls a second, of all clients together")
    return parser.parse_args()


async def soak(folder: Path, up: psutil.Process, receivers: Receivers, asked: argparse.Namespace, seconds: float) -> list[str]:
    """The faults, in words; none is what we want."""
    facts = read_facts(folder)
    server = Postgres(folder / "up").start()
    database = await asyncpg.connect(server)
    mix = Mix(facts["url"], facts["secret_key"], asked.clients, asked.pace)
    await endpoints(facts, receivers)
    began, samples = time.monotonic(), list[Sample]()
    load = asyncio.create_task(mix.run())
    every = min(60.0, seconds / 4)
    while time.monotonic() - began < seconds:
        await asyncio.sleep(min(every, max(0.0, seconds - (time.monotonic() - began))))
        samples.append(await sample(time.monotonic() - began, mix, up, database))
        say(samples[-1].line())
    mix.stopped = True
    await load
    rested = await at_rest(database)
    faults = [*judged(samples, seconds), *rested, *await proved(server, facts["account"])]
    await database.close()
    return faults


def read_facts(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "ready.json").read_text())
    return facts


async def endpoints(facts: dict[str, Any], receivers: Receivers) -> None:
    client = Client(facts["url"], facts["secret_key"])
    for number, kind in enumerate(RECEIVERS):
        given = {"url": f"{receivers.url}/{kind}/{number}", "enabled_events[0]": "*"}
        assert (await client("POST", "/v1/webhook_endpoints", given)).status == 200
    await client.close()


async def sample(at: float, mix: Mix, up: psutil.Process, database: Any) -> Sample:
    calls, slowest = mix.take()
    rows = {name: int(await database.fetchval(sql)) for name, sql in ROWS.items()}
    return Sample(at, calls, slowest, dict(memory(up)), rows)


def judged(samples: list[Sample], seconds: float) -> list[str]:
    faults = [f"{name}: {each.rows[name]} at {each.at:.0f} s" for each in samples for name in MUST_BE_NONE if each.rows[name]]
    faults += [f"{each.rows['connections']} connections" for each in samples if each.rows["connections"] > CONNECTIONS]
    for each in samples:
        bad = {status: count for status, count in each.calls.items() if status not in (200, 400, 402, 409, 429, 503)}
        faults += [f"{count} answers {status or 'broken off'}" for status, count in bad.items()]
    if seconds >= JUDGED_FROM:
        later = samples[len(samples) // 4 :]
        for name in JUDGED:
            slope, _ = linear_regression([each.at for each in later], [each.megabytes[name] for each in later])
            gained = slope * (later[-1].at - later[0].at)
            say(f"{name}: {gained:+.1f} MB in {(later[-1].at - later[0].at) / 60:.0f} minutes")
            if gained > GROWTH:
                faults.append(f"{name} gained {gained:.1f} MB")
    return faults


async def at_rest(database: Any) -> list[str]:
    """Once nobody calls any more, nothing stays open; deliveries to the dead may."""

    async def nothing_open() -> bool:
        return not await database.fetchval(OPEN)

    with contextlib.suppress(TimeoutError):
        await eventually(nothing_open, REST)
        return []
    return [f"{await database.fetchval(OPEN)} rows do not come to rest"]


async def proved(server: str, account: str) -> list[str]:
    """`sluice ledger verify`'s proof."""
    database = await connect(server)
    proof = await verify(database, EVERY, account, lambda *_: None)
    await database.close()
    return [str(proof.lie)] if proof.lie else []


def say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main()
