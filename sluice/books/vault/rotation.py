"""New data keys while payments go on (F50): `sluice vault rotate`.

A new generation seals from now on; what older ones sealed is sealed again, a batch at a time, each row only if nobody has
written it since it was read (its version tells). Every row names its one key at every moment, so a death anywhere leaves
nothing to repair. Older keys retire when no process can seal with them any more and nothing is left under them; a retired key
still opens.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from sluice.books.keyring import LIVE_KEYS, REFRESH, RETIRE_KEYS, STALE, DataKey, Keyring, Purpose
from sluice.books.vault.cards import StoredCard
from sluice.books.vault.envelope import Sealed, Unopenable, place, seal
from sluice.core.clock import clock

PATIENCE = STALE + REFRESH  # seconds until no ring elsewhere is older, and what it sealed has been committed
BATCH = 200

SCOPES = "select scope from scopes where scope > $1 order by scope limit 1000"
CARDS_LEFT = """select id, version, key, sealed from vault_cards
    where scope = $1 and key = any($2::text[]) and id <> all($3::text[]) limit $4"""
SWAP_CARDS = """with held as materialized (
        select c.id, n.sealed from vault_cards c
        join unnest($3::text[], $4::int[], $5::bytea[]) n (id, version, sealed) on n.id = c.id and n.version = c.version
        where c.scope = $1 order by c.id for update of c)
    update vault_cards c set version = c.version + 1, key = $2, sealed = held.sealed from held
    where c.scope = $1 and c.id = held.id"""
BEFORE_SCOPE = (SCOPES,)


class Shelf(NamedTuple):
    """A table of sealed rows: how to read some that lie under older keys, and how to swap them."""

    purpose: Purpose
    table: str
    left: str  # $1 scope, $2 the older keys, $3 ids to leave out, $4 at most
    swap: str  # $1 scope, $2 the new key, $3 ids, $4 versions as they were read, $5 sealed again


CARDS = Shelf("card", StoredCard.table, CARDS_LEFT, SWAP_CARDS)


class Left(NamedTuple):
    """A row of a shelf, at the version that was read."""

    id: str
    version: int
    key: str
    sealed: bytes


class Progress(NamedTuple):
    """Rows sealed again so far, and rows that did not open: damage for a person to look at, left as they are."""

    resealed: int = 0
    unopenable: int = 0
    done: bool = False


async def rotate(keyring: Keyring, shelf: Shelf = CARDS, *, patience: float = PATIENCE) -> AsyncIterator[Progress]:
    """Finishes the rotation that is under way, or begins one. Yields after each batch; the last one is `done`."""
    newest = await under_way(keyring, shelf.purpose) or await begun(keyring, shelf.purpose)
    progress = Progress()
    for pause in (0.0, patience):
        await asyncio.sleep(pause)
        progress = Progress(progress.resealed)
        async for swapped, shut in walk(keyring, shelf, newest):
            progress = Progress(progress.resealed + swapped, progress.unopenable + shut)
            yield progress
    await keyring.database.execute(RETIRE_KEYS, shelf.purpose, newest.generation, clock.seconds())
    yield progress._replace(done=True)


async def under_way(keyring: Keyring, purpose: Purpose) -> DataKey | None:
    """The newest key, when an older one has not retired yet: somebody began, or is at it."""
    live = await keyring.database.fetch(LIVE_KEYS, purpose)
    await keyring.take()
    return keyring.keys[live[-1]["id"]] if len(live) > 1 else None


async def begun(keyring: Keyring, purpose: Purpose) -> DataKey:
    """A new generation. Two who begin at once get the same one."""
    return await keyring.add(purpose, keyring.newest[purpose].generation + 1)


async def walk(keyring: Keyring, shelf: Shelf, newest: DataKey) -> AsyncIterator[tuple[int, int]]:
    """Through all scopes until nothing lies under an older key. Yields rows swapped and rows that did not open, by batch.

    A row that somebody wrote meanwhile is not swapped but met again. Only older keys are replaced: a later rotation is
    never undone.
    """
    older = [key.id for key in keyring.keys.values() if key.purpose == shelf.purpose and key.generation < newest.generation]
    async for scope in scopes(keyring):
        shut: list[str] = []
        while rows := await keyring.database.fetch(shelf.left, scope, older, shut, BATCH):
            again, closed = await resealed(keyring, shelf, newest, scope, [Left(*row) for row in rows])
            shut += closed
            swapped = await keyring.database.execute(shelf.swap, scope, newest.id, *columns(again))
            yield int(swapped.split()[-1]), len(closed)


async def scopes(keyring: Keyring) -> AsyncIterator[int]:
    last = -(2**63)
    while found := await keyring.database.fetch(SCOPES, last):
        for (last,) in found:
            yield last


async def resealed(
    keyring: Keyring, shelf: Shelf, newest: DataKey, scope: int, rows: list[Left]
) -> tuple[list[Left], list[str]]:
    """The rows under `newest`, and the ids of those that do not open."""
    again, shut = list[Left](), list[str]()
    for row in rows:
        at = place(shelf.table, scope, row.id)
        try:
            text = await keyring.unseal(at, Sealed(row.key, row.sealed))
        except Unopenable:
            shut.append(row.id)
        else:
            again.append(Left(row.id, row.version, newest.id, seal(newest.secret, at, text)))
    return again, shut


def columns(rows: list[Left]) -> tuple[list[str], list[int], list[bytes]]:
    return [row.id for row in rows], [row.version for row in rows], [row.sealed for row in rows]
