"""N clients through a barrier: each with a connection of its own, all at the same moment."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tests.harness import Answer, Shop
from tests.harness.wire import Raw


class Post(NamedTuple):
    path: str
    params: Mapping[str, str] = {}
    key: str = ""


class Race:
    """`lanes` clients of a shop, whose connections are open before the first round. A context manager."""

    def __init__(self, shop: Shop, lanes: int) -> None:
        self.shop, self.lanes = shop, lanes
        self.barrier = threading.Barrier(lanes)
        self.pool = ThreadPoolExecutor(lanes)

    def __enter__(self) -> "Race":
        self.clients = [Raw(self.shop.gateway.url, self.shop.secret) for _ in range(self.lanes)]
        for client in self.clients:
            client("GET", "/v1/balance")
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def run(self, posts: Sequence[Post]) -> list[Answer]:
        """One post to a client, at once; the answers in their order."""
        return list(self.pool.map(self.one, self.clients, posts))

    def one(self, client: Raw, post: Post) -> Answer:
        self.barrier.wait(30)
        headers = {"Idempotency-Key": post.key} if post.key else {}
        return client("POST", post.path, post.params, headers=headers)
