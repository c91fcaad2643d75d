"""Calls over HTTP, as fast as the answers come: by wrk where it is installed, else by a client of ours in its own process."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench.figures import Sample, percentile
from bench.patterns import FRESH

SCRIPT = """
local n = 0
function init(words) who, key, body = words[1], words[2], words[3] end
function request()
  n = n + 1
  return wrk.format(nil, nil, {["Authorization"] = "Bearer " .. key, ["Idempotency-Key"] = who .. n,
    ["Content-Type"] = "application/x-www-form-urlencoded"}, body)
end
function done(summary, latency, requests)
  local e = summary.errors
  local bad = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('\\n{"rate": %f, "p50": %f, "p99": %f, "bad": %d, "all": %d}\\n',
    summary.requests * 1e6 / summary.duration, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    bad, summary.requests))
end
"""


def tool() -> str:
    return "wrk" if shutil.which("wrk") else "our own client"


def run(url: str, secret: str, body: bytes, clients: int, seconds: float, folder: Path, server: psutil.Process) -> Sample:
    """POST of `body` by so many connections, GET if it is empty; `server`'s CPU time is told for each call."""
    who, before = f"load-{next(FRESH)}-{time.time_ns()}-", sum(server.cpu_times()[:2])
    if shutil.which("wrk"):
        script = folder / "load.lua"
        script.write_text(SCRIPT)
        method = f'wrk.method = "{"POST" if body else "GET"}"\n'
        script.write_text(method + SCRIPT)
        words = [
            "wrk",
            "-t1",
            "--timeout",
            "30s",
            f"-c{clients}",
            f"-d{seconds:g}s",
            "-s",
            str(script),
            url,
            "--",
            who,
            secret,
            body.decode(),
        ]
    else:
        words = [sys.executable, "-m", "bench.load", url, secret, body.decode(), str(clients), str(seconds), who]
    told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    found = json.loads(told.strip().splitlines()[-1])
    assert not found["bad"], f"{found['bad']} of {found['all']} calls failed"
    used = (sum(server.cpu_times()[:2]) - before) * 1_000_000
    return Sample(found["rate"], found["p50"], found["p99"], used / max(1, found["all"]))


class Client(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again. The answers' bodies are of one length or announced."""

    def __init__(self, ask: Any, ends: float, spent: list[float], closed: "asyncio.Future[None]") -> None:
        self.ask, self.ends, self.spent, self.closed = ask, ends, spent, closed
        self.heard, self.bad = b"", 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.begin()

    def begin(self) -> None:
        self.began = time.perf_counter()
        if self.began >= self.ends:
            self.transport.close()
        else:
            self.transport.write(self.ask())

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, gap, rest = self.heard.partition(b"\r\n\r\n")
        if gap and len(rest) >= int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]):
            self.spent.append(time.perf_counter() - self.began)
            self.bad += not head.startswith(b"HTTP/1.1 200")
            self.heard = b""
            self.begin()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


def same(client: Client) -> Client:
    return client


async def call(url: str, secret: str, body: str, clients: int, seconds: float, who: str) -> dict[str, float]:
    at, loop = urlsplit(url), asyncio.get_running_loop()
    target = f"{at.path}?{at.query}" if at.query else at.path
    head = f"{'POST' if body else 'GET'} {target} HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {secret}\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"

    def ask() -> bytes:
        return f"{head}Idempotency-Key: {who}{next(FRESH)}\r\n\r\n{body}".encode()

    spent: list[float] = []
    began = time.perf_counter()
    closed = [loop.create_future() for _ in range(clients)]
    made = [Client(ask, began + seconds, spent, end) for end in closed]
    for client in made:
        await loop.create_connection(partial(same, client), at.hostname or "", at.port or 80)
    await asyncio.gather(*closed)
    took, bad = time.perf_counter() - began, sum(client.bad for client in made)
    middle, late = percentile(spent, 50) * 1_000, percentile(spent, 99) * 1_000
    return {"rate": len(spent) / took, "p50": middle, "p99": late, "bad": bad, "all": len(spent)}


if __name__ == "__main__":
    import uvloop

    url, secret, body, clients, seconds, who = sys.argv[1:]
    print(json.dumps(uvloop.run(call(url, secret, body, int(clients), float(seconds), who))))
