"""Idempotency keys are forgotten a day after their end, and never while they run."""

import pytest

from sluice.books import forgetting
from sluice.core.clock import clock
from sluice.store.database import Database

pytest_plugins = ["tests.unit.vault_database"]
KEY = """insert into idempotency (scope, key, fingerprint, token, request, created, status, body)
    values ($1, $2, 'f', 't', 'r', $3, $4, '{}')"""
OPEN = """insert into instructions values
    (1, 'ask_1', 1, 5, 's', 'refund', 'open', 'r', 'x', 't', 5, 0, null, '{}', null, '{"key": "running"}')"""
KEYS = "select key from idempotency order by scope, key"
OLD = forgetting.KEEP + 60


async def put(db: Database, key: str, age: int, status: int | None = 200, scope: int = 1) -> None:
    await db.execute(KEY, scope, key, clock.seconds() - age, status)


async def kept(db: Database) -> list[str]:
    return [row["key"] for row in await db.fetch(KEYS)]


async def test_a_key_lives_at_least_a_day(db: Database) -> None:
    """B-1.39: every scope's, and only what is old enough."""
    await put(db, "young", 24 * 3_600)
    await put(db, "old", OLD)
    await put(db, "old", 60, scope=2)  # another's, by the same name
    await put(db, "elsewhere", OLD, scope=3)
    assert await forgetting.sweep(db) == 2
    assert await kept(db) == ["young", "old"]


@pytest.mark.shows("F7")
async def test_a_key_that_runs_is_never_forgotten(db: Database) -> None:
    """B-1.41: and its day begins when it was last seen running, so that a late answer can still be replayed."""
    await put(db, "running", OLD, status=None)
    await db.execute(OPEN)
    assert await forgetting.sweep(db) == 0
    await db.execute("update idempotency set status = 200")
    await db.execute("update instructions set state = 'closed'")
    assert await forgetting.sweep(db) == 0
    assert await kept(db) == ["running"]
    await db.execute("update idempotency set running = running - $1", OLD)
    assert await forgetting.sweep(db) == 1


async def test_a_key_without_an_answer_stays(db: Database) -> None:
    """B-1.41: though nothing noted that it runs; `ledger verify` names it."""
    await put(db, "old", OLD)
    await put(db, "lost", OLD, status=None)
    assert await forgetting.sweep(db) == 1
    assert await kept(db) == ["lost"]


async def test_many_are_forgotten_in_batches(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest first; a sweep that took some is followed by another."""
    monkeypatch.setattr(forgetting, "BATCH", 2)
    for n in range(3):
        await put(db, f"old {n}", OLD + n)
    assert [await forgetting.sweep(db) for _ in range(3)] == [2, 1, 0]


ATTEMPT = "insert into attempts (scope, endpoint, number, token, at, ms, head) values (1, 'we_1', $1, 't', $2, 5, '')"
DELIVERY = "insert into deliveries (scope, endpoint, number, event, object, tries, due) values (1, 'we_1', $1, 'e', 'o', 1, $2)"


async def test_tries_of_webhooks_are_forgotten_with_what_they_ended(db: Database) -> None:
    """B-5.76: after thirty days; what is still owed stays."""
    now = clock.seconds()
    for number, age, due in ((1, forgetting.MONTH + 60, None), (2, forgetting.MONTH + 60, now), (3, 60, None)):
        await db.execute(DELIVERY, number, due)
        await db.execute(ATTEMPT, number, now - age)
    await forgetting.sweep(db)
    assert [row["number"] for row in await db.fetch("select number from attempts order by number")] == [3]
    assert [row["number"] for row in await db.fetch("select number from deliveries order by number")] == [2, 3]


TOKEN = "insert into tokens values (1, $1, 1, $2, 'card', $3, $1, 'f', '{}')"
CARD = "insert into vault_cards values (1, $1, 1, 'k', 'sealed', 'f')"
SESSION = "insert into customer_sessions values (1, $1, 1, 5, $2, 'cus_1', 'hash', '{}')"
DEVICE = """insert into api_keys (scope, id, version, hash, kind, name, last4, permissions, networks, created, expires)
    values (1, $1, 1, $2, $3, '', '', '{}', '{}', 5, $4)"""


async def test_a_card_that_nobody_used_leaves_the_vault(db: Database) -> None:
    """B-5.66, Law 8: an hour after its token was made; one that was used is somebody's, and one that may be used waits."""
    now = clock.seconds()
    for id, age, used in (("unused", 3_660, False), ("used", 3_660, True), ("young", 60, False)):
        await db.execute(CARD, id)
        await db.execute(TOKEN, id, now - age, used)
    await forgetting.sweep(db)
    assert [row["id"] for row in await db.fetch("select id from tokens order by id")] == ["used", "young"]
    assert [row["id"] for row in await db.fetch("select id from vault_cards order by id")] == ["used", "young"]


async def test_what_a_device_was_given_is_forgotten(db: Database) -> None:
    """Its key a day after its end, its session an hour; no other key, however long it is over."""
    now = clock.seconds()
    for id, ended in (("old", 3_660), ("young", 60)):
        await db.execute(SESSION, id, now - ended)
    for id, kind, ended in (("old", "ek", 86_460), ("young", "ek", 60), ("secret", "sk", 86_460)):
        await db.execute(DEVICE, id, id.encode(), kind, now - ended)
    await forgetting.sweep(db)
    assert [row["id"] for row in await db.fetch("select id from customer_sessions")] == ["young"]
    assert [row["id"] for row in await db.fetch("select id from api_keys order by id")] == ["secret", "young"]
