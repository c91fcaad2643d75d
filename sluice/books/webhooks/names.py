"""Looks names up in threads of their own: a name server that hangs holds one, and nobody else's (F47)."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from sluice.core.limits import DELIVERIES_AT_ONCE, DELIVERIES_PER_ENDPOINT


class Resolver(AbstractResolver):
    """As many names at once as deliveries; a thread is made when it is needed."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(DELIVERIES_AT_ONCE * DELIVERIES_PER_ENDPOINT, "names")

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Raises `OSError` for a name that leads nowhere."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self.threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        )
        return [
            ResolveResult(hostname=host, host=str(where[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST)
            for kind, _, proto, _, where in found
        ]

    async def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
