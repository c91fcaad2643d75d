"""Group commit when the database does not answer, refuses for a moment, or answers strangely: nobody is told what is not so."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from sluice.core import faults, limits
from sluice.core.errors import Unavailable
from sluice.core.ids import new_id
from sluice.store import group_commit
from sluice.store.commits import MARK
from sluice.store.database import Database, connect
from sluice.store.facts import Claim, Fact
from sluice.store.group_commit import Committer
from tests.faults_proxy import AFTER, BEFORE, PASS, Proxy

pytest_plugins = ["tests.unit.vault_database"]
MEMBERS = 16


@pytest.fixture
async def proxy(db_dsn: str) -> AsyncIterator[Proxy]:
    """Between us and PostgreSQL's socket."""
    where = {name: values[0] for name, values in parse_qs(urlsplit(db_dsn).query).items()}
    path = f"{where['host']}/.s.PGSQL.{where.get('port', 5432)}"
    async with Proxy(lambda: asyncio.open_unix_connection(path)) as running:
        yield running


@pytest.fixture
async def far(proxy: Proxy, db_dsn: str) -> AsyncIterator[Database]:
    """The database, through the proxy."""
    parts = urlsplit(db_dsn)
    login = parts.netloc.rpartition("@")[0]
    dsn = parts._replace(netloc=f"{login}@127.0.0.1:{proxy.port}", query="sslmode=disable").geturl()
    database = await connect(dsn, readers=1)
    yield database
    await database.close()


def claiming(key: str) -> Fact:
    return Fact("test", 1, new_id("fact_"), Claim(key, b"f", f"token of {key}", "req_1", 1))


class OnceAt:
    """The first packet that bears `mark` meets `verdict`; everything else passes."""

    def __init__(self, mark: str, verdict: str) -> None:
        self.mark, self.verdict, self.met = mark.encode(), verdict, 0

    def __call__(self, packet: bytes) -> str:
        if self.mark in packet:
            self.met += 1
            return self.verdict if self.met == 1 else PASS
        return PASS


@pytest.mark.shows("F29", "F59")
@pytest.mark.parametrize("cut", [BEFORE, AFTER])
async def test_a_connection_lost_at_commit(far: Database, proxy: Proxy, cut: str):
    """Unknown for every member: each is executed again alone; its key's token tells mine from somebody else's."""
    proxy.judge = once = OnceAt("token of k3", cut)
    wrote = await asyncio.gather(*(far.write(claiming(f"k{n}")) for n in range(MEMBERS)))
    assert once.met > 1, "it was not sent again"
    for n in range(MEMBERS):
        kept, _ = await far.load(1, f"k{n}", ())
        assert kept
        assert kept.token == f"token of k{n}"
    assert wrote[3] == (cut == BEFORE), "what had been written conflicts with itself"


@pytest.mark.shows("F29")
async def test_an_answer_that_is_lost_is_not_believed_to_be_no(db: Database, monkeypatch: pytest.MonkeyPatch):
    """core.faults: the commit is done, nobody hears of it."""

    async def lost(name: str, do: Any) -> None:
        monkeypatch.setattr(faults, "hook", None)
        await do()
        raise faults.AnswerLost(name)

    monkeypatch.setattr(faults, "hook", lost)
    assert await db.write(claiming("k1")) is False
    kept, _ = await db.load(1, "k1", ())
    assert kept
    assert kept.token == "token of k1"


class Lane:
    """A connection that answers as the script says: an exception, a warning, or rows made by a function of the jobs' values."""

    def __init__(self, script: deque[Any], marked: list[str]) -> None:
        self.script, self.marked = script, marked
        self.listeners: set[Any] = set()

    def add_log_listener(self, listener: Any) -> None:
        self.listeners.add(listener)

    def remove_log_listener(self, listener: Any) -> None:
        self.listeners.discard(listener)

    async def fetchmany(self, sql: str, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        answer = self.script.popleft() if self.script else right
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            for listener in self.listeners:
                listener(self, Warned(answer))
            answer = right
        said: list[dict[str, Any]] = answer(rows)
        return said

    async def execute(self, sql: str) -> None:
        self.marked.append(sql)

    def terminate(self) -> None:
        """Is never used again."""


class Warned:
    def __init__(self, message: str) -> None:
        self.severity_en, self.message = "WARNING", message


class Pool:
    """As asyncpg's. `open` holds the connections back until it is set."""

    def __init__(self, *script: Any, size: int = 2) -> None:
        self.script, self.size, self.open, self.taken = deque(script), size, asyncio.Event(), 0
        self.open.set()
        self.marked: list[str] = []  # statements beside the facts

    def get_max_size(self) -> int:
        return self.size

    async def acquire(self) -> Lane:
        await self.open.wait()
        self.taken += 1
        if self.script and isinstance(self.script[0], OSError):
            raise self.script.popleft()
        return Lane(self.script, self.marked)

    async def release(self, lane: Lane) -> None:
        """Nothing to keep."""


def right(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """What PostgreSQL answers: who wins is told by the value."""
    return [{"job": job, "fact": fact, "ok": ok} for _, job, fact, ok in rows]


def shuffled(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return right(rows)[::-1]


def shifted(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Each job is handed its neighbour's row."""
    said = right(rows)
    return [said[n - 1] | {"job": row["job"]} for n, row in enumerate(said)]


def put(committer: Committer, n: int, *, must: bool = False) -> "asyncio.Future[bool]":
    return committer.write("sql", [1, f"fact_{n}", n % 2 == 0], name="test", payment=str(n), must=must)


@pytest.mark.shows("F59")
async def test_rows_in_any_order_reach_their_own_callers():
    """Each job bears a number and its row names it."""
    committer = Committer(Pool(shuffled, shuffled), Pool())
    assert await asyncio.gather(*(put(committer, n) for n in range(8))) == [True, False] * 4


@pytest.mark.shows("F59")
async def test_no_statement_can_hand_a_row_to_another_job():
    """A row that names another fact answers nobody: that is our defect, and each caller hears so."""
    committer = Committer(Pool(shifted, size=1), Pool())
    answers = await asyncio.gather(*(put(committer, n) for n in range(8)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {AssertionError}


@pytest.mark.shows("F33")
@pytest.mark.parametrize("error", [asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.QueryCanceledError])
async def test_what_stood_in_the_way_is_tried_again_alone(error: type[Exception]):
    """Only the transaction repeats, never what led to it."""
    beside = Pool()
    assert await put(Committer(Pool(error("for a moment")), beside), 0, must=True)
    assert beside.taken == 1


@pytest.mark.shows("F35")
async def test_a_full_disk_refuses_all_but_what_must_be_written():
    """One statement for the whole group; only what ends an instruction is tried again, alone."""
    full, beside = asyncpg.DiskFullError("no room"), Pool()
    lanes = Pool(full, size=1)
    committer = Committer(lanes, beside)
    jobs = [put(committer, 0), put(committer, 2, must=True), put(committer, 4)]
    assert await asyncio.gather(*jobs, return_exceptions=True) == [full, True, full]
    assert (lanes.taken, beside.taken) == (1, 1)


@pytest.mark.shows("F30")
async def test_a_commit_with_a_warning_is_unknown():
    """It is here, perhaps not on the standby: executed again, not acknowledged."""
    beside = Pool()
    assert await put(Committer(Pool("canceling wait for synchronous replication due to user request"), beside), 0)
    assert beside.taken == 1
    assert beside.marked == [MARK], "what it may have found was not proven to be on the standby"


async def test_a_database_that_stays_away_is_told_to_each_and_hangs_none(monkeypatch: pytest.MonkeyPatch):
    """PERFORMANCE 9.3: nobody hangs; ConnectionError says that nobody knows."""
    monkeypatch.setattr(group_commit, "AGAIN_SECONDS", (0.0, 0.0))
    away = [OSError("away")] * 40
    committer = Committer(Pool(*away), Pool(*away))
    answers = await asyncio.gather(*(put(committer, n) for n in range(8)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {ConnectionError}


@pytest.mark.shows("F34")
async def test_a_full_queue_refuses_before_anything_is_written(monkeypatch: pytest.MonkeyPatch):
    """503 before open; what ends an instruction is always taken."""
    monkeypatch.setattr(limits, "QUEUE_MOST", 4)
    pool = Pool()
    pool.open.clear()
    committer = Committer(pool, Pool())
    waiting = [put(committer, n * 2) for n in range(4)]
    with pytest.raises(Unavailable):
        put(committer, 8)
    ending = put(committer, 10, must=True)
    pool.open.set()
    assert all(await asyncio.gather(*waiting, ending))


@pytest.mark.shows("F34", "F59")
async def test_who_waited_too_long_is_refused_and_so_is_who_comes(monkeypatch: pytest.MonkeyPatch):
    """Each member keeps its own deadline: while every lane hangs nothing new is taken, and what has not begun never begins."""
    pool, time = Pool(), Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", time, raising=False)
    pool.open.clear()
    committer = Committer(pool, Pool())
    taken = [put(committer, 0), put(committer, 2)]
    await asyncio.sleep(0)
    waiting, ending = put(committer, 4), put(committer, 6, must=True)
    time.ahead = limits.QUEUE_SECONDS + 1
    with pytest.raises(Unavailable):
        put(committer, 8)
    pool.open.set()
    with pytest.raises(Unavailable):
        await waiting
    assert all(await asyncio.gather(*taken, ending))


class Clock:
    """The loop's, moved ahead at will."""

    def __init__(self) -> None:
        self.real, self.ahead = asyncio.get_running_loop().time, 0.0

    def __call__(self) -> float:
        return self.real() + self.ahead
