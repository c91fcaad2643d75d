"""Events as the wire has them (B-5.75, B-5.76), and their list by number (B-3.2)."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis.strategies import dictionaries, integers, none, sampled_from

from sluice.books.event_reads import between, list_events, retrieve, types
from sluice.books.events import Event
from sluice.core.clock import clock
from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.store.database import Database
from sluice.store.facts import Fact, compose, statement

pytest_plugins = ["tests.unit.vault_database"]

DAY = 86_400


async def tell(db: Database, type: str = "charge.succeeded", *, ago: int = 0, data: str = '{"object":{"id":"ch_1"}}') -> str:
    event = Event(new_id("evt_"), 0, type, "ch_1", 3, data, clock.seconds() - ago, "req_1", "key_1")
    assert await db.write(Fact("told", 1, new_id("fact_"), lines=(event,)))
    return event.id


async def ids(db: Database, **params: Any) -> list[str]:
    return [event["id"] for event in (await list_events(db, 1, False, params))["data"]]


async def test_an_event_has_its_form(db: Database) -> None:
    """B-5.76: the bytes of `data` as they lie, whose call it was, our number and the object's version."""
    data = '{"object":{"id":"ch_1","amount":1.50,"b":2,"a":1}}'
    id = await tell(db, data=data)
    event = await retrieve(db, 1, False, id)
    assert bytes(event["data"]) == data.encode()
    encoded = msgspec.json.encode(event)
    assert data.encode() in encoded
    assert msgspec.json.decode(encoded) | {"created": 0, "data": 0} == {
        "id": id, "object": "event", "api_version": "2026-05-27.dahlia", "created": 0, "data": 0, "livemode": False,
        "pending_webhooks": 0, "request": {"id": "req_1", "idempotency_key": "key_1"}, "type": "charge.succeeded",
        "sluice": {"number": 1, "object_version": 3},
    }  # fmt: skip


async def test_a_reader_sees_its_own_payments_events_at_once(db: Database) -> None:
    """B-3.2: whoever lists after a write finds its event, newest first."""
    made = [await tell(db) for _ in range(3)]
    assert await ids(db) == made[::-1]


@pytest.mark.shows("F38")
async def test_a_walk_by_cursor_misses_no_late_commit(db: Database, db_dsn: str) -> None:
    """F38: a fact that began before and commits after the reader's page is newer than that page's cursor."""
    late = Event(new_id("evt_"), 0, "charge.succeeded", "ch_1", 1, "{}", clock.seconds(), None, None)
    connection = await asyncpg.connect(db_dsn)
    transaction = connection.transaction()
    await transaction.start()
    form, values = compose(Fact("told", 1, new_id("fact_"), lines=(late,)))
    await connection.fetch(statement(form), values[0], 0, *values[1:])
    seen = await tell(db)
    assert await ids(db) == [seen]
    await transaction.commit()
    await connection.close()
    assert await ids(db, ending_before=seen) == [late.id]


async def test_pages_go_both_ways(db: Database) -> None:
    """B-3.3, B-3.4."""
    made = [await tell(db) for _ in range(5)][::-1]
    first = await list_events(db, 1, False, {"limit": 2})
    assert ([event["id"] for event in first["data"]], first["has_more"], first["url"]) == (made[:2], True, "/v1/events")
    assert await ids(db, limit=2, starting_after=made[1]) == made[2:4]
    last = await list_events(db, 1, False, {"limit": 2, "starting_after": made[2]})
    assert ([event["id"] for event in last["data"]], last["has_more"]) == (made[3:], False)
    back = await list_events(db, 1, False, {"limit": 2, "ending_before": made[3]})
    assert ([event["id"] for event in back["data"]], back["has_more"]) == (made[1:3], True)
    assert await ids(db, limit=0) == made[:1]


async def test_a_cursor_is_an_event_of_this_scope(db: Database) -> None:
    """B-3.5: an unknown one is a missing notification, also beside a second cursor; two are refused."""
    id = await tell(db)
    for params, param in (
        ({"starting_after": "evt_0"}, "starting_after"),
        ({"starting_after": id, "ending_before": "evt_0"}, "ending_before"),
        ({"starting_after": id, "ending_before": id}, None),
    ):
        with pytest.raises(Refused) as refused:
            await list_events(db, 1, False, params)
        assert (refused.value.status, refused.value.param) == (400, param)
        assert param is None or refused.value.message == "No such notification: 'evt_0'"
    with pytest.raises(Refused):
        await list_events(db, 3, False, {"starting_after": id})


async def test_types_are_names_or_beginnings(db: Database) -> None:
    """B-5.76: `*` at the end; several, but not beside one; at most twenty."""
    failed, refunded, created = [await tell(db, type) for type in ("charge.failed", "charge.refunded", "customer.created")]
    assert await ids(db, type="charge.failed") == [failed]
    assert await ids(db, type="charge.*") == [refunded, failed]
    assert await ids(db, type="charge.%") == []
    assert await ids(db, type="*") == [created, refunded, failed]
    assert await ids(db, types=["customer.created", "charge.f*"]) == [created, failed]
    for params in ({"type": "a", "types": ["b"]}, {"types": ["a"] * 21}):
        with pytest.raises(Refused):
            await list_events(db, 1, False, params)


async def test_the_list_goes_back_thirty_days(db: Database) -> None:
    """B-5.76, B-3.7."""
    await tell(db, ago=31 * DAY)
    older, newer = await tell(db, ago=29 * DAY), await tell(db)
    assert await ids(db) == [newer, older]
    assert await ids(db, created={"lt": clock.seconds() - DAY}) == [older]
    assert await ids(db, created={"gte": clock.seconds() - DAY}) == [newer]
    assert await ids(db, created=clock.seconds() - 5 * DAY) == []


@given(
    dictionaries(sampled_from(["gt", "gte", "lt", "lte"]), integers(-5, 50)) | integers(-5, 50) | none(),
    integers(-5, 50),
    integers(-5, 50),
)
def test_what_is_between(created: Any, oldest: int, at: int) -> None:
    """B-3.7, for all bounds from 0 on."""
    asked = {"gte": created, "lte": created} if isinstance(created, int) else created or {}
    wanted = oldest <= at and all(
        {"gt": at > bound, "gte": at >= bound, "lt": at < bound, "lte": at <= bound}[op] for op, bound in asked.items()
    )
    since, until = between(created, oldest)
    assert at < 0 or wanted == (since <= at <= until)


async def test_success_is_delivery_to_all(db: Database) -> None:
    """B-5.76: `delivery_success`: false: some endpoint has not taken it yet."""
    await db.execute(
        "insert into webhook_endpoints values (1, 'we_1', 1, 0, '', 'enabled', '{charge.failed}', null, 0, null, '', '', '{}')"
    )
    waits, unasked = await tell(db, "charge.failed"), await tell(db)
    assert await ids(db, delivery_success=False) == [waits]
    assert await ids(db, delivery_success=True) == [unasked]
    assert (await retrieve(db, 1, False, waits))["pending_webhooks"] == 1
    await db.execute("update deliveries set taken = 1, due = null")
    assert await ids(db, delivery_success=True) == [unasked, waits]


async def test_an_event_of_nobody_or_of_another_scope_is_missing(db: Database) -> None:
    """B-2.7, Law 6."""
    id = await tell(db)
    for scope, wanted in ((1, "evt_0"), (2, id), (3, id)):
        with pytest.raises(Refused) as refused:
            await retrieve(db, scope, scope == 2, wanted)
        assert (refused.value.status, refused.value.code, refused.value.param) == (404, "resource_missing", "id")
        assert refused.value.message == f"No such event: '{wanted}'"


async def test_many_readers_at_once_number_each_event_once(db: Database) -> None:
    """Law 3: the list runs the sequencer; readers that come together all see all."""
    made = [await tell(db) for _ in range(8)]
    pages = await asyncio.gather(*(ids(db) for _ in range(6)))
    assert all(page == made[::-1] for page in pages)


def test_types_take_as_the_list_does() -> None:
    """O6: what `--only` leaves through is what the list's filter finds."""
    wanted = types(["charge.failed", "refund.*"])
    assert [wanted.take(type) for type in ("charge.failed", "charge.failed2", "refund.created")] == [True, False, True]
    assert types(None).take("anything")
