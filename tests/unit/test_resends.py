"""Sending again by the API: what is written down, and what a worker makes of it (B-5.83)."""

import asyncio
from typing import Any

import pytest

from sluice.books.webhooks.resending import AGAIN, sweep
from sluice.core.clock import clock
from sluice.core.errors import Refused
from sluice.core.limits import RESEND_MOST
from sluice.merchants import resends
from sluice.merchants.endpoints import Endpoint
from sluice.rules.calls import Call
from sluice.store.reads import Rows
from tests.unit.webhooks_bench import Bench, Receiver

pytest_plugins = ["tests.unit.webhooks_fixtures"]
LEFT = "select count(*) from resends where scope = 1"


def call(id: str, **params: Any) -> Call:
    return Call(
        operation="", path="", scope=1, livemode=False, account="acct_1", at=clock.seconds(), request="req_1",
        vault=None, ids={"webhook_endpoint": id}, params=params,  # type: ignore[arg-type]
    )  # fmt: skip


async def asks(bench: Bench, endpoint: Endpoint, **params: Any) -> int:
    """As the path does it: found, judged, written; answers how many events."""
    asked = call(endpoint.id, **params)
    change = resends.create(asked, Rows(await resends.chosen(bench.db, asked), endpoint=endpoint)).change
    await bench.write(change)
    assert isinstance(change.shows, resends.Resent)
    return change.shows.events


async def left(bench: Bench) -> int:
    [(count,)] = await bench.db.fetch(LEFT)
    return int(count)


async def test_a_worker_makes_them_due_and_it_is_gone(bench: Bench, receiver: Receiver) -> None:
    endpoint, _ = await bench.endpoint(f"{receiver.url}/hook")
    ids = await bench.tell("ch_1", "ch_2")
    await bench.quiet()
    assert await asks(bench, endpoint, events=[ids[1], ids[1]]) == 1
    assert await asks(bench, endpoint, since=clock.seconds() - 60) == 2
    while await sweep(bench.db):
        pass
    assert await left(bench) == 0
    await bench.quiet()
    assert sorted(receiver.numbers()) == [1, 1, 2, 2]


async def test_two_workers_take_it_once(bench: Bench, receiver: Receiver) -> None:
    """The row that one deletes is skipped by the other."""
    endpoint, _ = await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1", "ch_2")
    await asks(bench, endpoint, since=clock.seconds() - 60)
    done = await asyncio.gather(*(bench.db.execute(AGAIN, 1, clock.micros()) for _ in range(4)))
    assert sorted(done) == ["INSERT 0 0"] * 3 + ["INSERT 0 2"]


async def test_of_a_deleted_endpoint_nothing_is_left(bench: Bench) -> None:
    endpoint, _ = await bench.endpoint("http://127.0.0.1:1/hook")
    await bench.tell("ch_1")
    await asks(bench, endpoint, since=clock.seconds() - 60)
    await bench.db.execute("delete from deliveries where scope = 1")
    await bench.db.execute("delete from webhook_endpoints where scope = 1")
    await sweep(bench.db)
    assert (await left(bench), await bench.rows()) == (0, [])


async def test_another_scopes_events_are_not_found(bench: Bench) -> None:
    """S10: nor are those that are too old."""
    endpoint, _ = await bench.endpoint("http://127.0.0.1:1/hook")
    [foreign] = await bench.tell("ch_1", scope=2)
    with pytest.raises(Refused) as refused:
        await asks(bench, endpoint, events=[foreign])
    assert (refused.value.code, refused.value.param, refused.value.judged) == ("resource_missing", "events[0]", True)


async def test_what_is_older_than_thirty_days_is_not_sent_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """B-5.83: neither by name nor since a moment."""
    endpoint, _ = await bench.endpoint("http://127.0.0.1:1/hook")
    [id] = await bench.tell("ch_1")
    later = clock.seconds() + 31 * 86_400
    monkeypatch.setattr(clock, "seconds", lambda: later)
    with pytest.raises(Refused, match="30 days"):
        await asks(bench, endpoint, events=[id])
    assert await asks(bench, endpoint, since=later - 29 * 86_400) == 0


def test_so_many_and_no_more() -> None:
    """Law 10: what one call may ask for."""
    endpoint = Endpoint("we_1", 1, 0, "http://127.0.0.1/", "enabled", ["*"], None, 0, None, "", b"", {})
    found = {f"evt_{n}": n for n in range(RESEND_MOST + 1)}
    with pytest.raises(Refused, match=str(RESEND_MOST)):
        resends.create(call("we_1", since=clock.seconds()), Rows(endpoint=endpoint, chosen=resends.Chosen("we_1", 0, found)))
