"""The inner port of a process: /metrics, /healthz and /readyz, for the machine that watches it. Never for the world."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from socket import socket
from typing import Any

import structlog
import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

log = structlog.get_logger()
Page = tuple[int, str, bytes]  # status, content type, body
Reasons = Callable[[], Mapping[str, str | None]]  # check -> why it fails, None when it holds


class Server(uvicorn.Server):
    """Signals are the command line's to take."""

    def capture_signals(self) -> Any:
        return nullcontext()


@asynccontextmanager
async def inner_port(listener: socket, registries: Iterable[CollectorRegistry], reasons: Reasons) -> AsyncIterator[None]:
    """Serves while the block runs, to its very end, so that what drains can be watched."""
    pages: dict[str, Callable[[], Page]] = {
        "/metrics": lambda: (200, CONTENT_TYPE_LATEST, b"".join(map(generate_latest, registries))),
        "/healthz": lambda: (200, "text/plain", b"ok\n"),  # the event loop answers: no more is asked
        "/readyz": lambda: readiness(reasons()),
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        status, kind, body = pages.get(scope["path"], lambda: missing(pages))()
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", loop="none", ws="none", server_header=False,
        limit_concurrency=64, timeout_keep_alive=75, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    host, port = listener.getsockname()[:2]
    log.info("watched at", url=f"http://{host}:{port}/metrics")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def readiness(reasons: Mapping[str, str | None]) -> Page:
    """503 as soon as one check fails; each with its reason."""
    ready = not any(reasons.values())
    body = {"ready": ready, "checks": {check: why or "ok" for check, why in reasons.items()}}
    return 200 if ready else 503, "application/json", json.dumps(body, indent=2).encode() + b"\n"


def missing(pages: Iterable[str]) -> Page:
    return 404, "text/plain", f"here are {', '.join(pages)}\n".encode()
