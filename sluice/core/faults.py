"""Where tests break us: around each effect, at three gates only (store, the rails' wire, webhook delivery). FAULTS, "Tools".

`SLUICE_FAULTS` names what happens, for real processes: `list:FILE` writes every effect's name to FILE;
`before:NAME:FILE`, `after:NAME:FILE`: SIGKILL, the first time that effect comes (FILE is made first, so it happens once, and
says that it did); `stop-before`, `stop-after`: SIGSTOP instead, so that it sleeps there (F13); `lost:NAME:FILE`: the effect
happens and its answer is lost.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
ENDS = {
    "before": signal.SIGKILL,
    "after": signal.SIGKILL,
    "stop-before": signal.SIGSTOP,
    "stop-after": signal.SIGSTOP,
}
Hook = Callable[[str, Callable[[], Awaitable[object]]], Awaitable[object]]


class AnswerLost(ConnectionError):
    """The effect may have happened; nobody heard of it."""


async def effect(name: str, do: Callable[[], Awaitable[T]]) -> T:
    """Does it. Off, this costs one comparison."""
    if hook is None:
        return await do()
    return await hook(name, do)  # type: ignore[return-value]


def from_environment(text: str | None) -> Hook | None:
    if not text:
        return None
    kind, _, rest = text.partition(":")
    if kind == "list":
        return lister(rest)
    name, _, mark = rest.rpartition(":")
    return breaker(kind, name, mark)


def lister(file: str) -> Hook:
    async def listed(name: str, do: Callable[[], Awaitable[object]]) -> object:
        note(file, name)
        return await do()

    return listed


def note(file: str, name: str) -> None:
    with open(file, "a") as names:
        names.write(name + "\n")


def breaker(kind: str, wanted: str, mark: str) -> Hook:
    async def broken(name: str, do: Callable[[], Awaitable[object]]) -> object:
        if name != wanted or not first(mark):
            return await do()
        if kind.endswith("before"):
            os.kill(os.getpid(), ENDS[kind])
        done = await do()
        if kind == "lost":
            raise AnswerLost(name)
        if kind.endswith("after"):
            os.kill(os.getpid(), ENDS[kind])
        return done

    return broken


def first(mark: str) -> bool:
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


hook: Hook | None = from_environment(os.environ.get("SLUICE_FAULTS"))
