"""The way from a client to the API and back: the real ASGI app, no socket. Requests and answers are lost, cut, late, twice."""

import asyncio
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from simulation.nodes import Api
from simulation.stage import Stage

WAY, PATIENCE = 0.005, 14.0  # seconds each way, and until a client gives up
FATES = ("request lost", "answer lost", "cut", "twice", "late", "twice at once")
TOLD = {
    "request lost": "the request does not arrive",
    "answer lost": "its answer is lost",
    "cut": "its connection is cut at once",
    "twice": "the request arrives twice, a moment apart",
    "twice at once": "the request arrives twice at once",
    "late": "the request is long on its way",
}


class Answer(NamedTuple):
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Wire:
    def __init__(self, world: Stage) -> None:
        self.world, self.turn = world, 0

    async def call(self, method: str, path: str, params: dict[str, Any], headers: dict[str, str], name: str) -> list[Answer]:
        """What came back: one answer, or two of a doubled request. Raises ConnectionError and TimeoutError."""
        story = self.world.story
        fate, how = self.world.tape.pick("call", f"call {name}", FATES)
        if fate:
            story.odd(f"{TOLD[fate]} ({name})")
            story.seen[f"wire: {fate}"] += 1
        await asyncio.sleep(WAY + (how * 8 if fate == "late" else 0))
        if fate == "request lost":
            await asyncio.sleep(PATIENCE)
            raise TimeoutError
        first = self.start(method, path, params, headers, name)
        waits = [first]
        if fate.startswith("twice"):
            await asyncio.sleep(how if fate == "twice" else 0)
            waits.append(self.start(method, path, params, headers, name))
        if fate == "cut":
            raise ConnectionResetError
        done, _ = await asyncio.wait(waits, timeout=PATIENCE)
        for wait in waits:
            if wait.done() and wait.exception() is not None and len(waits) > 1:
                waits = [other for other in waits if other is not wait]
        await asyncio.sleep(WAY)
        if fate == "answer lost" or any(wait not in done for wait in waits):
            raise TimeoutError
        return [wait.result() for wait in waits]

    def start(
        self, method: str, path: str, params: dict[str, Any], headers: dict[str, str], name: str
    ) -> asyncio.Future[Answer]:
        """Hands the request to the next API process that is up; its task is that process's own."""
        answer: asyncio.Future[Answer] = self.world.loop.create_future()
        answer.add_done_callback(asyncio.Future.exception)  # a client that was cut off does not look
        up = [node for node in self.world.nodes if isinstance(node, Api) and node.up and node.alive]
        if not up:
            answer.set_exception(ConnectionRefusedError())
            return answer
        self.turn += 1
        node = up[self.turn % len(up)]
        node.watched.add(answer)
        node.spawn(self.serve(node, method, path, params, headers, answer), name)
        return answer

    async def serve(
        self,
        node: Api,
        method: str,
        path: str,
        params: dict[str, Any],
        headers: dict[str, str],
        answer: asyncio.Future[Answer],
    ) -> None:
        query = urlencode(params).encode()
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "client": ("127.0.0.1", 1),
            "query_string": b"" if method == "POST" else query,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        heard: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": query if method == "POST" else b"", "more_body": False}

        async def send(message: Any) -> None:
            heard.append(message)

        await node.app(scope, receive, send)
        node.watched.discard(answer)
        if not answer.done():
            answer.set_result(Answer(heard[0]["status"], heard[1]["body"]))
